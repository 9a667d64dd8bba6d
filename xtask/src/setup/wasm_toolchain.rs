//! A Rust toolchain that builds for `wasm32-unknown-unknown`, and how to run it.
//!
//! Owns the choice between the active toolchain (to which rustup can add the target) and a private
//! sysroot around Debian's compiler. Must not know what is built with it. Called by `page`, `test`
//! and `check`.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use duct::{Expression, cmd};

use crate::process;
use crate::project::Project;
use crate::setup::sysroot::Sysroot;
use crate::setup::{apt, sysroot};
use crate::step;

/// The target that the page is built for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Far more than the download takes; without a bound, a firewall that answers nothing holds us up.
const RUSTUP_TIMEOUT: Duration = Duration::from_secs(120);

/// `rustup` or `debian`: use only this route. For those who test the other one.
const ROUTE_VARIABLE: &str = "SHARDSCOPE_WASM_ROUTE";

/// A toolchain that has a standard library for [`TARGET`].
pub(crate) enum WasmToolchain {
    /// The active toolchain has the target.
    Active,
    /// Debian's compiler with a standard library that was built here.
    Debian(Sysroot),
}

impl WasmToolchain {
    /// Takes the toolchain that is there, or makes one: by rustup, else from Debian's packages.
    pub(crate) fn find_or_set_up(project: &Project) -> Result<Self> {
        let wanted = env::var(ROUTE_VARIABLE).unwrap_or_default();
        let (rustup_route, debian_route) = match wanted.as_str() {
            "" => (true, true),
            "rustup" => (true, false),
            "debian" => (false, true),
            other => bail!("{ROUTE_VARIABLE}={other}: set it to `rustup` or `debian`, or unset it"),
        };
        if rustup_route && active_toolchain_has_target() {
            return Ok(Self::Active);
        }
        if debian_route && let Some(sysroot) = Sysroot::find(project) {
            return Ok(Self::Debian(sysroot));
        }
        if rustup_route {
            match step::step("Rust's wasm32 standard library, by rustup", add_target_by_rustup) {
                Ok(()) => return Ok(Self::Active),
                Err(error) => println!("    {error:#}"),
            }
        }
        if debian_route {
            return Sysroot::set_up(project).map(Self::Debian).with_context(by_hand);
        }
        bail!(by_hand());
    }

    /// Which route this is, for people.
    pub(crate) fn description(&self) -> String {
        match self {
            Self::Active => format!("the active Rust toolchain, which has {TARGET}"),
            Self::Debian(sysroot) => sysroot.description(),
        }
    }

    /// Brings clippy for this toolchain.
    pub(crate) fn set_up_clippy(&self) -> Result<()> {
        match self {
            Self::Active => clippy_of_the_active_toolchain(),
            Self::Debian(_) if apt::are_installed(&[sysroot::CLIPPY_PACKAGE]) => Ok(()),
            Self::Debian(_) => {
                step::step("clippy for Debian's Rust", || apt::install(&[sysroot::CLIPPY_PACKAGE]))
            }
        }
    }

    /// This toolchain's cargo.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Result<Expression> {
        let command = match self {
            Self::Active => cmd("cargo", arguments),
            Self::Debian(sysroot) => cmd(sysroot.cargo(), arguments),
        };
        self.with_environment(&command, &[])
    }

    /// This toolchain's clippy.
    pub(crate) fn clippy(&self, arguments: &[&str]) -> Result<Expression> {
        let Self::Debian(sysroot) = self else {
            return Ok(cmd("cargo", [&["clippy"], arguments].concat()));
        };
        // Through cargo, one in cargo's home would win: rustup's, which is for another compiler.
        let program = sysroot.bin().join("cargo-clippy");
        self.with_environment(&cmd(program, [&["clippy"], arguments].concat()), &[])
    }

    /// A command that itself calls `cargo` and `rustc`, and is to find this toolchain's; and other
    /// programs, which it is to find in `folders`.
    pub(crate) fn with_environment(
        &self,
        command: &Expression,
        folders: &[PathBuf],
    ) -> Result<Expression> {
        let Self::Debian(sysroot) = self else {
            return Ok(command.env("PATH", process::path_with(folders)?));
        };
        let variables: [(&str, OsString); 6] = [
            ("PATH", process::path_with(&[&[sysroot.bin()], folders].concat())?),
            ("CARGO", sysroot.cargo().into()),
            ("RUSTC", sysroot.bin().join("rustc").into()),
            ("RUSTDOC", sysroot.bin().join("rustdoc").into()),
            // For clippy, which is a compiler of its own and looks for the libraries here.
            ("SYSROOT", sysroot.folder().into()),
            ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", sysroot::LINKER.into()),
        ];
        // The cargo that started this program left these behind for another compiler.
        let clean = command.env_remove("RUSTUP_TOOLCHAIN").env_remove("LD_LIBRARY_PATH");
        Ok(variables.into_iter().fold(clean, |command, (name, value)| command.env(name, value)))
    }
}

/// Brings clippy for the toolchain that builds for the host.
pub(crate) fn clippy_of_the_active_toolchain() -> Result<()> {
    if process::read(&cmd!("cargo", "clippy", "--version")).is_some() {
        return Ok(());
    }
    step::step("clippy, by rustup", || {
        process::run(&rustup(&["component", "add", "clippy"]), "rustup")
            .context("clippy is missing: type `rustup component add clippy`")
    })
}

fn active_toolchain_has_target() -> bool {
    let query = cmd!("rustc", "--print", "target-libdir", "--target", TARGET);
    let Some(folder) = process::read(&query) else {
        return false;
    };
    PathBuf::from(folder).read_dir().is_ok_and(|mut files| files.next().is_some())
}

fn add_target_by_rustup() -> Result<()> {
    if process::on_path("rustup").is_none() {
        bail!("there is no rustup here");
    }
    let command = rustup(&["target", "add", TARGET]).stdin_null().unchecked();
    let handle = command.start().context("cannot start rustup")?;
    let Some(output) = handle.wait_timeout(RUSTUP_TIMEOUT)? else {
        handle.kill()?;
        bail!("rustup has not ended within {} s", RUSTUP_TIMEOUT.as_secs());
    };
    if !output.status.success() || !active_toolchain_has_target() {
        bail!("rustup could not add {TARGET}");
    }
    Ok(())
}

/// rustup as it fails soonest: no second try, no other toolchain brought along.
fn rustup(arguments: &[&str]) -> Expression {
    cmd("rustup", arguments).env("RUSTUP_MAX_RETRIES", "0").env("RUSTUP_AUTO_INSTALL", "0")
}

fn by_hand() -> String {
    format!("no Rust for {TARGET}: type `rustup target add {TARGET}` where rustup can download")
}
