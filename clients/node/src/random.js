// Randomness that is the same in every run: sfc32, begun again at each case.
let a, b, c, counter;

/** Begins again, as at the beginning of each case. */
export function reseed(seed = 1) {
  [a, b, c, counter] = [0, seed >>> 0, 0x9e3779b9, 1];
  for (let round = 0; round < 12; round++) word();
}

/** 32 random bits. */
export function word() {
  const result = (((a + b) | 0) + counter) | 0;
  counter = (counter + 1) | 0;
  a = b ^ (b >>> 9);
  b = (c + (c << 3)) | 0;
  c = ((c << 21) | (c >>> 11)) + result;
  c |= 0;
  return result >>> 0;
}

/** From 0 up to and without 1, with 53 bits, as `Math.random`. */
export function fraction() {
  return ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53;
}

/** Fills a view of bytes. */
export function fill(bytes) {
  for (let index = 0; index < bytes.length; index++) bytes[index] = word();
  return bytes;
}

reseed();
