//! The runs of one host, and their shares of its time. All runs together have a fixed number of seconds, which grows
//! with the number of operations only when each operation has come down to a minimum.

/// The seconds of all runs on the native host.
pub const SECONDS: u64 = 200;
/// The minimum time of an operation in a run: enough for a request of each kind that Schemathesis generates.
const FLOOR_MS: u64 = 200;
/// The minimum time of a run, in seconds.
const SHORTEST_RUN: u64 = 5;

/// The security schemes in each version, and how much of the time an operation gets there, compared with one in the
/// other runs. Operations for keys, and those of version 2, mostly repeat those of version 1 for users in another form.
pub const RUNS: [(u32, &str, u64); 4] = [
    (1, "user", 4),
    (1, "key", 2),
    (1, "portal", 4),
    (2, "user", 1),
];

/// The seconds of each run for the given numbers of operations: each operation gets a part of `total` by its run's
/// weight, or the minimum. Schemathesis shares a run's time among its operations.
pub fn shares(total: u64, operations: &[usize]) -> Vec<u64> {
    let numbers = operations.iter().map(|&number| number as u64);
    let weighed: Vec<u64> = RUNS
        .iter()
        .zip(numbers.clone())
        .map(|((_, _, weight), number)| weight * number)
        .collect();
    let all = weighed.iter().sum::<u64>().max(1);
    numbers
        .zip(weighed)
        .map(|(number, weighed)| {
            let floor = (number * FLOOR_MS).div_ceil(1_000);
            (total * weighed / all).max(floor).max(SHORTEST_RUN)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_share_the_time_and_none_gets_less_than_the_floor() {
        assert_eq!(shares(200, &[45, 36, 1, 45]), [119, 47, 5, 29]);
        // Three times as many operations take the same time.
        assert_eq!(shares(200, &[135, 108, 3, 135]), [119, 47, 5, 29]);
        // With the Worker's half, the run with the lowest weight is at the minimum.
        assert_eq!(shares(100, &[135, 108, 3, 135]), [59, 23, 5, 27]);
        assert_eq!(shares(200, &[1_000, 0, 0, 1_000]), [200, 5, 5, 200]);
        assert_eq!(shares(0, &[0, 0, 0, 0]), [5; 4]);
    }
}
