//! Whether the system has killed a process because memory ran out: told by the counters that Linux keeps, of the control group where there
//! is one with a limit of its own, else of the whole machine.

use std::path::{Path, PathBuf};

/// The counter before an engine was started.
pub struct Kills(Option<Counter>);

/// A counter, and what it said.
struct Counter {
    file: PathBuf,
    field: &'static str,
    count: u64,
}

impl Kills {
    /// What is counted now.
    pub(crate) fn now() -> Self {
        let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let of_groups = files(&groups, Path::new("/sys/fs/cgroup"));
        let machine = (PathBuf::from("/proc/vmstat"), "oom_kill");
        Kills(of_groups.into_iter().chain([machine]).find_map(|(file, field)| {
            let count = read(&std::fs::read_to_string(&file).ok()?, field)?;
            Some(Counter { file, field, count })
        }))
    }

    /// Whether something was killed since then; nothing where the system does not tell.
    pub(crate) fn since(&self) -> Option<bool> {
        let Counter { file, field, count } = self.0.as_ref()?;
        Some(read(&std::fs::read_to_string(file).ok()?, field)? > *count)
    }
}

/// Where the groups of `/proc/self/cgroup` count their kills, in either form of control groups.
fn files(groups: &str, root: &Path) -> Vec<(PathBuf, &'static str)> {
    let line = |line: &str| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?.trim_start_matches('/'));
        match controllers {
            "" => Some((root.join(path).join("memory.events"), "oom_kill")),
            _ if controllers.split(',').any(|it| it == "memory") => {
                Some((root.join("memory").join(path).join("memory.oom_control"), "oom_kill"))
            }
            _ => None,
        }
    };
    groups.lines().filter_map(line).collect()
}

/// A field of lines of `name number`.
fn read(text: &str, field: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_in_both_forms_of_control_groups() {
        let root = Path::new("/cg");
        let of = |groups: &str| files(groups, root).into_iter().map(|(file, _)| file.display().to_string()).collect::<Vec<_>>();
        assert_eq!(of("0::/user.slice/run-1\n"), ["/cg/user.slice/run-1/memory.events"]);
        assert_eq!(of("5:cpu,cpuacct:/x\n4:memory:/docker/a\n0::/\n"), ["/cg/memory/docker/a/memory.oom_control", "/cg/memory.events"]);
        assert_eq!(of("nonsense"), [] as [&str; 0]);
    }

    #[test]
    fn a_counter_is_read_by_its_whole_name() {
        let events = "low 0\nhigh 3\nmax 9\noom 2\noom_kill 1\noom_group_kill 0\n";
        assert_eq!((read(events, "oom_kill"), read(events, "oom"), read(events, "oom_kill_x")), (Some(1), Some(2), None));
        assert_eq!(read("oom_kill_disable 0\nunder_oom 0\noom_kill 4\n", "oom_kill"), Some(4));
    }

    #[test]
    fn nothing_is_killed_between_two_looks() {
        let kills = Kills(Some(Counter { file: PathBuf::from("/proc/self/none"), field: "oom_kill", count: 0 }));
        assert_eq!(kills.since(), None);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("memory.events");
        std::fs::write(&file, "oom 1\noom_kill 1\n").unwrap();
        let kills = Kills(Some(Counter { file: file.clone(), field: "oom_kill", count: 1 }));
        assert_eq!(kills.since(), Some(false));
        std::fs::write(&file, "oom 2\noom_kill 2\n").unwrap();
        assert_eq!(kills.since(), Some(true));
    }
}
