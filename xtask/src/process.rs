//! Running other programs: none may ask a question, and a failure is a sentence.
//!
//! Must not know which programs there are. Called by every command.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use duct::Expression;

/// Runs a command, its output shown; fails when it fails.
pub(crate) fn run(command: &Expression, name: &str) -> Result<()> {
    let output =
        command.stdin_null().unchecked().run().with_context(|| format!("cannot start {name}"))?;
    if !output.status.success() {
        bail!("{name} failed ({}); what it printed is above", output.status);
    }
    Ok(())
}

/// Runs a command that says much and means little: its output is shown only when it fails.
pub(crate) fn run_quietly(command: &Expression, name: &str) -> Result<()> {
    let output = command
        .stdin_null()
        .stderr_to_stdout()
        .stdout_capture()
        .unchecked()
        .run()
        .with_context(|| format!("cannot start {name}"))?;
    if !output.status.success() {
        std::io::stdout().write_all(&output.stdout)?;
        bail!("{name} failed ({}); what it printed is above", output.status);
    }
    Ok(())
}

/// What a command prints on its standard output, trimmed; `None` when it fails or is not there.
pub(crate) fn read(command: &Expression) -> Option<String> {
    let text = command.stdin_null().stderr_null().read().ok()?;
    Some(text.trim().to_owned())
}

/// Runs a command with its output shown and handed to `each_line`. True when it succeeded.
pub(crate) fn run_and_watch(
    command: &Expression,
    name: &str,
    mut each_line: impl FnMut(&str),
) -> Result<bool> {
    let handle = command
        .stdin_null()
        .stderr_to_stdout()
        .unchecked()
        .reader()
        .with_context(|| format!("cannot start {name}"))?;
    let mut output = BufReader::new(&handle);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        std::io::stdout().write_all(&line)?;
        each_line(&String::from_utf8_lossy(&line));
        line.clear();
    }
    match handle.try_wait()? {
        Some(output) => Ok(output.status.success()),
        None => bail!("{name} closed its output and did not end"),
    }
}

/// The program's path, if it is on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    which::which(program).ok()
}

/// `PATH` with `folders` in front.
pub(crate) fn path_with(folders: &[PathBuf]) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(folders.iter().cloned().chain(std::env::split_paths(&path)))
        .context("PATH holds a folder name that cannot be used")
}

#[cfg(test)]
mod tests {
    use duct::cmd;

    use super::{read, run_and_watch};

    #[test]
    fn watching_sees_every_line_of_both_outputs_and_the_outcome() {
        let mut lines = Vec::new();
        let command = cmd!("sh", "-c", "echo one; echo two >&2; printf three; exit 3");
        let success = run_and_watch(&command, "sh", |line| lines.push(line.trim().to_owned()));
        assert!(!success.expect("sh starts"));
        assert_eq!(lines, ["one", "two", "three"]);
    }

    #[test]
    fn reading_gives_nothing_when_the_program_fails_or_is_missing() {
        assert_eq!(read(&cmd!("sh", "-c", "echo text")).as_deref(), Some("text"));
        assert_eq!(read(&cmd!("sh", "-c", "echo text; exit 1")), None);
        assert_eq!(read(&cmd!("no-such-program-at-all")), None);
    }
}
