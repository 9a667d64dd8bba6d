//! Named, timed steps, and the records that make a finished one cost nothing the next time.
//!
//! Must not know what the steps do. Called by every command.

use std::fs::{self, File};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::project::Project;

/// Runs `work` under a printed name, and prints how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("==> {name}");
    let start = Instant::now();
    let outcome = work();
    let seconds = start.elapsed().as_secs_f64();
    match &outcome {
        Ok(_) => println!("    {name}: done in {seconds:.1} s"),
        Err(_) => println!("    {name}: failed after {seconds:.1} s"),
    }
    outcome
}

/// A set-up step: runs `work` unless `done` holds, alone among all xtasks of this checkout.
///
/// `done` is asked again once the others have finished: they may have done the step meanwhile.
pub(crate) fn once(
    project: &Project,
    name: &str,
    done: impl Fn() -> bool,
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    if done() {
        return Ok(());
    }
    fs::create_dir_all(&project.tools)
        .with_context(|| format!("cannot create {}", project.tools.display()))?;
    let path = project.tools.join("lock");
    let lock = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    if lock.try_lock().is_err() {
        println!("    waiting for another xtask to finish its set-up");
        lock.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    if done() {
        return Ok(());
    }
    step(name, work)
}

/// True when the stamp at `path` holds exactly `content`.
pub(crate) fn is_stamped(path: &Path, content: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|stamp| stamp == content)
}

/// Writes a stamp; the last thing a set-up step does. Atomic, so that there is no half stamp.
pub(crate) fn write_stamp(path: &Path, content: &str) -> Result<()> {
    let partial = path.with_extension("partial");
    fs::write(&partial, content)
        .and_then(|()| fs::rename(&partial, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Puts a folder that was written under a temporary name in its place.
pub(crate) fn replace_folder(partial: &Path, folder: &Path) -> Result<()> {
    remove_folder(folder)?;
    fs::rename(partial, folder)
        .with_context(|| format!("cannot move {} into place", folder.display()))
}

/// Removes a folder, if it is there.
pub(crate) fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::bail;

    use super::{is_stamped, once, write_stamp};
    use crate::project::Project;

    #[test]
    fn a_step_runs_until_it_has_succeeded_and_then_never_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let project = Project {
            root: folder.path().into(),
            target: folder.path().join("target"),
            tools: folder.path().join("tools"),
        };
        let stamp = project.tools.join("a.stamp");
        let runs = Cell::new(0);
        let attempt = |succeeds: bool| {
            once(
                &project,
                "a",
                || is_stamped(&stamp, "1"),
                || {
                    runs.set(runs.get() + 1);
                    if !succeeds {
                        bail!("interrupted");
                    }
                    write_stamp(&stamp, "1")
                },
            )
        };
        attempt(false).expect_err("the step failed");
        attempt(true).expect("the step succeeds");
        attempt(false).expect("the step does not run again");
        assert_eq!(runs.get(), 2);
    }

    #[test]
    fn a_stamp_of_another_version_does_not_count() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let stamp = folder.path().join("a.stamp");
        write_stamp(&stamp, "1").expect("the stamp is written");
        assert!(is_stamped(&stamp, "1"));
        assert!(!is_stamped(&stamp, "2"));
    }
}
