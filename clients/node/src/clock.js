// Virtual time: it stands still until the harness lets it pass.
import { promisify } from "node:util";

const realSetImmediate = setImmediate;
const realClearImmediate = clearImmediate;
const MAX_DELAY_MS = 2 ** 31 - 1;
/** So many turns of the event loop at one instant are a client that never comes to rest. */
const MAX_TURNS = 1_000_000;

let nowMs = 0;
let epochMs = 0;
let count = 0;
/** How many callbacks of `setImmediate` have not run yet. */
let immediates = 0;
/** The process that is alive: what an earlier one has planned does not happen. */
let life = 0;
/** A binary heap by due time, then by order of scheduling. Cleared timers stay until they surface. */
let heap = [];
let timersById = new Map();

/** What the adapter may ask of virtual time. */
export const clock = {
  /** Milliseconds since the beginning of the case. */
  get now() {
    return nowMs;
  },
  /** Makes `Date.now()` at the beginning of the case this many milliseconds since 1970. */
  setUnixTime(ms) {
    epochMs = ms;
  },
  /** Milliseconds since 1970. */
  get unixTime() {
    return epochMs + nowMs;
  },
};

/** A new case: the instant is 0, and what the case before has planned is gone. */
export function reset() {
  nowMs = 0;
  epochMs = 0;
  count = 0;
  forget();
}

/** The process dies: nothing of what it has planned happens. */
export function forget() {
  heap = [];
  timersById = new Map();
  immediates = 0;
  life += 1;
}

/** Goes on to an instant at which nothing is due before. */
export function moveTo(instant) {
  if (instant > nowMs) nowMs = instant;
}

/** The instant of the next timer, or null. */
export function nextTimer() {
  while (heap.length > 0 && heap[0].cleared) pop();
  return heap.length > 0 ? Math.max(heap[0].due, nowMs) : null;
}

/** Fires what is due at the next timer's instant, and lets the client come to rest. */
export async function fireNext() {
  moveTo(nextTimer());
  const last = count;
  for (let timer = due(last); timer !== null; timer = due(last)) {
    timer.fire();
    await turn();
  }
  await settle();
}

/** The next timer that is due now, if it was set before the instant's first fired. */
function due(last) {
  const at = nextTimer();
  if (at === null || at > nowMs || heap[0].order > last) return null;
  return pop();
}

/** Lets the client do all that it does at once: promises, ticks and immediates. */
export async function settle() {
  let turns = 0;
  do {
    if (turns++ === MAX_TURNS) throw new Error("the client does not come to rest: setImmediate without end");
    await turn();
  } while (immediates > 0);
}

/** A turn of the real event loop: all promises, ticks and earlier immediates have run when it is over. */
function turn() {
  return new Promise((resolve) => realSetImmediate(resolve));
}

/** Runs client code that nobody waits for. What it throws is uncaught, as it would be without us. */
function call(callback, parameters) {
  try {
    callback(...parameters);
  } catch (error) {
    realSetImmediate(() => {
      throw error;
    });
  }
}

class Timer {
  constructor(callback, delay, parameters, repeats) {
    if (typeof callback !== "function") throw new TypeError("a timer needs a function");
    const given = Math.trunc(Number(delay));
    this.delay = given >= 1 && given <= MAX_DELAY_MS ? given : 1;
    Object.assign(this, { callback, parameters, repeats, id: ++count });
    timersById.set(this.id, this);
    this.arm();
  }

  arm() {
    this.cleared = false;
    this.due = nowMs + this.delay;
    this.order = ++count;
    push(this);
  }

  fire() {
    if (this.repeats) {
      this.arm();
    } else {
      timersById.delete(this.id);
      this.cleared = true;
    }
    call(this.callback, this.parameters);
  }

  refresh() {
    if (!timersById.has(this.id)) timersById.set(this.id, this);
    remove(this);
    this.arm();
    return this;
  }

  close() {
    this.cleared = true;
    timersById.delete(this.id);
    return this;
  }

  ref() {
    return this;
  }

  unref() {
    return this;
  }

  hasRef() {
    return true;
  }

  [Symbol.toPrimitive]() {
    return this.id;
  }
}

export const timers = {
  setTimeout: (callback, delay, ...parameters) => new Timer(callback, delay, parameters, false),
  setInterval: (callback, delay, ...parameters) => new Timer(callback, delay, parameters, true),
  // Real ones, counted: the event loop runs them without waiting, and in its own order.
  setImmediate(callback, ...parameters) {
    const planned = life;
    immediates += 1;
    const immediate = realSetImmediate(() => {
      if (planned !== life) return;
      immediates -= 1;
      callback(...parameters);
    });
    immediate.planned = planned;
    return immediate;
  },
  clearTimeout: clear,
  clearInterval: clear,
  clearImmediate(immediate) {
    if (!immediate || immediate._destroyed) return;
    if (immediate.planned === life) immediates -= 1;
    realClearImmediate(immediate);
  },
};

function clear(timer) {
  const found = timer instanceof Timer ? timer : timersById.get(Number(timer));
  found?.close();
}

export const promised = {
  setTimeout: (delay, value, options) => wait((done) => timers.setTimeout(done, delay), clear, value, options),
  setImmediate: (value, options) =>
    wait((done) => timers.setImmediate(done), timers.clearImmediate, value, options),
  async *setInterval(delay, value, options) {
    for (;;) {
      await promised.setTimeout(delay, undefined, options);
      yield value;
    }
  },
};
Object.defineProperty(timers.setTimeout, promisify.custom, { value: promised.setTimeout });
Object.defineProperty(timers.setImmediate, promisify.custom, { value: promised.setImmediate });

function wait(start, stop, value, options) {
  const signal = options?.signal;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(signal));
    const handle = start(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve(value);
    });
    const onAbort = () => {
      stop(handle);
      reject(aborted(signal));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function aborted(signal) {
  const error = new Error("The operation was aborted", { cause: signal.reason });
  return Object.assign(error, { name: "AbortError", code: "ABORT_ERR" });
}

function before(left, right) {
  return left.due < right.due || (left.due === right.due && left.order < right.order);
}

function push(timer) {
  heap.push(timer);
  let index = heap.length - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!before(timer, heap[parent])) break;
    heap[index] = heap[parent];
    index = parent;
  }
  heap[index] = timer;
}

function pop() {
  const [top] = heap;
  const last = heap.pop();
  if (heap.length > 0) sink(last);
  return top;
}

function sink(timer) {
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child += 1;
    if (!before(heap[child], timer)) break;
    heap[index] = heap[child];
    index = child;
  }
  heap[index] = timer;
}

/** Only `refresh` removes a timer that is still armed; rare enough to build the heap again. */
function remove(timer) {
  if (!heap.includes(timer)) return;
  const rest = heap.filter((other) => other !== timer);
  heap = [];
  for (const other of rest) push(other);
}
