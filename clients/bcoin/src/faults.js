// bcoin's reasons for a `reject`, in the words of the family (lib/blockchain/chain.js, primitives/block.js).
const FAULTS = {
  "bad-blk-length": "no_coinbase",
  "bad-cb-amount": "bad_coinbase_value",
  "bad-cb-height": "bad_coinbase_height",
  "bad-cb-missing": "no_coinbase",
  "bad-diffbits": "bad_difficulty",
  "bad-prevblk": "parent_unknown",
  "bad-txnmrklroot": "bad_merkle_root",
  "bad-version": "version_too_old",
  "checkpoint mismatch": "checkpoint_mismatch",
  duplicate: "duplicate",
  "high-hash": "bad_proof_of_work",
  "time-too-new": "time_too_new",
  "time-too-old": "time_too_old",
};

/** The fault, or null where the family has no word for it. */
export function faultOf(reason) {
  return FAULTS[reason] ?? null;
}
