use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// A flag that Ctrl-C or SIGTERM sets: then the work ends in order, with what was found saved. A
/// second one ends the program at once. There is one for the whole program: whoever waits for a
/// child looks at it too.
pub(super) fn stop_flag() -> Arc<AtomicBool> {
    static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // A signal that cannot be caught ends the program as it would without us.
            let _ = flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop));
            let _ = flag::register(signal, Arc::clone(&stop));
        }
        stop
    });
    Arc::clone(&STOP)
}
