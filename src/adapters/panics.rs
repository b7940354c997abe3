use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use crate::machine::SubjectError;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the panics of machines off the terminal, from now on and for the whole program: they
/// become [`SubjectError::Panicked`], which names file and line. All other panics are reported as
/// before.
pub fn quiet_panics() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                let location = info.location().map(ToString::to_string);
                LOCATION.with_borrow_mut(|last| *last = location);
            } else {
                others(info);
            }
        }));
    });
}

/// Runs the code of a subject. A panic in it is the subject's failure, not ours.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, SubjectError> {
    let outer = CATCHING.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(outer);
    result.map_err(|payload| SubjectError::Panicked { message: message(&*payload) })
}

#[cold]
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(a panic without a message)");
    match LOCATION.take() {
        Some(location) => format!("{text} (at {location})"),
        None => text.to_owned(),
    }
}
