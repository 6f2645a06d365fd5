//! Which courier files have come: the numbers of each series, and those between that have not.
//!
//! A device numbers its files; a number that is passed over was lost on its way, or comes later. Bounded: who has a lease
//! could number as it likes.

use std::collections::HashMap;

use sync_protocol::ids::{ActorPrefix, Millis, Salt};
use sync_protocol::limits::COURIER_MISSING_MAX;

use crate::limits::COURIER_SERIES_MAX;

/// The files of all devices.
#[derive(Debug, Clone, Default)]
pub struct Couriers(HashMap<ActorPrefix, Vec<Series>>);

/// The files of one store.
#[derive(Debug, Clone)]
struct Series {
    id: Salt,
    /// The highest number that has come.
    last: u64,
    /// Hub time at which it came.
    at: Millis,
    /// Runs of numbers below it that have not, first and last of each.
    missing: Vec<(u64, u64)>,
}

impl Couriers {
    fn series(&self, lease: ActorPrefix, id: Salt) -> Option<&Series> {
        self.0.get(&lease)?.iter().find(|series| series.id == id)
    }

    /// Whether this number of a series has not come before.
    #[must_use]
    pub fn is_news(&self, lease: ActorPrefix, id: Salt, number: u64) -> bool {
        self.series(lease, id).is_none_or(|series| {
            number > series.last || series.missing.iter().any(|(first, last)| (*first..=*last).contains(&number))
        })
    }

    /// Runs of numbers of a series that have not come.
    #[must_use]
    pub fn missing(&self, lease: ActorPrefix, id: Salt) -> Vec<(u64, u64)> {
        self.series(lease, id).map(|series| series.missing.clone()).unwrap_or_default()
    }

    /// How many files of a lease have not come, all series together.
    #[must_use]
    pub fn missing_of(&self, lease: ActorPrefix) -> u64 {
        let runs = self.0.get(&lease).into_iter().flatten().flat_map(|series| &series.missing);
        runs.fold(0, |sum, (first, last)| sum.saturating_add((last - first).saturating_add(1)))
    }

    /// A file has come.
    pub(super) fn came(&mut self, lease: ActorPrefix, id: Salt, number: u64, at: Millis) {
        let all = self.0.entry(lease).or_default();
        let index = match all.iter().position(|series| series.id == id) {
            Some(index) => index,
            None => {
                if all.len() >= COURIER_SERIES_MAX {
                    let oldest = all.iter().enumerate().min_by_key(|(_, series)| series.at).map(|(index, _)| index);
                    all.remove(oldest.unwrap_or_default());
                }
                all.push(Series { id, last: 0, at, missing: Vec::new() });
                all.len() - 1
            }
        };
        let series = &mut all[index];
        series.at = at;
        if number > series.last {
            if number > series.last + 1 {
                series.missing.push((series.last + 1, number - 1));
            }
            series.last = number;
        } else {
            let split = |(first, last): (u64, u64)| {
                let parts = if (first..=last).contains(&number) {
                    [(first, number - 1), (number + 1, last)]
                } else {
                    [(first, last), (1, 0)]
                };
                parts.into_iter().filter(|(first, last)| first <= last)
            };
            series.missing = std::mem::take(&mut series.missing).into_iter().flat_map(split).collect();
        }
        let over = series.missing.len().saturating_sub(COURIER_MISSING_MAX);
        series.missing.drain(..over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: ActorPrefix = ActorPrefix::new([1; 8]);
    const SERIES: Salt = Salt::new([2; 16]);

    fn after(numbers: &[u64]) -> Couriers {
        let mut couriers = Couriers::default();
        for number in numbers {
            couriers.came(LEASE, SERIES, *number, Millis(0));
        }
        couriers
    }

    #[test]
    fn a_number_that_was_passed_over_is_missing_until_it_comes() {
        assert_eq!(after(&[1, 2, 3]).missing(LEASE, SERIES), []);
        assert_eq!(after(&[3]).missing(LEASE, SERIES), [(1, 2)]);
        let lost = after(&[1, 5, 9]);
        assert_eq!((lost.missing(LEASE, SERIES), lost.missing_of(LEASE)), (vec![(2, 4), (6, 8)], 6));
        let later = after(&[1, 5, 9, 3, 6]);
        assert_eq!(later.missing(LEASE, SERIES), [(2, 2), (4, 4), (7, 8)]);
        for (number, news) in [(1, false), (2, true), (3, false), (9, false), (10, true)] {
            assert_eq!(later.is_news(LEASE, SERIES, number), news, "{number}");
        }
        assert_eq!(after(&[1, 5, 5, 2, 3, 4, 4]).missing(LEASE, SERIES), []);
    }

    #[test]
    fn whoever_numbers_as_they_like_takes_no_more_room() {
        let mut couriers = after(&[1]);
        for number in 1..1_000 {
            couriers.came(LEASE, SERIES, number * 10, Millis(0));
            couriers.came(LEASE, Salt::new([number.to_be_bytes()[7]; 16]), u64::MAX - 1, Millis(0));
        }
        couriers.came(LEASE, SERIES, u64::MAX, Millis(0));
        assert!(couriers.missing(LEASE, SERIES).len() <= COURIER_MISSING_MAX);
        assert!(couriers.0[&LEASE].len() <= COURIER_SERIES_MAX);
        assert!(couriers.missing_of(LEASE) > 1_000);
        assert!(couriers.is_news(ActorPrefix::new([9; 8]), SERIES, 1));
    }
}
