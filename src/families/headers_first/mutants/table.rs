use crate::families::Mutant;
use crate::families::headers_first::{HeadersFirst, Profile};

use super::announcements::{DeafWithoutSyncPeer, StuckInDownloadMode};
use super::bugged::{bugged, bugged_and_quirky, quirky};
use super::headers::{HeadersAskedPerEntry, KnownHeadersAreProgress, unbounded_orphans, unchecked};
use super::peers::{BlocksNeverLate, DoneBeforeAdd, HeadersNeverLate, UnknownMessageDrops};
use super::requests::{
    LocatorOfAllBlocks, LocatorOfOneHash, LocatorOffByOne, MarksClearedForNewSyncPeer,
    NotFoundIgnored, RequestsEvicted, StuckAtCheckpoint, UnrequestedBlockKept,
};
use super::restarts::forgetful;
use super::serving::{LastHashRepeated, NoEmptyHeaders, NoNotFound, StopIgnored};

const OLD: Profile = Profile::Btcd025;
const NEW: Profile = Profile::Btcd026;

const fn mutant(
    profile: Profile,
    id: &'static str,
    summary: &'static str,
    source: &'static str,
    make: fn(&super::super::Start) -> Box<dyn crate::machine::Machine<HeadersFirst>>,
) -> Mutant<HeadersFirst> {
    let profile = match profile {
        Profile::Btcd025 => "btcd-0.25",
        Profile::Btcd026 => "btcd-0.26",
    };
    Mutant { id, summary, source, profile, make }
}

