//! Processor time and memory of a process, as the kernel counts them.

use std::time::Duration;

/// Clock ticks a second in `/proc/PID/stat`: fixed at 100 for programs on Linux (`man 5 proc`, `man 7 time`).
const TICKS_PER_SECOND: u64 = 100;

/// User and system time that a process has used; `None` where `/proc` does not tell.
#[must_use]
pub fn processor_time(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

/// The most memory that a process has held, in bytes.
#[must_use]
pub fn peak_memory_bytes(pid: u32) -> Option<u64> {
    memory(pid, "VmHWM:")
}

/// The memory that a process holds at this moment, in bytes.
#[must_use]
pub fn resident_bytes(pid: u32) -> Option<u64> {
    memory(pid, "VmRSS:")
}

fn memory(pid: u32, what: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_some_memory_and_its_time_is_told() {
        let pid = std::process::id();
        assert!(processor_time(pid).is_some());
        assert!(resident_bytes(pid).unwrap() > 1_000_000);
        assert!(peak_memory_bytes(pid).unwrap() >= resident_bytes(pid).unwrap() / 2);
        assert!(processor_time(u32::MAX).is_none());
    }
}
