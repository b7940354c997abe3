//! Estimates of how fast peers are, which size the requests and their timeouts.
//!
//! geth p2p/msgrate/msgrate.go at v1.10.13 (#22876). Times are milliseconds.

use crate::machine::{Millis, PeerId, Time};

use super::Profile;
use super::registry::Registry;

/// What one measurement counts.
const MEASUREMENT_IMPACT: f64 = 0.1;
/// Ask for a little more than was measured, to find out.
const CAPACITY_OVERESTIMATION: f64 = 1.01;
/// The median is taken of so many best peers.
const QOS_TUNING_PEERS: usize = 5;
const RTT_MIN_MS: f64 = 2_000.0;
const RTT_MAX_MS: f64 = 20_000.0;
const RTT_PUSHDOWN: f64 = 0.9;
const RTT_CONFIDENCE_MIN: f64 = 0.1;
const TTL_SCALING: f64 = 3.0;
/// No request waits longer.
pub(super) const TTL_MS_MAX: Millis = 60_000;
const TUNING_CONFIDENCE_CAP: usize = 10;
const TUNING_IMPACT: f64 = 0.25;
/// The most items of a request (geth downloader `MaxStateFetch`).
pub(super) const ITEMS_PER_REQUEST_MAX: usize = 384;

/// The estimate for one peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    items_per_second: f64,
    roundtrip_ms: f64,
}

impl Rate {
    /// How many items the peer can deliver in `target_ms`.
    pub(super) fn capacity(&self, profile: Profile, target_ms: f64) -> usize {
        let items = self.items_per_second * target_ms / 1_000.0;
        let capacity = match profile {
            // geth v1.8.27 eth/downloader/peer.go NodeDataCapacity.
            Profile::Geth18 => (1.0 + items.max(1.0)).floor(),
            Profile::Geth110 => (1.0 + CAPACITY_OVERESTIMATION * items).ceil().max(1.0),
        };
        capacity.min(ITEMS_PER_REQUEST_MAX as f64) as usize
    }

    /// Items a second, for the order of peers.
    pub(super) fn throughput(&self) -> f64 {
        self.items_per_second
    }

    /// Notes that `items` came `elapsed` after they were asked for. Nothing is as bad as it gets.
    pub(super) fn update(&mut self, elapsed: Millis, items: usize) {
        if items == 0 {
            self.items_per_second = 0.0;
            return;
        }
        // A nanosecond at least, as in geth.
        let elapsed_ms = (elapsed as f64).max(1e-6);
        let measured = items as f64 / (elapsed_ms / 1_000.0);
        let mix = |old: f64, new: f64| (1.0 - MEASUREMENT_IMPACT) * old + MEASUREMENT_IMPACT * new;
        self.items_per_second = mix(self.items_per_second, measured);
        self.roundtrip_ms = mix(self.roundtrip_ms, elapsed_ms);
    }
}

/// The estimate over all peers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    roundtrip_ms: f64,
    confidence: f64,
    tuned: Time,
}

impl Estimate {
    pub(super) fn new(now: Time) -> Self {
        Self { roundtrip_ms: RTT_MAX_MS, confidence: 1.0, tuned: now }
    }

    /// The time that the next request shall take.
    pub(super) fn target_roundtrip_ms(&mut self, now: Time, peers: &Registry) -> f64 {
        self.tune(now, peers);
        self.roundtrip_ms * RTT_PUSHDOWN
    }

    /// The time that the next request may take.
    pub(super) fn target_timeout(&mut self, now: Time, peers: &Registry) -> Millis {
        self.tune(now, peers);
        let timeout = TTL_SCALING * self.roundtrip_ms / self.confidence;
        (timeout as Millis).min(TTL_MS_MAX)
    }

    /// A new peer makes the estimate less sure.
    pub(super) fn detune(&mut self, peers: usize) {
        if peers == 1 {
            self.confidence = 1.0;
        } else if peers < TUNING_CONFIDENCE_CAP {
            let peers = peers as f64;
            self.confidence = (self.confidence * (peers - 1.0) / peers).max(RTT_CONFIDENCE_MIN);
        }
    }

    fn tune(&mut self, now: Time, peers: &Registry) {
        if now.since(self.tuned) as f64 <= self.roundtrip_ms {
            return;
        }
        let median = median_roundtrip_ms(peers.rates());
        self.roundtrip_ms = (1.0 - TUNING_IMPACT) * self.roundtrip_ms + TUNING_IMPACT * median;
        self.confidence += (1.0 - self.confidence) / 2.0;
        self.tuned = now;
    }
}

/// What a new peer is believed to be: as good as the others on average.
pub(super) fn rate_of_new_peer<'a>(
    rates: impl Iterator<Item = (PeerId, &'a Rate)> + Clone,
) -> Rate {
    let count = rates.clone().count();
    let sum: f64 = rates.clone().map(|(_, rate)| rate.items_per_second).sum();
    Rate {
        items_per_second: if count == 0 { 0.0 } else { sum / count as f64 },
        roundtrip_ms: median_roundtrip_ms(rates),
    }
}

fn median_roundtrip_ms<'a>(rates: impl Iterator<Item = (PeerId, &'a Rate)>) -> f64 {
    let mut roundtrips: Vec<f64> = rates.map(|(_, rate)| rate.roundtrip_ms).collect();
    roundtrips.sort_by(f64::total_cmp);
    let best = roundtrips.len().min(QOS_TUNING_PEERS);
    let median = roundtrips.get(best / 2).copied().unwrap_or(RTT_MAX_MS);
    median.clamp(RTT_MIN_MS, RTT_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_useless_answer_brings_the_capacity_down_to_the_least() {
        let mut rate = Rate { items_per_second: 0.0, roundtrip_ms: RTT_MAX_MS };
        assert_eq!(rate.capacity(Profile::Geth110, 18_000.0), 1);
        assert_eq!(rate.capacity(Profile::Geth18, 18_000.0), 2);
        rate.update(100, 1);
        assert_eq!(rate.capacity(Profile::Geth110, 18_000.0), 20);
        rate.update(0, 1);
        assert_eq!(rate.capacity(Profile::Geth110, 18_000.0), ITEMS_PER_REQUEST_MAX);
        rate.update(100, 0);
        assert_eq!(rate.capacity(Profile::Geth110, 18_000.0), 1);
    }

    #[test]
    fn the_first_timeout_is_a_minute() {
        let registry = Registry::new(Time::ZERO);
        let mut estimate = Estimate::new(Time::ZERO);
        assert_eq!(estimate.target_timeout(Time::ZERO, &registry), 60_000);
        estimate.detune(1);
        estimate.detune(2);
        assert_eq!(estimate.target_timeout(Time::ZERO, &registry), 60_000);
    }
}
