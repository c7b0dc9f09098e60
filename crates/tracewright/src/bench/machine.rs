//! The machine that figures come from, and what this process took of it. Read from `/proc`; elsewhere than on Linux these are empty or 0.

use std::fs;

const TICKS_PER_S: f64 = 100.0;

/// Processor, cores and memory, as far as the system says.
pub(super) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores, {}, memory {}", field("/proc/cpuinfo", "model name"), field("/proc/meminfo", "MemTotal"))
}

/// Processes that wanted to run in the last minute: above the number of cores, others were waiting too.
pub(super) fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or(0.0)
}

/// CPU seconds of this process so far.
pub(super) fn cpu_s() -> f64 {
    cpu_of("/proc/self/stat", 2)
}

/// CPU seconds of this thread so far.
pub(super) fn thread_cpu_s() -> f64 {
    cpu_of("/proc/thread-self/stat", 2)
}

/// CPU seconds of another process and of all its children, those that ended among them.
#[cfg(feature = "bench-postgres")]
pub(super) fn cpu_of_family_s(process: u32) -> f64 {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let children = entries.map(|entry| entry.path().join("stat")).filter(|stat| {
        let text = fs::read_to_string(stat).unwrap_or_default();
        let parent = text.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        parent == Some(process)
    });
    let living: f64 = children.map(|stat| cpu_of(&stat.to_string_lossy(), 2)).sum();
    cpu_of(&format!("/proc/{process}/stat"), 4) + living
}

/// Memory of the machine, MB.
#[cfg(feature = "bench-postgres")]
pub(super) fn memory_mb() -> f64 {
    megabytes(&field("/proc/meminfo", "MemTotal"))
}

/// Resident memory of this process, MB.
pub(super) fn resident_mb() -> f64 {
    megabytes(&field("/proc/self/status", "VmRSS"))
}

/// Largest resident memory of this process so far, MB.
pub(super) fn resident_peak_mb() -> f64 {
    megabytes(&field("/proc/self/status", "VmHWM"))
}

fn megabytes(text: &str) -> f64 {
    let kilobytes = text.split_whitespace().next().and_then(|number| number.parse().ok());
    kilobytes.map_or(0.0, |kilobytes: f64| (kilobytes / 1024.0).round())
}

/// The value of the first line that begins with a name.
fn field(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// User and system time, and with four fields those of ended children.
fn cpu_of(stat: &str, fields: usize) -> f64 {
    let text = fs::read_to_string(stat).unwrap_or_default();
    let after_name = text.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let times = after_name.split_whitespace().skip(11).take(fields);
    let ticks: f64 = times.filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_S
}
