//! The machine that is measured on.

use std::fs;

use serde::Serialize;

/// What figures depend on, as the system tells it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    /// Processors this process may use.
    pub(crate) cores: usize,
    /// Model of the processor; empty where the system does not say.
    pub(crate) cpu: String,
    /// Architecture.
    pub(crate) arch: &'static str,
    /// Memory of the machine, bytes; 0 where the system does not say.
    pub(crate) memory_bytes: u64,
    /// Load average of the minute before the start; none where the system does not say.
    pub(crate) load_1m: Option<f64>,
    /// Others were at work: figures in time are too low, and spread.
    pub(crate) busy: bool,
}

/// So much of a core may others use before the machine counts as busy: what a desktop does while nobody touches it.
const QUIET: f64 = 0.3;

impl Machine {
    /// Looks at it; before anything is measured.
    pub(crate) fn look() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let (cpus, memory, load) = (read("/proc/cpuinfo"), read("/proc/meminfo"), read("/proc/loadavg"));
        let cpu =
            cpus.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(':').nth(1));
        let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
        let kib = kib.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        let load_1m = load.split(' ').next().and_then(|text| text.parse::<f64>().ok());
        Self {
            cores,
            cpu: cpu.unwrap_or_default().trim().to_owned(),
            arch: std::env::consts::ARCH,
            memory_bytes: kib.unwrap_or(0) * 1024,
            load_1m,
            busy: load_1m.is_some_and(|load| load > QUIET),
        }
    }

    /// The numbers of threads at which scaling is measured: each up to 8, then doubled, and all there are.
    pub(crate) fn steps(most: usize) -> Vec<usize> {
        let mut steps: Vec<usize> = (1..=most.min(8)).collect();
        let mut next = 16;
        while next < most {
            steps.push(next);
            next *= 2;
        }
        if most > 8 {
            steps.push(most);
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::Machine;

    #[test]
    fn scaling_is_measured_up_to_all_cores() {
        assert_eq!(Machine::steps(1), [1]);
        assert_eq!(Machine::steps(3), [1, 2, 3]);
        assert_eq!(Machine::steps(48), [1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 48]);
    }
}
