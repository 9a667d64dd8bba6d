//! The two browsers and the drivers by which programs steer them.
//!
//! Found on `PATH` or at their usual places, else from Debian's packages. Must not run tests.
//! Called by `test`.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::setup::{apt, cargo_tools};
use crate::{process, step};

/// A browser and its driver.
pub(crate) struct Browser {
    /// The browser's program.
    pub(crate) browser: PathBuf,
    /// The driver's program.
    pub(crate) driver: PathBuf,
}

/// Where to look for a program.
struct Places<'a> {
    /// An environment variable that names it, and wins.
    variable: &'a str,
    /// Its names on `PATH`.
    names: &'a [&'a str],
    /// Other usual places.
    paths: &'a [&'a str],
}

const CHROME: Places<'_> = Places {
    variable: "SHARDSCOPE_CHROMIUM",
    names: &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"],
    paths: &["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"],
};
const CHROMEDRIVER: Places<'_> = Places {
    variable: "CHROMEDRIVER",
    names: &["chromedriver"],
    paths: &["/usr/lib/chromium/chromedriver", "/usr/lib/chromium-browser/chromedriver"],
};
const FIREFOX: Places<'_> = Places {
    variable: "SHARDSCOPE_FIREFOX",
    names: &["firefox", "firefox-esr"],
    paths: &["/Applications/Firefox.app/Contents/MacOS/firefox"],
};

/// Chromium's browser only, for tests that bring their own driver.
pub(crate) fn chromium(project: &Project) -> Result<PathBuf> {
    find_or_install(project, &CHROME, "chromium", "install Chrome or Chromium, with chromedriver")
}

/// Chrome or Chromium, with chromedriver.
pub(crate) fn chrome(project: &Project) -> Result<Browser> {
    let browser = chromium(project)?;
    let by_hand = "install the chromedriver of your Chrome's version and put it on PATH";
    let driver = find_or_install(project, &CHROMEDRIVER, "chromium-driver", by_hand)?;
    Ok(Browser { browser, driver })
}

/// Firefox, with geckodriver.
pub(crate) fn firefox(project: &Project) -> Result<Browser> {
    let browser = find_or_install(project, &FIREFOX, "firefox-esr", "install Firefox")?;
    let driver = match env::var_os("GECKODRIVER") {
        Some(path) => PathBuf::from(path),
        None => cargo_tools::geckodriver(project)?,
    };
    Ok(Browser { browser, driver })
}

fn find_or_install(
    project: &Project,
    places: &Places<'_>,
    package: &str,
    by_hand: &str,
) -> Result<PathBuf> {
    if let Some(path) = env::var_os(places.variable) {
        let path = PathBuf::from(path);
        if !path.is_file() {
            let variable = places.variable;
            bail!("{variable}={} is not a file: correct or unset it", path.display());
        }
        return Ok(path);
    }
    let name = format!("{package}, from Debian's packages");
    step::once(project, &name, || places.find().is_some(), || apt::install(&[package]))
        .with_context(|| format!("{package} is missing: {by_hand}"))?;
    places.find().with_context(|| format!("{package} does not show on PATH: {by_hand}"))
}

impl Places<'_> {
    fn find(&self) -> Option<PathBuf> {
        let on_path = self.names.iter().find_map(|name| process::on_path(name));
        let elsewhere = || self.paths.iter().map(Path::new).find(|path| path.is_file());
        on_path.or_else(|| elsewhere().map(Path::to_owned))
    }
}
