// The Bitcoin protocol on the wire, as far as the family speaks it.
import { createHash } from "node:crypto";

import { BadRequest, bytesOf, clock, reversedHexOf } from "../../node/src/index.js";

const HASH = /^0x[0-9a-f]{64}$/;
const ZERO = `0x${"00".repeat(32)}`;
const PROTOCOL_VERSION = 70_016;
const NETWORK = 1;
const WITNESS = 8;
const NETWORK_LIMITED = 1024;
const KINDS = { tx: 1, block: 2, unknown: 0x2a, witness_tx: 0x40000001, witness_block: 0x40000002 };
const KIND_NAMES = Object.fromEntries(Object.entries(KINDS).map(([name, value]) => [value, name]));

/** A message with its header. */
export function frame(magic, command, payload) {
  const bytes = Buffer.allocUnsafe(24 + payload.length).fill(0, 0, 24);
  bytes.writeUInt32LE(magic, 0);
  bytes.write(command.slice(0, 12), 4, "latin1");
  bytes.writeUInt32LE(payload.length, 16);
  checksum(payload).copy(bytes, 20, 0, 4);
  payload.copy(bytes, 24);
  return bytes;
}

/** What bcoin has written: the command, the payload, and the message if the family has it. */
export function unframe(bytes) {
  const command = bytes.toString("latin1", 4, 16).replace(/\0+$/, "");
  const payload = bytes.subarray(24);
  return { command, payload, message: messageOf(command, new Reader(payload)) };
}

/** The payload of `version` of a peer that says this hello. */
export function versionOf(hello, { network }) {
  const payload = Buffer.alloc(85 + 1);
  const services =
    (hello.network ? NETWORK : 0) +
    (hello.witness ? WITNESS : 0) +
    (hello.network_limited ? NETWORK_LIMITED : 0);
  payload.writeInt32LE(PROTOCOL_VERSION, 0);
  payload.writeBigUInt64LE(BigInt(services), 4);
  payload.writeBigInt64LE(BigInt(network.now()), 12);
  // Two addresses of 26 bytes stay empty, then a nonce that is not bcoin's own, an empty name, the height.
  payload.writeBigUInt64LE(BigInt(clock.unixTime) + 1n, 72);
  payload.writeInt32LE(hello.start_height | 0, 81);
  payload[85] = 1;
  return payload;
}

/** The command and the payload of a message of the family. */
export function payloadOf(message) {
  switch (message.type) {
    case "get_headers":
      return ["getheaders", locator(message)];
    case "get_blocks":
      return ["getblocks", locator(message)];
    case "headers":
      return ["headers", list(message.headers, 81, writeHeader)];
    case "inv":
    case "get_data":
    case "not_found":
      return [message.type.replace("_", ""), list(message.items, 36, writeInventory)];
    case "block":
      return ["block", bytesOf(message.block)];
    case "tx":
      return ["tx", bytesOf(message.raw)];
    case "reject":
      return ["reject", rejection(message)];
    case "send_headers":
      return ["sendheaders", Buffer.alloc(0)];
    case "unknown":
      return [String(message.command), Buffer.alloc(0)];
    default:
      throw new BadRequest(`unknown message ${message.type}`);
  }
}

function messageOf(command, reader) {
  switch (command) {
    case "getheaders":
    case "getblocks": {
      reader.take(4);
      const hashes = reader.list(() => reader.hash());
      return { type: command.replace("get", "get_"), locator: hashes, stop: reader.hash() };
    }
    case "headers":
      return { type: "headers", headers: reader.list(() => reader.header()) };
    case "inv":
      return { type: "inv", items: reader.list(() => reader.inventory()) };
    case "getdata":
      return { type: "get_data", items: reader.list(() => reader.inventory()) };
    case "notfound":
      return { type: "not_found", items: reader.list(() => reader.inventory()) };
    case "block":
      return { type: "block", block: `0x${reader.rest().toString("hex")}` };
    case "sendheaders":
      return { type: "send_headers" };
    case "reject":
      return reader.reject();
    default:
      return null;
  }
}

/** The first four bytes of the hash of the hash. */
function checksum(payload) {
  const hash = (bytes) => createHash("sha256").update(bytes).digest();
  return hash(hash(payload));
}

function locator({ locator: hashes, stop }) {
  const version = Buffer.alloc(4);
  version.writeUInt32LE(PROTOCOL_VERSION);
  const last = Buffer.alloc(32);
  writeHash(last, stop ?? ZERO, 0);
  return Buffer.concat([version, list(hashes, 32, writeHash), last]);
}

/** Items of one size, in one buffer: an inv may have 50 000. */
function list(items, size, write) {
  if (!Array.isArray(items)) throw new BadRequest("the message has no list");
  const prefix = count(items.length);
  const bytes = Buffer.alloc(prefix.length + items.length * size);
  prefix.copy(bytes);
  items.forEach((item, index) => write(bytes, item, prefix.length + index * size));
  return bytes;
}

function writeHash(bytes, text, at) {
  if (!HASH.test(text)) throw new BadRequest(`a hash has 32 bytes, not ${text}`);
  bytes.write(text.slice(2), at, "hex");
  bytes.subarray(at, at + 32).reverse();
}

function writeInventory(bytes, { kind, hash }, at) {
  if (KINDS[kind] === undefined) throw new BadRequest(`unknown kind of inventory ${kind}`);
  bytes.writeUInt32LE(KINDS[kind], at);
  writeHash(bytes, hash, at + 4);
}

/** 80 bytes, and the number of transactions, which is zero. */
function writeHeader(bytes, text, at) {
  const header = bytesOf(text);
  if (header.length !== 80) throw new BadRequest(`a header has 80 bytes, not ${text}`);
  header.copy(bytes, at);
}

function rejection({ block, reason }) {
  const text = (words) => Buffer.concat([count(words.length), Buffer.from(words, "latin1")]);
  const last = Buffer.alloc(32);
  writeHash(last, block, 0);
  return Buffer.concat([text("block"), Buffer.of(0x10), text(String(reason)), last]);
}

function count(value) {
  if (value < 0xfd) return Buffer.of(value);
  const bytes = Buffer.alloc(value < 0x10000 ? 3 : 5);
  bytes[0] = bytes.length === 3 ? 0xfd : 0xfe;
  bytes.writeUIntLE(value, 1, bytes.length - 1);
  return bytes;
}

class Reader {
  constructor(bytes) {
    Object.assign(this, { bytes, at: 0 });
  }

  take(size) {
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  rest() {
    return this.bytes.subarray(this.at);
  }

  count() {
    const [first] = this.take(1);
    if (first < 0xfd) return first;
    const size = { 0xfd: 2, 0xfe: 4, 0xff: 6 }[first];
    return this.take(size).readUIntLE(0, size);
  }

  list(read) {
    return Array.from({ length: this.count() }, read);
  }

  text() {
    return this.take(this.count()).toString("latin1");
  }

  hash() {
    return reversedHexOf(this.take(32));
  }

  header() {
    const header = this.take(80).toString("hex");
    this.count();
    return `0x${header}`;
  }

  inventory() {
    const kind = KIND_NAMES[this.take(4).readUInt32LE()] ?? "unknown";
    return { kind, hash: this.hash() };
  }

  reject() {
    const about = this.text();
    this.take(1);
    const reason = this.text();
    if (about !== "block") return null;
    return { type: "reject", block: this.rest().length === 32 ? this.hash() : null, reason };
  }
}
