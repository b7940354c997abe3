// One case: a chain, a pool and the sockets of its peers. After a restart all but the database is new.
import { BadRequest, bytesOf, clock } from "../../node/src/index.js";
import { Drops } from "./drops.js";
import { faultOf } from "./faults.js";
import { setNetwork } from "./network.js";
import { PeerSocket } from "./socket.js";

const PORT = 48444;

export class Case {
  static async begin(bcoin, start, out) {
    if (!Number.isSafeInteger(start.unix_time)) throw new BadRequest("`start` has no unix_time");
    if (!Array.isArray(start.blocks) || !Array.isArray(start.checkpoints)) {
      throw new BadRequest("`start` has no blocks or checkpoints");
    }
    clock.setUnixTime(start.unix_time * 1000);
    const begun = new Case(bcoin, setNetwork(bcoin, start), out);
    await begun.open();
    for (const block of start.blocks) await begun.chain.add(bcoin.Block.fromRaw(bytesOf(block)));
    await begun.connect();
    begun.report();
    return begun;
  }

  constructor(bcoin, network, out) {
    Object.assign(this, { bcoin, network, out });
  }

  /** Makes the chain, on the database of an earlier life if there was one. */
  async open(stored) {
    this.sockets = new Map();
    this.tip = null;
    this.loader = null;
    this.drops = new Drops();
    const options = { network: this.network, logger: this.drops.logger, memory: true, checkpoints: true };
    this.chain = new this.bcoin.Chain(options);
    if (stored !== undefined) this.database.tree = stored;
    await this.chain.open();
  }

  /** Makes the pool, which begins to sync when peers come. */
  async connect() {
    this.pool = new this.bcoin.Pool({
      chain: this.chain,
      logger: this.drops.logger,
      // As many as the harness connects: it, not the pool, says who is there.
      maxOutbound: 64,
      seeds: [],
      createSocket: (port, host) => this.createSocket(host),
    });
    this.listen();
    await this.pool.open();
    await this.pool.connect();
    this.pool.startSync();
  }

  get database() {
    return this.chain.db.db.binding;
  }

  listen() {
    this.chain.on("block", (block, entry) => this.accepted(entry));
    this.chain.on("competitor", (block, entry) => this.accepted(entry));
    this.chain.on("orphan", (block) => this.out.event({ type: "orphan_kept", hash: `0x${block.rhash()}` }));
    // A node of bcoin logs these and goes on (lib/node/fullnode.js).
    this.chain.on("error", () => {});
    this.pool.on("error", () => {});
  }

  accepted(entry) {
    this.out.event({ type: "block_accepted", hash: `0x${entry.rhash()}`, height: entry.height });
    this.report();
  }

  /** What has changed that the family has an event for. */
  report() {
    const { tip } = this.chain;
    if (tip.hash !== this.tip) {
      this.tip = tip.hash;
      this.out.event({ type: "tip", hash: `0x${tip.rhash()}`, height: tip.height });
    }
  }

  connected(peer, hello) {
    if (typeof hello?.start_height !== "number") throw new BadRequest("`hello` has no start_height");
    this.sockets.get(peer)?.hangUp();
    // bcoin dials whoever stands in its list of nodes, as with its option `only`; a fresh list each
    // time, since the harness and not the pool says when a lost peer comes back.
    this.dialled = { peer, hello };
    const host = `10.0.${peer >> 8}.${peer & 255}`;
    this.pool.hosts.nodes = [this.bcoin.NetAddress.fromHost(host, PORT, this.network)];
    this.pool.fillOutbound();
    this.pool.hosts.nodes = [];
    this.sockets.get(peer).establish();
  }

  createSocket(host) {
    const { peer, hello } = this.dialled;
    const socket = new PeerSocket(this, peer, host, hello);
    this.sockets.set(peer, socket);
    return socket;
  }

  disconnected(peer) {
    this.sockets.get(peer)?.hangUp();
  }

  message(peer, message) {
    this.sockets.get(peer)?.receive(message);
  }

  /** bcoin has sent a message. */
  sent(peer, message) {
    if (message.type === "reject") {
      const reason = faultOf(message.reason);
      if (reason === null || message.block === null) return;
      this.out.event({ type: "block_rejected", hash: message.block, reason });
      message = { type: "reject", block: message.block, reason };
    }
    this.out.send(peer, message);
  }

  /** bcoin has closed the connection. */
  dropped(peer, socket) {
    if (this.sockets.get(peer) === socket) this.sockets.delete(peer);
    this.out.disconnect(peer, this.drops.reason());
  }

  async restart() {
    const stored = this.database.tree;
    await this.open(stored);
    await this.connect();
    this.report();
  }
}
