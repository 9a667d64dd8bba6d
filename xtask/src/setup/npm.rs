//! The npm packages that `package-lock.json` names: development tools, nothing that the page loads.
//!
//! Must not know what they are for. Called by `test`, `check` and `dist`.

use std::fs;

use anyhow::{Context, Result, bail};
use duct::cmd;

use crate::project::Project;
use crate::setup::apt;
use crate::{process, step};

/// The oldest Node.js that the packages run on; `package.json` says the same.
const NODE_MAJOR_MIN: u32 = 20;

/// Brings the packages, unless those that the lock names are there.
pub(crate) fn set_up(project: &Project) -> Result<()> {
    let lock = fs::read_to_string(project.root.join("package-lock.json"))
        .context("package-lock.json is missing: type `git checkout package-lock.json`")?;
    // `npm ci` begins by removing the folder, and the stamp with it.
    let stamp = project.root.join("node_modules/complete.stamp");
    let done = || step::is_stamped(&stamp, &lock);
    if done() {
        return Ok(());
    }
    let has_npm = || process::on_path("npm").is_some();
    step::once(project, "Node.js, from Debian's packages", has_npm, || {
        apt::install(&["nodejs", "npm"])
    })
    .with_context(|| node_by_hand("is missing"))?;
    check_node_version()?;
    step::once(project, "npm packages", done, || {
        let install = cmd!("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
            .dir(&project.root);
        process::run(&install, "npm ci").context("type `npm ci` to see why")?;
        step::write_stamp(&stamp, &lock)
    })
}

fn check_node_version() -> Result<()> {
    let version = process::read(&cmd!("node", "--version"));
    match version.as_deref().and_then(major_version) {
        Some(major) if major >= NODE_MAJOR_MIN => Ok(()),
        _ => bail!(node_by_hand(&format!("is {}", version.as_deref().unwrap_or("missing")))),
    }
}

fn node_by_hand(what: &str) -> String {
    format!("Node.js {what}: install version {NODE_MAJOR_MIN} or newer, with npm, from nodejs.org")
}

/// `20` of `v20.20.2`.
fn major_version(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major_version;

    #[test]
    fn reads_what_node_says_of_itself() {
        assert_eq!(major_version("v20.20.2"), Some(20));
        assert_eq!(major_version("v9.1"), Some(9));
        assert_eq!(major_version("20.20.2"), None);
        assert_eq!(major_version(""), None);
    }
}
