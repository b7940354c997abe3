// Replaces time, timers and randomness of this process, and keeps standard output for the protocol.
// All of it happens while this module loads: a client that is loaded later sees nothing else.
import { Console } from "node:console";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import nodeTimers from "node:timers";
import timersPromises from "node:timers/promises";

import { clock, promised, timers } from "./clock.js";
import { fill, fraction, word } from "./random.js";

/** Time outside of the client. */
export const realSetTimeout = setTimeout;

/** Writes a line of the protocol. */
export const writeLine = ((write) => (line) => write(`${line}\n`))(
  process.stdout.write.bind(process.stdout),
);

replaceOutput();
replaceTimers();
replaceDate();
replaceElapsedTime();
replaceRandomness();
syncBuiltinESMExports();

/** What is written to standard output goes to standard error: a stray log line would break the protocol. */
function replaceOutput() {
  Object.defineProperty(process, "stdout", { get: () => process.stderr, configurable: true });
  globalThis.console = new Console({ stdout: process.stderr, stderr: process.stderr });
}

function replaceTimers() {
  Object.assign(globalThis, timers);
  Object.assign(nodeTimers, timers);
  Object.assign(timersPromises, promised);
  timersPromises.scheduler.wait = (delay, options) => promised.setTimeout(delay, undefined, options);
  timersPromises.scheduler.yield = () => promised.setImmediate();
  AbortSignal.timeout = (delay) => {
    const controller = new AbortController();
    timers.setTimeout(() => controller.abort(new DOMException("timed out", "TimeoutError")), delay);
    return controller.signal;
  };
}

function replaceDate() {
  const RealDate = Date;
  RealDate.now = () => clock.unixTime;
  const VirtualDate = new Proxy(RealDate, {
    construct: (target, parameters, made) =>
      Reflect.construct(target, parameters.length === 0 ? [clock.unixTime] : parameters, made),
    apply: () => new RealDate(clock.unixTime).toString(),
  });
  RealDate.prototype.constructor = VirtualDate;
  globalThis.Date = VirtualDate;
}

function replaceElapsedTime() {
  const define = (name, value) =>
    Object.defineProperty(performance, name, { value, configurable: true, writable: true });
  define("now", () => clock.now);
  define("timeOrigin", 0);
  process.hrtime = (since) => {
    const [seconds, nanoseconds] = [Math.floor(clock.now / 1000), (clock.now % 1000) * 1e6];
    if (since === undefined) return [seconds, nanoseconds];
    const difference = (seconds - since[0]) * 1e9 + nanoseconds - since[1];
    return [Math.floor(difference / 1e9), difference % 1e9];
  };
  process.hrtime.bigint = () => BigInt(clock.now) * 1_000_000n;
  process.uptime = () => clock.now / 1000;
}

/** Keys that are made by `generateKey` and its kin stay random: no sync of blocks depends on them. */
function replaceRandomness() {
  Math.random = fraction;
  const whole = (view) => new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
  const getRandomValues = (view) => (fill(whole(view)), view);
  const randomFillSync = (view, offset = 0, size = view.length - offset) =>
    (fill(whole(view).subarray(offset, offset + size)), view);
  const later = (make) => (...parameters) => {
    const callback = typeof parameters.at(-1) === "function" ? parameters.pop() : null;
    const value = make(...parameters);
    if (callback === null) return value;
    process.nextTick(callback, null, value);
  };
  const randomUUID = () => {
    const hex = fill(Buffer.alloc(16)).toString("hex");
    const variant = "89ab"[word() & 3];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  };
  Object.assign(crypto, {
    randomBytes: later((size) => fill(Buffer.alloc(size))),
    pseudoRandomBytes: later((size) => fill(Buffer.alloc(size))),
    randomFill: later(randomFillSync),
    randomInt: later((low, high) =>
      high === undefined ? Math.floor(fraction() * low) : low + Math.floor(fraction() * (high - low))),
    randomFillSync,
    randomUUID,
  });
  for (const web of new Set([globalThis.crypto, crypto.webcrypto])) {
    for (const [name, value] of Object.entries({ getRandomValues, randomUUID })) {
      Object.defineProperty(web, name, { value, configurable: true, writable: true });
    }
  }
}
