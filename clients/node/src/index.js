// The first import of an adapter: time and randomness are replaced while this module loads.
import "./install.js";

export { BadRequest, Unsupported } from "./errors.js";
export { serve } from "./serve.js";
export { clock } from "./clock.js";
export { bytesOf, hexOf, reversedBytesOf, reversedHexOf } from "./values.js";
