//! What this process has used.

/// Processor seconds and peak resident bytes of this process.
pub(crate) fn usage() -> (f64, u64) {
    use nix::sys::resource::{UsageWho, getrusage};
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return (0.0, 0) };
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    // Linux tells KiB, macOS bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let peak = high_water_mark().unwrap_or_else(|| u64::try_from(usage.max_rss()).unwrap_or(0) * unit);
    (seconds(usage.user_time()) + seconds(usage.system_time()), peak)
}

/// Peak resident bytes by the kernel's own count of this program. What `getrusage` tells on Linux is at least the
/// size of whoever started it: the mark is kept over `exec`.
fn high_water_mark() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Processor seconds of the thread that asks: other work on the machine does not count.
pub(crate) fn thread_seconds() -> f64 {
    use nix::time::{ClockId, clock_gettime};
    let Ok(time) = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID) else { return 0.0 };
    time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9
}
