use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;

/// How often a flag is looked at while a child is waited for.
const LOOK: Duration = Duration::from_millis(50);

/// Says that nobody waits for a child any longer; by default nothing ever does.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Option<Arc<AtomicBool>>);

impl StopFlag {
    /// Stops when `flag` becomes true.
    pub fn new(flag: Arc<AtomicBool>) -> Self {
        Self(Some(flag))
    }

    /// Ends when the flag is set.
    pub(super) async fn set(&self) {
        let Some(flag) = &self.0 else { return pending().await };
        while !flag.load(Ordering::Relaxed) {
            sleep(LOOK).await;
        }
    }
}

/// Which flag it is does not matter to what a child may do.
impl PartialEq for StopFlag {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for StopFlag {}
