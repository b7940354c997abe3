/** What the client has done since the last reply. */
export class Outbox {
  #outputs = [];
  #gauges = null;
  /** Whether reasons may have `text`, which came with version 1.1. */
  takesWords = false;

  /** Sends a message to a peer. */
  send(peer, message) {
    this.push({ type: "send", peer, message });
  }

  /** Closes the connection to a peer. `text` of the reason is for those who read it. */
  disconnect(peer, { text, ...reason } = { type: "other" }) {
    if (this.takesWords && text) reason.text = text.slice(0, 500);
    this.push({ type: "disconnect", peer, reason });
  }

  /** Reports progress. */
  event(event) {
    this.push({ type: "event", event });
  }

  /** Any other output of the protocol. */
  push(output) {
    this.#outputs.push(output);
  }

  /** Says how much the client holds. */
  gauges(gauges) {
    this.#gauges = gauges;
  }

  get isEmpty() {
    return this.#outputs.length === 0;
  }

  /** The fields of a reply. */
  take() {
    const taken = { outputs: this.#outputs };
    if (this.#gauges !== null) taken.gauges = this.#gauges;
    [this.#outputs, this.#gauges] = [[], null];
    return taken;
  }
}
