import { createHash } from "node:crypto";

export type Hello = { start_height: number; network: boolean; network_limited: boolean };
export type Start = { network: string; blocks: string[] };
export type Item = { kind: string; hash: string };
export type Message =
  | { type: "headers"; headers: string[] }
  | { type: "inv" | "not_found"; items: Item[] }
  | { type: "block"; block: string }
  | { type: "unknown" };

type Header = { hash: string; parent?: Header; height: number; bits: number };
type Ask = { peer: Peer; due: number };
type Peer = {
  id: number;
  hello: Hello;
  /** Headers that it has sent. */
  shown: Set<string>;
  /** Blocks that it did not send, and when it may be asked for them again. */
  lacks: Map<string, number>;
};

const PATIENCE_MS = 20_000;
const GENESIS = "0x0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";
const ZERO = "0x" + "00".repeat(32);

/**
 * A toy client that fetches a chain of headers and its blocks. It takes blocks as they come, so it
 * claims no progress: only its manners are judged. All times are milliseconds of virtual time.
 */
export class Toy {
  now = 0;
  readonly out: unknown[] = [];
  private readonly broken: boolean;
  private readonly headers = new Map<string, Header>();
  private readonly stored = new Set([GENESIS]);
  private tip: Header = { hash: GENESIS, height: 0, bits: 0x207fffff };
  private asked = new Map<string, Ask>(); // by block hash
  private peers = new Map<number, Peer>();

  constructor(start: Start, broken: boolean) {
    this.broken = broken;
    this.headers.set(GENESIS, this.tip);
    for (const block of start.blocks) {
      const added = this.add(block.slice(0, 162));
      if (added) this.stored.add(added.hash);
    }
  }

  /** Loses what does not survive the death of the process. */
  forget(): void {
    this.asked = new Map();
    this.peers = new Map();
  }

  connected(id: number, hello: Hello): void {
    const peer = { id, hello, shown: new Set<string>(), lacks: new Map<string, number>() };
    this.peers.set(id, peer);
    this.askHeaders(peer);
  }

  disconnected(id: number): void {
    for (const [hash, ask] of this.asked) {
      if (ask.peer.id === id) this.asked.delete(hash);
    }
    // The bug: it goes on to ask who is gone.
    if (!this.broken) this.peers.delete(id);
  }

  message(id: number, message: Message): void {
    const peer = this.peers.get(id);
    if (peer === undefined) return;
    switch (message.type) {
      case "headers": {
        const isFresh = message.headers.some((text) => !this.headers.has(hashOf(text)));
        for (const text of message.headers) {
          const added = this.add(text);
          if (added) peer.shown.add(added.hash);
        }
        if (isFresh) this.askHeaders(peer);
        break;
      }
      case "inv": {
        const isNew = (item: Item) => item.kind === "block" && !this.headers.has(item.hash);
        if (message.items.some(isNew)) this.askHeaders(peer);
        break;
      }
      case "block": {
        const hash = hashOf(message.block.slice(0, 162));
        if (this.asked.get(hash)?.peer === peer) {
          this.asked.delete(hash);
          this.stored.add(hash);
        }
        break;
      }
      case "not_found":
        for (const { hash } of message.items) {
          if (this.asked.get(hash)?.peer === peer) this.giveUp(hash);
        }
        break;
    }
  }

  /** When it acts next if nothing happens before; null for never. */
  deadline(): number | null {
    const times = [...this.asked.values()].map((ask) => ask.due);
    for (const peer of this.peers.values()) times.push(...peer.lacks.values());
    return times.length === 0 ? null : times.reduce((a, b) => Math.min(a, b));
  }

  wake(): void {
    for (const [hash, ask] of [...this.asked]) {
      if (ask.due <= this.now) this.giveUp(hash);
    }
    for (const { lacks } of this.peers.values()) {
      for (const [hash, again] of [...lacks]) if (again <= this.now) lacks.delete(hash);
    }
  }

  /** Asks for the blocks that are missing on the longest chain, each of one peer at a time. */
  fetch(): void {
    const wanted = new Map<Peer, Item[]>();
    for (let at = this.tip; at.parent && !this.stored.has(at.hash); at = at.parent) {
      const has = ({ hello, shown, lacks }: Peer) =>
        (shown.has(at.hash) || at.height <= hello.start_height) && !lacks.has(at.hash);
      const peer = this.asked.has(at.hash) ? undefined : [...this.peers.values()].find(has);
      if (peer === undefined) continue;
      this.asked.set(at.hash, { peer, due: this.now + PATIENCE_MS });
      wanted.set(peer, [{ kind: "witness_block", hash: at.hash }, ...(wanted.get(peer) ?? [])]);
    }
    for (const [peer, items] of wanted) this.send(peer, { type: "get_data", items });
  }

  /** Another peer may have it; this one is asked again only after a while. */
  private giveUp(hash: string): void {
    this.asked.get(hash)?.peer.lacks.set(hash, this.now + PATIENCE_MS);
    this.asked.delete(hash);
  }

  private askHeaders(peer: Peer): void {
    if (!peer.hello.network && !peer.hello.network_limited) return;
    const locator: string[] = [];
    let [at, step] = [this.tip, 1];
    while (at.parent) {
      locator.push(at.hash);
      if (locator.length > 10) step *= 2;
      for (let i = 0; i < step && at.parent; i++) at = at.parent;
    }
    locator.push(GENESIS);
    this.send(peer, { type: "get_headers", locator, stop: ZERO });
  }

  /** Adds a header whose parent is known and whose hash keeps what its bits promise. */
  private add(text: string): Header | undefined {
    const raw = Buffer.from(text.slice(2), "hex");
    const hash = hashOf(text);
    const known = this.headers.get(hash);
    if (known) return known;
    const parent = this.headers.get("0x" + raw.subarray(4, 36).reverse().toString("hex"));
    const bits = raw.readUInt32LE(72);
    const target = BigInt(bits & 0x7fffff) << BigInt(8 * ((bits >>> 24) - 3));
    if (parent === undefined || bits !== parent.bits || BigInt(hash) > target) return undefined;
    const added = { hash, parent, height: parent.height + 1, bits };
    this.headers.set(hash, added);
    if (added.height > this.tip.height) this.tip = added;
    return added;
  }

  private send(peer: Peer, message: object): void {
    this.out.push({ type: "send", peer: peer.id, message });
  }
}

function hashOf(text: string): string {
  const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest();
  return "0x" + sha256(sha256(Buffer.from(text.slice(2), "hex"))).reverse().toString("hex");
}
