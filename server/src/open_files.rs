//! How many files and connections this process may have open at once.
//!
//! Systems start programs with a low bound (1,024 is usual), below what a hub's connections alone may be, and let them
//! raise it up to a second one. Owns nothing; changes only this process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the bound as far as the system lets this process; what it is then. `None`: there is no bound.
pub fn allow_most() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        // Then it stays as it was; a full house is met when it is full.
        Err(_) => current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_bound_is_raised_to_the_upper_one() {
        let most = allow_most();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!((current, most), (maximum, maximum));
    }
}
