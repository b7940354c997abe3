import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A conversation with an adapter around a client that is given as source code. */
async function talk(client, requests) {
  const index = new URL("../src/index.js", import.meta.url).href;
  const source = `import { serve, clock, BadRequest, Unsupported } from ${JSON.stringify(index)};\n${client}`;
  const program = spawn(process.execPath, ["--input-type=module", "--eval", source]);
  let log = "";
  program.stderr.on("data", (text) => (log += text));
  program.stdin.on("error", () => {});
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  const replies = [];
  for (const [seq, request] of requests.entries()) {
    program.stdin.write(`${typeof request === "string" ? request : JSON.stringify({ seq, ...request })}\n`);
    const { value, done } = await lines.next();
    if (done) break;
    replies.push(JSON.parse(value));
  }
  program.stdin.end();
  const [status] = await once(program, "close");
  return { replies, status, log };
}

/** A client that says what it sees, at any time. */
const serveCase = (methods) => `serve({
  name: "test", version: "1", families: ["headers-first"], observes: { events: true, gauges: false, restart: true },
  begin({ start, out }) {
    const say = (value) => out.event({ value });
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    ${methods}
  },
});`;
const hello = { type: "hello", versions: [1, 11], harness: "test" };
const begin = { type: "begin", family: "headers-first", start: {} };
const message = (now, text) => ({ type: "deliver", now, input: { type: "message", peer: 1, message: text } });
const advance = (now, until) => ({ type: "advance", now, until });
const said = (reply) => reply.outputs.map(({ event }) => event.value);

test("time jumps from timer to timer, and stands still between requests", async () => {
  const client = serveCase(`return { async message(peer, text) {
    say([text, Date.now(), performance.now(), process.hrtime()[0]]);
    await sleep(3_600_000);
    say([text, Date.now(), new Date().getTime(), process.uptime()]);
  } };`);
  const { replies } = await talk(client, [hello, begin, message(5, "a"), advance(5, 4_000_000), advance(3_600_005, 9e9)]);
  assert.deepEqual(said(replies[2]), [["a", 5, 5, 0]]);
  assert.equal(replies[2].not_before, 3_600_005);
  assert.deepEqual(said(replies[3]), [["a", 3_600_005, 3_600_005, 3600.005]]);
  assert.equal(replies[3].acted_at, 3_600_005);
  assert.equal(replies[3].deadline, null);
  assert.deepEqual(replies[4], { type: "done", outputs: [], deadline: null, seq: 4 });
});

test("timers of an instant fire in the order in which they were set, with promises between", async () => {
  const client = serveCase(`return { message() {
    setTimeout(() => { say("first"); Promise.resolve().then(() => say("its promise")); }, 10);
    setTimeout(() => say("second"), 10);
    setImmediate(() => say("immediate"));
    process.nextTick(() => say("tick"));
  } };`);
  const { replies } = await talk(client, [hello, begin, message(0), advance(0, 100)]);
  assert.deepEqual(said(replies[2]), ["tick", "immediate"]);
  assert.deepEqual(said(replies[3]), ["first", "its promise", "second"]);
});

test("intervals, refresh and clearing are Node's", async () => {
  const client = serveCase(`
    let ticks = 0;
    const ticker = setInterval(() => { say(++ticks); if (ticks === 2) clearInterval(ticker); }, 0.5);
    const late = setTimeout(() => say("late"), 10);
    clearTimeout(setTimeout(() => say("never"), 1));
    clearTimeout(+setTimeout(() => say("never"), 1));
    clearImmediate(setImmediate(() => say("never")));
    return { message() { late.refresh(); } };`);
  const steps = [hello, begin, advance(0, 9), advance(1, 9), message(9), advance(9, 99)];
  const { replies } = await talk(client, steps);
  assert.deepEqual(replies.slice(2).map(said), [[1], [2], [], ["late"]]);
  assert.equal(replies[5].acted_at, 19);
});

test("a ticker without effect is no act, and its instant no deadline", async () => {
  const client = serveCase(`setInterval(() => {}, 7); return { message() {} };`);
  const { replies } = await talk(client, [hello, begin, advance(0, 20)]);
  assert.equal(replies[1].not_before, 7);
  assert.deepEqual(replies[2], { type: "done", outputs: [], not_before: 21, seq: 2 });
  const old = await talk(client, [{ ...hello, versions: [1] }, begin]);
  assert.equal(old.replies[0].protocol, 1);
  assert.deepEqual(old.replies[1], { type: "done", outputs: [], seq: 1 });
});

test("modules of Node have the same time, and aborts too", async () => {
  const client = `import { setTimeout as wait } from "node:timers/promises"; import { setTimeout as later } from "node:timers";
    import { promisify } from "node:util";
    ${serveCase(`return { async message() {
      later(() => say("later"), 1);
      say(await wait(2, "waited"));
      say(await promisify(setTimeout)(2, "promisified"));
      AbortSignal.timeout(3).addEventListener("abort", () => say("aborted"));
      await wait(1000, 0, { signal: AbortSignal.timeout(5) }).catch((error) => say(error.name));
    } };`)}`;
  const { replies } = await talk(client, [hello, begin, message(0), ...Array(5).fill(advance(0, 100))]);
  assert.deepEqual(replies.slice(3).map(said).flat(), ["later", "waited", "promisified", "aborted", "AbortError"]);
  assert.deepEqual(replies.slice(3).map(({ acted_at }) => acted_at), [1, 2, 4, 7, 9]);
});

