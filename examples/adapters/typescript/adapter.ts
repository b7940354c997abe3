// A toy client behind the syncheck adapter protocol, with the standard library alone.
//
//   npm ci && npm run build && syncheck run headers-first -- node dist/adapter.js
//   syncheck run headers-first -- node adapter.ts            (Node 22.18 or later)
//   syncheck run headers-first -- node adapter.ts --broken
//
// This file is the protocol and fits any client; toy.ts is the client.
import { createInterface } from "node:readline";
import { Toy, type Hello, type Message, type Start } from "./toy.ts";

type Input =
  | { type: "connected"; peer: number; hello: Hello; dialer?: "subject" | "peer" }
  | { type: "disconnected"; peer: number }
  | { type: "message"; peer: number; message: Message };

type Request = { seq: number } & (
  | { type: "hello"; versions: number[]; harness: string }
  | { type: "begin"; family: string; start: Start }
  | { type: "deliver"; now: number; input: Input }
  | { type: "advance"; now: number; until: number }
  | { type: "restart"; now: number }
  | { type: "end" }
);

type Reply = { type: "hello" | "done" | "error" | "unsupported"; [field: string]: unknown };

const broken = process.argv.includes("--broken");
let client: Toy | undefined;

function serve(request: Request): Reply {
  if (request.type === "hello") {
    // Version 1.1 is 11 on the wire.
    if (!request.versions.includes(11)) return unsupported("only version 1.1 is spoken");
    const observes = { events: false, gauges: false, restart: true };
    const about = { name: "toy.ts", version: "1", families: ["headers-first"], capabilities: [], observes };
    return { type: "hello", protocol: 11, about };
  }
  if (request.type === "begin") {
    const { family, start } = request;
    if (family !== "headers-first") return unsupported(`family ${family}`);
    if (start.network !== "regtest") return unsupported(`network ${start.network}`);
    client = new Toy(start, broken);
    return done(client);
  }
  if (client === undefined) return failed("no case has begun");
  switch (request.type) {
    case "deliver":
      client.now = request.now;
      if (!deliver(client, request.input)) return failed(`unknown input ${request.input.type}`);
      return done(client);
    case "advance": {
      const at = client.deadline();
      if (at === null || at > request.until) return done(client);
      client.now = Math.max(at, request.now);
      client.wake();
      return done(client, client.now);
    }
    case "restart":
      client.now = request.now;
      client.forget();
      return done(client);
    case "end":
      client = undefined;
      return { type: "done" };
    default:
      return failed(`unknown request ${(request as { type: string }).type}`);
  }
}

function deliver(client: Toy, input: Input): boolean {
  switch (input.type) {
    case "connected":
      client.connected(input.peer, input.hello);
      return true;
    case "disconnected":
      client.disconnected(input.peer);
      return true;
    case "message":
      client.message(input.peer, input.message);
      return true;
    default:
      return false;
  }
}

/**
 * What the client has done since the last reply, and before when it need not be asked: its timer may
 * tick without effect. Without a timer it never acts.
 */
function done(client: Toy, actedAt?: number): Reply {
  client.fetch();
  const outputs = client.out.splice(0);
  const acted = actedAt === undefined ? {} : { acted_at: actedAt };
  const at = client.deadline();
  const next = at === null ? { deadline: null } : { not_before: at };
  return { type: "done", outputs, ...next, ...acted };
}

function failed(message: string): Reply {
  return { type: "error", message };
}

function unsupported(message: string): Reply {
  return { type: "unsupported", message };
}

for await (const line of createInterface({ input: process.stdin })) {
  let seq = 0;
  let reply: Reply;
  try {
    const request = JSON.parse(line) as Request;
    if (typeof request.seq !== "number") throw new Error("the request has no seq");
    seq = request.seq;
    reply = serve(request);
  } catch (error) {
    reply = failed(String(error));
  }
  process.stdout.write(JSON.stringify({ ...reply, seq }) + "\n");
}
