//! Debian's packages, where the user may install them without being asked anything.
//!
//! Must not know what the packages are for. Called by the other modules of `setup`.

use std::sync::Once;

use anyhow::{Context, Result, bail};
use duct::{Expression, cmd};

use crate::process;

/// True when every package is installed.
pub(crate) fn are_installed(packages: &[&str]) -> bool {
    packages.iter().all(|package| is_installed(package))
}

/// Installs packages; removes none. The error names what to type instead.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if are_installed(packages) {
        return Ok(());
    }
    let by_hand = format!("type `sudo apt-get install {}`", packages.join(" "));
    if process::on_path("apt-get").is_none() {
        bail!("this is not a Debian system, where that would be `apt-get`");
    }
    if !is_root() && !is_allowed_by_sudo() {
        bail!("no right to install packages: {by_hand}");
    }
    // Lists that are too old name packages that are gone; a failure here shows at the install.
    static LISTS: Once = Once::new();
    LISTS.call_once(|| {
        if let Err(error) = process::run_quietly(&apt_get(&["update"]), "apt-get update") {
            println!("    {error:#}; going on with the package lists that are here");
        }
    });
    // An install that was interrupted before must be finished first. Costs nothing otherwise.
    process::run_quietly(&as_root("dpkg", &["--configure", "-a"]), "dpkg --configure -a")
        .with_context(|| by_hand.clone())?;
    let mut arguments = vec!["install", "-y", "--no-install-recommends", "--no-remove"];
    arguments.extend(packages);
    process::run_quietly(&apt_get(&arguments), "apt-get install").context(by_hand)
}

fn is_installed(package: &str) -> bool {
    let query = cmd!("dpkg-query", "--show", "--showformat=${db:Status-Status}", package);
    process::read(&query).as_deref() == Some("installed")
}

fn is_root() -> bool {
    process::read(&cmd!("id", "-u")).as_deref() == Some("0")
}

fn is_allowed_by_sudo() -> bool {
    process::read(&cmd!("sudo", "-n", "true")).is_some()
}

fn apt_get(arguments: &[&str]) -> Expression {
    // Another apt may be at work (automatic updates): wait for it instead of failing.
    let mut all = vec!["-q", "-o", "DPkg::Lock::Timeout=300"];
    all.extend(arguments);
    as_root("apt-get", &all)
}

fn as_root(program: &str, arguments: &[&str]) -> Expression {
    let command = if is_root() {
        cmd(program, arguments)
    } else {
        let quiet = ["-n", "DEBIAN_FRONTEND=noninteractive", program];
        cmd("sudo", quiet.iter().chain(arguments))
    };
    command.env("DEBIAN_FRONTEND", "noninteractive")
}
