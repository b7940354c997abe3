// Loads bcoin as it is, from the directory where it was installed.
import { createRequire } from "node:module";
import { resolve } from "node:path";

/** The parts of bcoin that are under test. */
export function load(directory) {
  if (directory === undefined) throw new Error("say where bcoin is installed: adapter.js DIRECTORY");
  const require = createRequire(resolve(directory, "package.json"));
  // bcoin's own switch: all cryptography in JavaScript, so that nothing has to be compiled. Node's own
  // library would be slower: most of what is hashed is short.
  process.env.NODE_BACKEND = "js";
  return {
    version: require("bcoin/package.json").version,
    Block: require("bcoin/lib/primitives/block"),
    Chain: require("bcoin/lib/blockchain/chain"),
    NetAddress: require("bcoin/lib/net/netaddress"),
    Network: require("bcoin/lib/protocol/network"),
    Pool: require("bcoin/lib/net/pool"),
    TimeData: require("bcoin/lib/protocol/timedata"),
    TX: require("bcoin/lib/primitives/tx"),
    packets: require("bcoin/lib/net/packets"),
  };
}