test("randomness is the same in every case and every process", async () => {
  const client = `import { randomBytes, randomInt, randomUUID } from "node:crypto";
    ${serveCase(`say([Math.random(), randomBytes(4).toString("hex"), randomInt(9), randomUUID(), crypto.randomUUID(),
      [...crypto.getRandomValues(new Uint8Array(3))]]); return {};`)}`;
  const once = await talk(client, [hello, begin, begin]);
  const again = await talk(client, [hello, begin]);
  assert.deepEqual(said(once.replies[1]), said(once.replies[2]));
  assert.deepEqual(said(once.replies[1]), said(again.replies[1]));
  assert.notEqual(said(once.replies[1])[0][3], said(once.replies[1])[0][4]);
});

test("a case forgets the timers of the case before, and a restart those of its process", async () => {
  const client = serveCase(`setTimeout(() => say(start.name), 10); return { restart() { setTimeout(() => say("again"), 1); } };`);
  const first = { ...begin, start: { name: "first" } };
  const second = { ...begin, start: { name: "second" } };
  const { replies } = await talk(client, [hello, first, second, advance(0, 10), { type: "restart", now: 10 }, advance(10, 99)]);
  assert.deepEqual(said(replies[3]), ["second"]);
  assert.deepEqual(said(replies[5]), ["again"]);
});

test("words of a reason and capabilities are said to those who know them", async () => {
  const client = serveCase(`return { message(peer) { out.disconnect(peer, { type: "other", text: "why" }); } };`).replace(
    "serve({", 'serve({ capabilities: ["much"],');
  for (const versions of [[1], [1, 11]]) {
    const { replies } = await talk(client, [{ ...hello, versions }, begin, message(0)]);
    const isNew = versions.length === 2;
    assert.deepEqual(replies[0].about.capabilities, isNew ? ["much"] : undefined);
    assert.deepEqual(replies[2].outputs[0].reason, isNew ? { type: "other", text: "why" } : { type: "other" });
  }
});

test("standard output is the protocol's", async () => {
  const client = serveCase(`console.log("a log line"); process.stdout.write("another\\n"); return {};`);
  const { replies, log, status } = await talk(client, [hello, begin]);
  assert.equal(replies[1].type, "done");
  assert.match(log, /a log line\nanother/);
  assert.equal(status, 0);
});

test("what is not supported and what makes no sense is said, and the next request is served", async () => {
  const client = serveCase(`if (start.no) throw new Unsupported("no"); return { message(peer, text) { if (text === "?") throw new BadRequest("what?"); } };`);
  const requests = [
    { type: "hello", versions: [7] },
    message(0),
    "no JSON",
    { ...begin, family: "chess" },
    { ...begin, start: { no: true } },
    begin,
    message(0, "?"),
    { type: "deliver", now: 0, input: { type: "shout" } },
    { type: "deliver", now: 0, input: { type: "command", command: {} } },
    { type: "end" },
  ];
  const { replies } = await talk(client, requests);
  const types = replies.map(({ type }) => type);
  assert.deepEqual(types, [
    "unsupported", "error", "error", "unsupported", "unsupported", "done", "error", "error", "unsupported", "done",
  ]);
});

for (const [how, code] of [
  ["throws", `throw new Error("broken")`],
  ["rejects", `return Promise.reject(new Error("broken"))`],
  ["throws later", `setImmediate(() => { throw new Error("broken"); })`],
]) {
  test(`a client that ${how} ends the process, with the reason in its log`, async () => {
    const { replies, status, log } = await talk(serveCase(`return { message() { ${code} } };`), [hello, begin, message(0)]);
    assert.equal(replies.length, 2);
    assert.equal(status, 1);
    assert.match(log, /broken/);
  });
}

test("a client is loaded before its first case", async () => {
  const client = `let loaded; ${serveCase("say(loaded); return {};")}`.replace(
    "serve({", 'serve({ load: async () => { await import("node:zlib"); loaded = "loaded"; },');
  const { replies } = await talk(client, [hello, begin]);
  assert.deepEqual(said(replies[1]), ["loaded"]);
});

test("a client that waits for time before it is there is told so", async () => {
  const { status, log } = await talk(serveCase(`return sleep(1).then(() => ({}));`), [hello, begin]);
  assert.equal(status, 1);
  assert.match(log, /waits for a timer/);
});

test("the page's example is of this package's words", async () => {
  const page = await readFile(fileURLToPath(new URL("../README.md", import.meta.url)), "utf8");
  const index = await import("../src/values.js");
  for (const name of Object.keys(index)) assert.ok(page.includes(name), name);
});
