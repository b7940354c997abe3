// The adapter protocol on standard input and output: one request, one reply, in turns.
import { createInterface } from "node:readline";

import { clock, fireNext, forget, moveTo, nextTimer, reset, settle } from "./clock.js";
import { BadRequest, Unsupported } from "./errors.js";
import { realSetTimeout, writeLine } from "./install.js";
import { Outbox } from "./outbox.js";
import { reseed } from "./random.js";

/** As they stand in `versions`. */
const VERSION_1 = 1;
const VERSION_1_1 = 11;

/** The harness waits 10 s for the answer to `hello`. */
const LOADING_MS = 8000;

/** Serves a client until standard input ends. `client` is described in this package's README. */
export async function serve(client) {
  const session = new Session(client);
  session.loaded = client.load?.() ?? Promise.resolve();
  session.loaded.catch(crash);
  for await (const line of createInterface({ input: process.stdin })) {
    writeLine(JSON.stringify(await session.answer(line)));
  }
  // Timers of the client are virtual, but it may hold sockets or files.
  process.exit(0);
}

class Session {
  constructor(client) {
    this.client = client;
    this.outbox = new Outbox();
    this.case = null;
    this.protocol = VERSION_1;
  }

  async answer(line) {
    let seq = 0;
    try {
      const request = parse(line);
      seq = request.seq;
      return { ...(await this.serve(request)), seq };
    } catch (error) {
      if (error instanceof Unsupported) return { type: "unsupported", seq, message: error.message };
      if (error instanceof BadRequest) return { type: "error", seq, message: error.message };
      crash(error);
    }
  }

  async serve(request) {
    switch (request.type) {
      case "hello":
        await Promise.race([this.loaded, enough()]);
        return this.hello(request);
      case "begin":
        await this.loaded;
        return this.begin(request);
      case "end":
        return this.end();
      case "deliver":
      case "advance":
      case "restart":
        if (this.case === null) throw new BadRequest("no case has begun");
        return this[request.type](request);
      default:
        throw new BadRequest(`unknown request ${request.type}`);
    }
  }

  hello({ versions }) {
    this.protocol = [VERSION_1_1, VERSION_1].find((version) => Array.isArray(versions) && versions.includes(version));
    if (this.protocol === undefined) throw new Unsupported("only the protocol versions 1 and 1.1 are spoken");
    const { name, version, families, profiles, observes } = this.client;
    const about = { name, version, families, profiles, observes };
    if (this.protocol === VERSION_1_1) about.capabilities = this.client.capabilities;
    this.outbox.takesWords = this.protocol === VERSION_1_1;
    return { type: "hello", protocol: this.protocol, about };
  }

  async begin({ family, start }) {
    this.end();
    if (!this.client.families.includes(family)) throw new Unsupported(`family ${family}`);
    if (start === null || typeof start !== "object") throw new BadRequest("a case begins with `start`");
    try {
      this.case = await atOnce(this.client.begin({ family, start, out: this.outbox, protocol: this.protocol }));
    } catch (error) {
      this.end();
      throw error;
    }
    await this.rest();
    return this.done();
  }

  async deliver({ now, input }) {
    if (!Number.isSafeInteger(now) || now < clock.now) throw new BadRequest(`it is past ${now}`);
    moveTo(now);
    this.hand(input ?? {});
    await this.rest();
    return this.done();
  }

  /** What a handler throws is thrown by the client: only a `BadRequest` is the harness's fault. */
  hand(input) {
    const { type, peer } = input;
    if (!["connected", "disconnected", "message", "command"].includes(type)) {
      throw new BadRequest(`unknown input ${type}`);
    }
    if (typeof this.case[type] !== "function") throw new Unsupported(`the input ${type}`);
    if (type === "command") return this.case.command(input.command, input);
    if (!Number.isInteger(peer)) throw new BadRequest("the input has no peer");
    if (type === "connected") return this.case.connected(peer, input.hello, input);
    if (type === "disconnected") return this.case.disconnected(peer, input);
    return this.case.message(peer, input.message, input);
  }

  /** Time passes from timer to timer, until the client does something that can be seen. */
  async advance({ now, until }) {
    if (!Number.isSafeInteger(now) || !Number.isSafeInteger(until) || until < now) {
      throw new BadRequest(`no span from ${now} to ${until}`);
    }
    moveTo(now);
    for (let at = nextTimer(); at !== null && at <= until; at = nextTimer()) {
      await fireNext();
      await this.case.observe?.();
      if (!this.outbox.isEmpty) return { ...this.done(), acted_at: clock.now };
    }
    moveTo(until);
    return this.done();
  }

  async restart({ now }) {
    if (typeof this.case.restart !== "function") throw new Unsupported("a restart");
    forget();
    moveTo(now);
    await atOnce(this.case.restart());
    await this.rest();
    return this.done();
  }

  /** The client does what it does at once; then its case may look at it. */
  async rest() {
    await settle();
    await this.case.observe?.();
  }

  end() {
    this.case?.end?.();
    this.case = null;
    this.outbox.take();
    reset();
    reseed();
    return { type: "done" };
  }

  /** The next timer may fire without effect, so its instant is no deadline. */
  done() {
    const reply = { type: "done", ...this.outbox.take() };
    const next = nextTimer();
    if (next === null) reply.deadline = null;
    else if (this.protocol === VERSION_1_1) reply.not_before = next;
    return reply;
  }
}

/** A client that takes long to load has the time of `hello` and of the first `begin` together. */
function enough() {
  return new Promise((resolve) => realSetTimeout(resolve, LOADING_MS).unref());
}

function parse(line) {
  let request;
  try {
    request = JSON.parse(line);
  } catch {
    throw new BadRequest("the line is no JSON");
  }
  if (!Number.isSafeInteger(request?.seq)) throw new BadRequest("the request has no seq");
  return request;
}

/** A client that needs time to pass before it is there would wait for ever: time stands still. */
async function atOnce(promise) {
  let settled = false;
  const watched = Promise.resolve(promise).finally(() => (settled = true));
  watched.catch(() => {});
  for (let turns = 0; !settled && turns < 1000; turns++) await settle();
  if (!settled) throw new Error("the client waits for a timer or for the outside world before it is there");
  return watched;
}

/** The client has failed: it ends as a process of its own would. */
function crash(error) {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
}
