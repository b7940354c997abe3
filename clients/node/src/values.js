// Byte strings of the protocol: lower-case hexadecimal that begins with 0x.
import { BadRequest } from "./errors.js";

/** The bytes that a text of the protocol stands for. */
export function bytesOf(text) {
  if (typeof text !== "string" || !/^0x(?:[0-9a-f]{2})*$/.test(text)) {
    throw new BadRequest(`bytes are lower-case hexadecimal and begin with 0x, not ${text}`);
  }
  return Buffer.from(text.slice(2), "hex");
}

/** Bytes as the protocol writes them. */
export function hexOf(bytes) {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
}

/** The bytes of a hash that is printed in reverse, as Bitcoin software prints them. */
export function reversedBytesOf(text) {
  return bytesOf(text).reverse();
}

/** A hash printed in reverse, as Bitcoin software prints them. */
export function reversedHexOf(bytes) {
  return `0x${Buffer.from(bytes).reverse().toString("hex")}`;
}
