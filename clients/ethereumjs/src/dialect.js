// How the client's libraries are called, which differs from version to version.

/** Rules of the chain: after the merge from the first block on, and no later fork, since the family's headers have no fee. */
export function commonOf({ modern, commons }) {
  const hardforks = modern
    ? [{ name: "chainstart", block: 0 }, { name: "paris", block: 0 }]
    : [{ name: "chainstart", block: 0 }, { name: "paris", block: null, ttd: "0" }];
  const chain = { name: "syncheck", chainId: 1, hardforks, bootstrapNodes: [], dnsNetworks: [] };
  if (modern) return commons.createCustomCommon(chain, commons.Mainnet, { hardfork: "paris" });
  return commons.Common.custom(chain, { baseChain: "mainnet", hardfork: "paris" });
}

/** An empty block with this header, as raw fields. */
export function blockOf({ modern, blocks }, fields, common) {
  const options = { common };
  if (modern) return blocks.createBlockFromBytesArray([fields, [], []], options);
  return blocks.Block.fromValuesArray([fields, [], []], options);
}

/** The client's own database of blocks, as `Chain.create` makes it but for the genesis block, which is the family's. */
export async function blockchainOf({ modern, blockchains, LevelDB }, level, genesisBlock, common) {
  const options = {
    db: new LevelDB(level),
    common,
    genesisBlock,
    hardforkByHeadBlockNumber: true,
    validateBlocks: true,
    validateConsensus: false,
  };
  if (modern) return blockchains.createBlockchain({ ...options, consensusDict: {} });
  return blockchains.Blockchain.create(options);
}

/** A peer speaks a protocol over this wire. */
export function bind(peer, protocol, wire) {
  return peer.addProtocol?.(wire, protocol) ?? peer.bindProtocol(protocol, wire);
}

/** The consensus client announces a block, and does not ask to follow it (engine_newPayload). */
export function announce(client, block) {
  if (client.version.startsWith("0.8")) return client.beaconSync.extendChain(block);
  return client.skeleton.setHead(block, false).then((reorged) => !reorged);
}

/** The consensus client asks to follow a block (engine_forkchoiceUpdated). `taken` is called when the skeleton has it. */
export async function follow(client, block, taken) {
  const { skeleton, beaconSync, version } = client;
  if (version.startsWith("0.8")) {
    const before = headOf(skeleton);
    const followed = beaconSync.setHead(block);
    // It answers when the sync of before has stopped, a second later.
    await Promise.resolve();
    await skeleton.runWithLock(async () => {});
    taken(before + 1n === headOf(skeleton));
    return followed;
  }
  const { reorged } = await skeleton.forkchoiceUpdate(block);
  taken(!reorged);
  if (reorged) await beaconSync.reorged(block);
}

function headOf(skeleton) {
  return skeleton.bounds()?.head ?? 0n;
}
