// A connection as bcoin sees it: a stream of bytes of the Bitcoin protocol. The other end is ours.
import { EventEmitter } from "node:events";

import { bytesOf } from "../../node/src/index.js";
import { frame, payloadOf, unframe, versionOf } from "./wire.js";

export class PeerSocket extends EventEmitter {
  constructor(owner, peer, host, hello) {
    super();
    Object.assign(this, { owner, peer, hello, remoteAddress: host, remotePort: 48444, open: true });
  }

  /** The connection is there: bcoin says its version, and is answered (see `write`). */
  establish() {
    this.emit("connect");
  }

  /** A message of the peer. */
  receive(message) {
    if (!this.open) return;
    if (message.type === "tx" && message.raw === undefined) return this.receiveTransaction(message.id);
    const [command, payload] = payloadOf(message);
    this.emit("data", frame(this.owner.network.magic, command, payload));
  }

  /**
   * Version 1 of the protocol has transactions by their id alone. Such a one is handed over behind the parser: it is
   * empty, and bcoin believes that it has computed its id already.
   */
  receiveTransaction(id) {
    const { TX, packets } = this.owner.bcoin;
    const tx = new TX();
    tx._hash = bytesOf(id).reverse();
    tx._hhash = tx._hash.toString("hex");
    const peer = this.owner.pool.peers.get(`${this.remoteAddress}:${this.remotePort}`);
    peer?.parser.emit("packet", new packets.TXPacket(tx));
  }

  /** The other end has closed the connection. */
  hangUp() {
    if (!this.open) return;
    this.open = false;
    this.owner.sockets.delete(this.peer);
    this.emit("close");
  }

  /** bcoin writes a whole message at a time (lib/net/peer.js, sendRaw). */
  write(bytes) {
    if (!this.open) return true;
    const { command, payload, message } = unframe(bytes);
    if (command === "version") this.shakeHands();
    else if (command === "ping") this.later("pong", payload);
    else if (message !== null) this.owner.sent(this.peer, message);
    return true;
  }

  /** What the harness calls a connected peer has its handshake behind it. */
  shakeHands() {
    this.later("version", versionOf(this.hello, this.owner));
    this.later("verack", Buffer.alloc(0));
  }

  later(command, payload) {
    process.nextTick(() => {
      if (this.open) this.emit("data", frame(this.owner.network.magic, command, payload));
    });
  }

  destroy() {
    if (!this.open) return;
    this.open = false;
    this.owner.dropped(this.peer, this);
  }

  pause() {}

  resume() {}

  setNoDelay() {}
}
