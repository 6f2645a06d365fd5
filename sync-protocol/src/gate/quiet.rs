//! Catching panics of a trial, and saying that one is running.

use std::cell::Cell;
use std::panic::{UnwindSafe, catch_unwind};

thread_local! {
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside a trial. A panic hook may ask, to stay silent about panics that are caught here.
#[must_use]
pub fn trial_is_running() -> bool {
    RUNNING.get()
}

struct Running(bool);

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.set(self.0);
    }
}

/// Runs something that a stranger's bytes may bring to panic.
pub(super) fn catch<T>(run: impl FnOnce() -> T + UnwindSafe) -> Result<T, ()> {
    let _running = Running(RUNNING.replace(true));
    catch_unwind(run).map_err(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_and_the_mark_taken_away() {
        assert_eq!(catch(trial_is_running), Ok(true));
        assert_eq!(catch(|| panic!("expected in this test")), Err::<(), ()>(()));
        assert!(!trial_is_running());
    }
}
