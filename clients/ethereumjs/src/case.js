// One case: the client's chain, skeleton, beacon sync and peers. A restart keeps the two databases alone.
import { BadRequest, bytesOf, clock, hexOf, Unsupported } from "../../node/src/index.js";
import { announce, blockchainOf, blockOf, commonOf, follow } from "./dialect.js";
import { connect } from "./peer.js";

/** Headers of block n are of 12 n seconds after 1970, and the client looks how old its head is. */
const SECONDS_A_BLOCK = 12;

export class Case {
  static async begin(ethereumjs, start, out) {
    check(start);
    const begun = new Case(ethereumjs, start, out);
    await begun.open();
    await begun.storeLocalChain();
    await begun.beaconSync.open();
    return begun;
  }

  constructor(ethereumjs, start, out) {
    Object.assign(this, { ethereumjs, start, out, version: ethereumjs.version });
    clock.setUnixTime((start.local.blocks.length + 1000) * SECONDS_A_BLOCK * 1000);
    this.levels = { chain: new ethereumjs.MemoryLevel(), meta: new ethereumjs.MemoryLevel() };
    /** The last head that was announced: what the peers of the network have. */
    this.networkHead = null;
  }

  /** What the client does when it starts, on the databases that are there. */
  async open() {
    const { Config, Chain, Skeleton, PeerPool, BeaconSynchronizer, Event } = this.ethereumjs;
    this.peers = new Map();
    this.common = commonOf(this.ethereumjs);
    const genesis = this.block(this.start.local.blocks[0].header);
    const server = {
      started: true,
      ban: (id) => this.ban(id),
      start: async () => true,
      stop: async () => true,
      bootstrap: async () => {},
    };
    this.config = new Config({
      common: this.common,
      server,
      servers: [server],
      // What is constant in the client is constant here; the batch is an option of its command line.
      maxPerRequest: this.start.settings.batch,
      execution: false,
      discDns: false,
      discV4: false,
      key: new Uint8Array(32).fill(1),
      logger: silent,
    });
    const blockchain = await blockchainOf(this.ethereumjs, this.levels.chain, genesis, this.common);
    this.chain = await Chain.create({ config: this.config, blockchain });
    const shared = { config: this.config, chain: this.chain };
    this.skeleton = new Skeleton({ ...shared, metaDB: this.levels.meta });
    this.pool = new PeerPool({ config: this.config });
    const execution = { run: async () => 0, started: false, running: false };
    this.beaconSync = new BeaconSynchronizer({ ...shared, pool: this.pool, skeleton: this.skeleton, execution });
    // The emitter throws what has no listener; the client's service listens and logs.
    for (const name of ["PROTOCOL_ERROR", "SERVER_ERROR", "SYNC_ERROR", "SYNC_FETCHER_ERROR"]) {
      if (Event[name] !== undefined) this.config.events.on(Event[name], () => {});
    }
    await this.chain.open();
    await this.pool.open();
    await this.pool.start();
    this.filled = this.chain.blocks.latest;
  }

  async storeLocalChain() {
    const canonical = canonicalOf(this.start.local, (header) => this.block(header));
    if (canonical.length > 0) await this.chain.putBlocks(canonical, true);
    this.filled = this.chain.blocks.latest;
  }

  block(header) {
    return blockOf(this.ethereumjs, this.ethereumjs.RLP.decode(bytesOf(header)), this.common);
  }

  /** Blocks that have become canonical, and whether that is all of the skeleton. */
  async observe() {
    if (this.skeleton.filling) return;
    const { latest } = this.chain.blocks;
    if (latest === null || latest.hash().every((byte, index) => byte === this.filled.hash()[index])) return;
    const headers = [];
    const known = await this.ancestors(this.filled, latest.header.number);
    for (let block = latest; !known.has(hexOf(block.hash())); ) {
      headers.push(hexOf(block.header.serialize()));
      if (block.header.number === 0n) break;
      block = await this.chain.getBlock(block.header.parentHash);
    }
    this.filled = latest;
    if (headers.length > 0) this.out.event({ type: "filled", headers: headers.reverse() });
    this.out.event({ type: "filler_done", head: hexOf(latest.hash()) });
  }

