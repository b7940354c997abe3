// Why bcoin drops a peer stands in its log alone.

/** The log of a life of bcoin, read for reasons of drops; see lib/net/pool.js and lib/net/peer.js. */
export class Drops {
  #last = "";

  /** What bcoin takes for a logger. */
  logger = this.#logger();

  /** Why a peer was dropped just now. */
  reason() {
    const text = this.#last;
    this.#last = "";
    for (const [words, reason] of REASONS) {
      if (text.includes(words)) return reason;
    }
    return { type: "other", text };
  }

  #logger() {
    const ignore = () => {};
    const keep = (first) => {
      this.#last = first instanceof Error ? first.message : String(first);
    };
    const logger = { error: keep, warning: keep, debug: keep, info: ignore, spam: ignore, memory: ignore };
    return Object.assign(logger, { context: () => logger });
  }
}

const REASONS = [
  ["Peer is stalling", { type: "stalled" }],
  ["bad header chain", { type: "unconnected_headers" }],
  ["invalid checkpoint", { type: "bad_header", fault: "checkpoint_mismatch" }],
  ["invalid header", { type: "bad_header", fault: "bad_proof_of_work" }],
  ["unrequested block", { type: "unrequested_block" }],
  ["too many blocks", { type: "oversize" }],
  [">50k items", { type: "oversize" }],
];
