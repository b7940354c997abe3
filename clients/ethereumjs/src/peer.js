// A connection as the client sees it: its own `RlpxPeer` and `eth` protocol. The wire below them is ours.
import { bytesOf, clock } from "../../node/src/index.js";
import { bind } from "./dialect.js";

/** Codes of `eth`, without the offset of the wire. */
const GET_HEADERS = 0x03;
const HEADERS = 0x04;
const GET_BODIES = 0x05;
const BODIES = 0x06;
/** How long the client waits for an answer (net/protocol/protocol.js). */
const PATIENCE_MS = 8000;

/** A peer has finished its handshake. */
export function connect(owner, number) {
  const { RlpxPeer, EthProtocol, Sender, Event, RLP } = owner.ethereumjs;
  const { config, chain } = owner;
  const id = number.toString(16).padStart(128, "0");
  const protocol = new EthProtocol({ config, chain, timeout: PATIENCE_MS });

  /** What stands between the client's protocol and the network. */
  class Wire extends Sender {
    sendStatus() {
      const genesisHash = chain.genesis.hash();
      const bestHash = (owner.networkHead ?? chain.genesis).hash();
      this.status = { chainId: Uint8Array.of(1), networkId: Uint8Array.of(1), td: Uint8Array.of(), bestHash, genesisHash };
    }

    sendMessage(code, payload) {
      if (open) answer(this, code, payload);
    }
  }

  /** Requests for headers by number go to the harness. What the family has no words for is answered at once. */
  function answer(sender, code, payload) {
    const [id, query] = payload;
    if (code === GET_BODIES) return reply(sender, BODIES, [id, query.map(() => [[], []])]);
    if (code !== GET_HEADERS) return;
    const [block, max, , reverse] = query;
    // What is the newest that the peer has: the head of the network, or nothing yet.
    if (numberOf(reverse) === 0) return inTurn(() => replyWithHead(sender, id));
    openRequests.set(numberOf(id), clock.now + PATIENCE_MS);
    owner.out.send(number, { type: "get_headers", id: numberOf(id), origin: numberOf(block), amount: numberOf(max) });
  }

  /**
   * A peer answers in the order in which it was asked, and the client relies on it: it matches answers by their kind and
   * not by their number (net/protocol/boundprotocol.js). So what is answered here waits for what the harness has
   * still to answer, unless the client has given that up.
   */
  function inTurn(act) {
    waiting.push(act);
    answerWaiting();
  }

  function answerWaiting() {
    for (const [request, until] of openRequests) {
      if (until <= clock.now) openRequests.delete(request);
    }
    if (openRequests.size === 0) {
      for (const act of waiting.splice(0)) act();
    } else if (waiting.length > 0) {
      setTimeout(answerWaiting, Math.min(...openRequests.values()) - clock.now);
    }
  }

  function replyWithHead(sender, id) {
    const head = owner.networkHead;
    reply(sender, HEADERS, [id, head === null ? [] : [head.header.raw()]]);
  }

  /** A message of its own on the wire, so in a turn of the event loop of its own. */
  function reply(sender, code, payload) {
    setImmediate(() => {
      if (open) sender.emit("message", { code, payload });
    });
  }

  const wire = new Wire();
  const peer = new RlpxPeer({ config, id, host: "10.0.0.1", port: 30303, protocols: [protocol], inbound: true });
  peer.server = config.server ?? config.servers[0];
  // It dials a banned peer again when nobody else is there. Who comes back, and when, is the harness's to say.
  peer.connect = () => new Promise(() => {});
  const openRequests = new Map();
  const waiting = [];
  let open = true;
  void bind(peer, protocol, wire).then(() => {
    peer.connected = true;
    if (open) config.events.emit(Event.PEER_CONNECTED, peer);
  });

  return {
    id,
    receive({ id: request, headers }) {
      const fields = headers.map((header) => RLP.decode(bytesOf(header)));
      openRequests.delete(request);
      wire.emit("message", { code: HEADERS, payload: [bytesOfNumber(request), fields] });
      answerWaiting();
    },
    close() {
      if (!open) return;
      open = false;
      peer.connected = false;
      config.events.emit(Event.PEER_DISCONNECTED, peer);
    },
  };
}

function numberOf(bytes) {
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}

function bytesOfNumber(number) {
  const bytes = [];
  for (let rest = number; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from(bytes);
}