  /** The hashes of a block and of those before it, as far as they may be the end of a walk from above. */
  async ancestors(block, from) {
    const known = new Set([hexOf(block.hash())]);
    const lowest = this.lowestReported ?? 0n;
    for (let at = block; at.header.number > lowest; ) {
      at = await this.chain.getBlock(at.header.parentHash);
      known.add(hexOf(at.hash()));
      if (at.header.number + 64n < from && at.header.number < block.header.number - 64n) break;
    }
    return known;
  }

  connected(peer) {
    this.peers.get(peer)?.close();
    this.peers.set(peer, connect(this, peer));
  }

  disconnected(peer) {
    this.peers.get(peer)?.close();
    this.peers.delete(peer);
  }

  message(peer, message) {
    if (message?.type !== "headers") throw new BadRequest(`unknown message ${message?.type}`);
    this.peers.get(peer)?.receive(message);
  }

  command(command) {
    if (command?.type === "head") return void this.head(command);
    if (command?.type === "bounds") return void this.bounds();
    throw new Unsupported(`the command ${command?.type}`);
  }

  /** A consensus client announces each block before it asks to follow it. */
  async head({ header, force }) {
    const block = this.block(header);
    const hash = hexOf(block.hash());
    const answer = (text) => this.out.event({ type: "head_answered", hash, answer: text });
    this.networkHead = block;
    try {
      const extends_ = await announce(this, block);
      if (!force) return answer(extends_ ? "accepted" : "reorged");
      await follow(this, block, (extended) => answer(extended ? "accepted" : "restarted"));
    } catch (error) {
      // What the client throws is the answer to the consensus client.
      console.error(`head ${block.header.number}: ${error?.message ?? error}`);
      answer("reorged");
    }
  }

  async bounds() {
    const subchain = this.skeleton.bounds();
    if (subchain === undefined) return this.out.event({ type: "bounds", answer: { type: "not_started" } });
    const [head, tail] = [await this.skeleton.getBlock(subchain.head), await this.skeleton.getBlock(subchain.tail)];
    const missing = head === undefined ? subchain.head : tail === undefined ? subchain.tail : null;
    const answer =
      missing === null
        ? { type: "known", head: hexOf(head.hash()), tail: hexOf(tail.hash()), finalized: null }
        : { type: "missing", number: Number(missing) };
    this.out.event({ type: "bounds", answer });
  }

  /** The client wants nothing more to do with a peer. */
  ban(id) {
    for (const [peer, connection] of this.peers) {
      if (connection.id === id) {
        this.peers.delete(peer);
        this.out.disconnect(peer, { type: "other" });
        connection.close();
      }
    }
  }

  async restart() {
    await this.open();
    await this.beaconSync.open();
  }
}

/** What of a case the client cannot be given. */
function check(start) {
  const { status, rows, local, settings } = start;
  if (!Array.isArray(local?.blocks) || local.blocks.length === 0) throw new BadRequest("`start` has no local blocks");
  if (status !== null && status !== undefined) throw new Unsupported("a skeleton stored in geth's form");
  if (rows?.length > 0) throw new Unsupported("rows stored in geth's form");
  if (local.blocks.some(({ lacks }) => lacks !== undefined)) throw new Unsupported("blocks with a part missing");
  if (settings?.pivot_distance !== undefined) throw new Unsupported("a snap sync");
}

/** The canonical blocks above genesis, the lowest first. */
function canonicalOf({ blocks, head }, read) {
  const byHash = new Map(blocks.map(({ header }) => read(header)).map((block) => [hexOf(block.hash()), block]));
  const canonical = [];
  for (let block = byHash.get(head); block !== undefined && block.header.number > 0n; ) {
    canonical.unshift(block);
    block = byHash.get(hexOf(block.header.parentHash));
  }
  return canonical;
}

const quiet = () => {};
const silent = { debug: quiet, info: quiet, warn: quiet, error: quiet, isInfoEnabled: () => false, getLevel: () => "error" };
