// Loads @ethereumjs/client as it is, from the directory where it was installed.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** The version that is installed there. */
export function versionOf(directory) {
  if (directory === undefined) throw new Error("say where ethereumjs is installed: adapter.js DIRECTORY");
  return JSON.parse(readFileSync(join(homeOf(directory), "package.json"), "utf8")).version;
}

function homeOf(directory) {
  return resolve(directory, "node_modules/@ethereumjs/client");
}

/** The parts of the client that are under test, and libraries of its own. */
export async function load(directory) {
  const modules = resolve(directory, "node_modules");
  const home = homeOf(directory);
  // From 0.10 on the client is published as ES modules, before that as CommonJS.
  const modern = existsSync(join(home, "dist/esm"));
  const require = createRequire(join(home, "package.json"));
  const from = (file) => (modern ? import(pathToFileURL(file)) : require(file));
  const part = (file) => from(join(home, modern ? "dist/esm/src" : "dist/src", file));
  const library = (name) => (modern ? from(join(modules, name, "dist/esm/index.js")) : require(name));
  return {
    modern,
    version: versionOf(directory),
    ...(await part(modern ? "service/skeleton.js" : "sync/skeleton.js")),
    ...(await part("sync/beaconsync.js")),
    ...(await part("blockchain/chain.js")),
    ...(await part("config.js")),
    ...(await part("execution/level.js")),
    ...(await part("net/peerpool.js")),
    ...(await part("net/peer/rlpxpeer.js")),
    ...(await part("net/protocol/ethprotocol.js")),
    ...(await part("net/protocol/sender.js")),
    ...(await part("types.js")),
    blocks: await library("@ethereumjs/block"),
    blockchains: await library("@ethereumjs/blockchain"),
    commons: await library("@ethereumjs/common"),
    RLP: (await library("@ethereumjs/rlp")).RLP,
    MemoryLevel: require("memory-level").MemoryLevel,
  };
}