/// All faulty machines of the family.
pub(crate) static MUTANTS: &[Mutant<HeadersFirst>] = &[
    mutant(
        NEW,
        "not-found-ignored",
        "Blocks stay marked as asked for after their peer said that it has them not.",
        "btcd 24db7d7c and #1625: notfound ignored, at last for witness types",
        |start| {
            bugged_and_quirky::<NotFoundIgnored>(NEW, start, |it| {
                it.keeps_debtors = true;
                it.turn_has_no_limit = true;
            })
        },
    ),
    mutant(
        NEW,
        "lost-peer-keeps-requests",
        "What a lost peer owed is never asked of another.",
        "dcrd 1510b02e; bcoin 2bbeb40a",
        |start| quirky(NEW, start, |it| it.keeps_marks = true),
    ),
    mutant(
        OLD,
        "lost-peer-keeps-requests-getblocks",
        "What a lost peer owed is never asked of another, without headers first.",
        "btcd #229; Floresta #79, #201: hang when the last serving peer goes",
        |start| quirky(OLD, start, |it| it.keeps_marks = true),
    ),
    mutant(
        NEW,
        "in-flight-asked-again",
        "More blocks are asked for without a look at what is on its way.",
        "btcd #2428 (buildBlockRequest); Bitcoin Core #3514; bcoin fd2f1581",
        |start| quirky(NEW, start, |it| it.asks_in_flight = true),
    ),
    mutant(
        OLD,
        "requests-cleared-for-new-sync-peer",
        "A new sync peer clears the marks of all blocks that others were asked for.",
        "btcd up to v0.25, startSync; bcoin 8f9f5dfc clears the wrong map too",
        |start| bugged::<MarksClearedForNewSyncPeer>(OLD, start),
    ),
    mutant(
        NEW,
        "requests-evicted-at-limit",
        "At its limit the map of requests forgets a block that is still on its way.",
        "btcd limitAdd, to this day; dcrd until e28f4e42",
        |start| bugged::<RequestsEvicted>(NEW, start),
    ),
    mutant(
        NEW,
        "unrequested-block-kept",
        "A block that was not asked for is stored.",
        "Bitcoin Core #11458",
        |start| bugged::<UnrequestedBlockKept>(NEW, start),
    ),
    mutant(
        NEW,
        "restart-forgets-blocks",
        "Blocks that were stored are fetched again after a restart.",
        "zebra #884; geth #15138",
        |start| forgetful(NEW, start),
    ),
    mutant(
        NEW,
        "locator-of-one-hash",
        "Locators have the tip alone, and when that is stale no answer fits.",
        "dash-spv #986",
        |start| bugged::<LocatorOfOneHash>(NEW, start),
    ),
    mutant(
        OLD,
        "locator-off-by-one",
        "Locators begin below the tip, so known blocks are sent again.",
        "zebra #884",
        |start| bugged::<LocatorOffByOne>(OLD, start),
    ),
    mutant(
        NEW,
        "locator-of-all-blocks",
        "Locators name each block down to genesis.",
        "bcoin e32f521a",
        |start| bugged::<LocatorOfAllBlocks>(NEW, start),
    ),
    mutant(
        NEW,
        "checkpoint-not-checked",
        "A header at the height of a checkpoint may have any hash.",
        "BitcoinUnlimited #1030; zclassic #134",
        |start| unchecked(NEW, start, |it| it.checkpoints = true),
    ),
    mutant(
        OLD,
        "header-work-not-checked",
        "Headers between checkpoints are taken without work.",
        "btcd up to v0.25, handleHeadersMsg: only links and checkpoint hashes are checked",
        |start| unchecked(OLD, start, |it| it.work = true),
    ),
    mutant(
        NEW,
        "known-headers-are-progress",
        "A sync peer that sends known headers again and again is kept.",
        "btcd handleHeadersMsg, to this day; pearl PR #101",
        |start| bugged::<KnownHeadersAreProgress>(NEW, start),
    ),
    mutant(
        NEW,
        "headers-asked-per-entry",
        "Each unknown block of an inv makes the machine ask for the same headers.",
        "Bitcoin Core #18962, #25454",
        |start| bugged::<HeadersAskedPerEntry>(NEW, start),
    ),
    mutant(
        NEW,
        "mutated-block-condemns-header",
        "A block with changed transactions makes its header invalid for ever.",
        "Bitcoin Core #16172, #27608",
        |start| unchecked(NEW, start, |it| it.mutated_is_invalid = true),
    ),
    mutant(
        NEW,
        "best-headers-of-others",
        "Blocks are fetched along the best headers alone, even when who showed them withholds the \
         blocks.",
        "btcd v0.26, buildBlockRequest; dcrd 1cf325b9; Bitcoin Core #5806",
        |start| quirky(NEW, start, |it| it.fetches_best_headers = true),
    ),
    mutant(
        NEW,
        "blocks-from-tip-height",
        "After a reorganisation of headers the blocks below the old tip's height are missed.",
        "btcd inside #2428: start from the best height instead of the fork",
        |start| quirky(NEW, start, |it| it.fetches_from_tip_height = true),
    ),
    mutant(
        OLD,
        "stuck-at-checkpoint",
        "After the block of a checkpoint nothing is asked for.",
        "bcoin #144",
        |start| bugged::<StuckAtCheckpoint>(OLD, start),
    ),
    mutant(
        OLD,
        "silence-after-getblocks-punished",
        "A peer that has nothing after the locator is dropped for its silence.",
        "btcd stallHandler, to this day; bchd 23ab2561; btcd #1317",
        |start| quirky(OLD, start, |it| it.inv_deadline = true),
    ),
    mutant(
        OLD,
        "equal-peer-asked-and-dropped",
        "A peer of the same height is asked for blocks and dropped because it has none.",
        "btcd #2304",
        |start| {
            quirky(OLD, start, |it| {
                it.asks_equal_heights = true;
                it.inv_deadline = true;
            })
        },
    ),
    mutant(
        NEW,
        "unknown-message-punished",
        "A message of an unknown kind costs the connection.",
        "btcd #2281; bchd b46f3b45",
        |start| bugged::<UnknownMessageDrops>(NEW, start),
    ),
    mutant(
        NEW,
        "done-before-add",
        "The end of a short connection is handled before its beginning: the dead peer stays.",
        "btcd #1485, #2480, e6f589e5",
        |start| bugged::<DoneBeforeAdd>(NEW, start),
    ),
    mutant(
        NEW,
        "dropped-peer-chosen-again",
        "A peer that was just dropped can be the next sync peer.",
        "btcd handleStallSample, to this day",
        |start| quirky(NEW, start, |it| it.keeps_dropped = true),
    ),
    mutant(
        NEW,
        "silent-headers-never-late",
        "A sync peer that does not answer getheaders is waited for without end.",
        "dogecoin #2306; btcd #486, #1024",
        |start| {
            bugged_and_quirky::<HeadersNeverLate>(NEW, start, |it| {
                it.turn_has_no_limit = true;
            })
        },
    ),
    mutant(
        NEW,
        "silent-blocks-never-late",
        "A peer that does not answer getdata is waited for without end.",
        "btcd #614, #1099, #1405 (fixed by #518, #1417); Bitcoin Core #12291",
        |start| {
            bugged_and_quirky::<BlocksNeverLate>(NEW, start, |it| {
                it.keeps_debtors = true;
                it.turn_has_no_limit = true;
            })
        },
    ),
    mutant(
        OLD,
        "silent-getblocks-never-late",
        "A sync peer that does not answer getblocks is waited for without end.",
        "btcd #776, #1136, #1405 (fixed by #1417)",
        |start| quirky(OLD, start, |it| it.turn_has_no_limit = true),
    ),
    mutant(
        NEW,
        "stuck-in-download-mode",
        "When the sync peer is lost and nobody is higher, no announcement is heard any more.",
        "btcd #2606 (open), PR #2607; Floresta #1013",
        |start| bugged::<StuckInDownloadMode>(NEW, start),
    ),
    mutant(
        OLD,
        "deaf-without-sync-peer",
        "Without a sync peer, announcements are not heard while the tip is old.",
        "btcd #2536",
        |start| bugged::<DeafWithoutSyncPeer>(OLD, start),
    ),
    mutant(
        OLD,
        "orphans-unbounded",
        "All orphans are kept.",
        "Bitcoin Core #3514",
        unbounded_orphans,
    ),
    mutant(
        NEW,
        "announced-to-sender",
        "A block is announced to the peer that it came from.",
        "dcrd b413da23, 13092c30; btcd handleRelayInvMsg for headers",
        |start| quirky(NEW, start, |it| it.announces_to_all = true),
    ),
    mutant(
        NEW,
        "announced-while-behind",
        "Blocks are announced while the tip is old: all of a long sync goes to all peers once more.",
        "Bitcoin Core, UpdatedBlockTip, and btcd, handleBlockchainNotification, have a guard against it",
        |start| quirky(NEW, start, |it| it.announces_always = true),
    ),
    mutant(
        NEW,
        "inv-repeats-last-hash",
        "All hashes of an inv are the last one.",
        "btcd ba4a2f77; neutrino 098f60c: address of the loop variable",
        |start| bugged::<LastHashRepeated>(NEW, start),
    ),
    mutant(
        NEW,
        "empty-headers-not-sent",
        "Getheaders stays without answer when there is nothing to send.",
        "btcd #1233",
        |start| bugged::<NoEmptyHeaders>(NEW, start),
    ),
    mutant(
        NEW,
        "stop-hash-ignored",
        "An answer to getheaders goes on beyond the stop hash.",
        "bcoin 85ed59c8: the stop hash handled in the wrong way",
        |start| bugged::<StopIgnored>(NEW, start),
    ),
    mutant(
        NEW,
        "not-found-not-sent",
        "What is asked for and not there is passed over in silence.",
        "the class of btcd #1233: to have nothing is an answer too",
        |start| bugged::<NoNotFound>(NEW, start),
    ),
];
