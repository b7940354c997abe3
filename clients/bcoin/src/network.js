// bcoin's regtest with the rules of the family, made by setting its parameters.
import { bytesOf, Unsupported } from "../../node/src/index.js";

/** bcoin has one network object a name, so that one is set anew for each case. */
export function setNetwork(bcoin, { network: name, checkpoints }) {
  if (name !== "regtest") throw new Unsupported(`the network ${name}`);
  const network = bcoin.Network.get("regtest");
  // What bcoin does on the main network, where regtest is laxer: coinbases begin with the height, a
  // tip older than a day is not current, and nobody is asked for a mempool.
  network.block.bip34height = 0;
  network.block.maxTipAge = 24 * 60 * 60;
  network.requestMempool = false;
  const known = checkpoints.map(({ height, hash }) => ({ height, hash: internal(hash) }));
  network.checkpoints = known;
  network.checkpointMap = Object.fromEntries(known.map(({ height, hash }) => [height, hash]));
  network.lastCheckpoint = known.at(-1)?.height ?? 0;
  network.time = new bcoin.TimeData();
  return network;
}

/** A hash as bcoin 1.0 keeps it: the bytes in wire order, as hexadecimal. */
function internal(hash) {
  return bytesOf(hash).reverse().toString("hex");
}
