//! `cargo xtask test`: runs every test there is, in three parts, and adds up what they counted.
//!
//! Owns which suites there are and how the total is told. Must not know what a suite tests. A part
//! that cannot run, or runs no test, has failed.

mod tally;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::ValueEnum;
use duct::cmd;

use crate::project::Project;
use crate::setup::browsers::{self, Browser};
use crate::setup::wasm_toolchain::WasmToolchain;
use crate::setup::{cargo_tools, npm};
use crate::static_files::StaticFiles;
use crate::test::tally::Tally;
use crate::{page, process, single_file, step};

/// A browser may be a hundred times slower than the machine that the limit was chosen on.
const WASM_TEST_TIMEOUT_S: u32 = 900;

/// A part of the tests that can be run alone.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Part {
    /// What runs on this machine itself
    Native,
    /// The same in headless Chrome and Firefox
    Wasm,
    /// The page in a browser
    Page,
}

/// Runs one part or all, and prints the total as the last line.
pub(crate) fn run(project: &Project, part: Option<Part>) -> Result<ExitCode> {
    let wants = |this: Part| part.is_none_or(|part| part == this);
    let mut suites: Vec<(&str, Tally)> = Vec::new();
    let mut suite = |name: &'static str, outcome: &dyn Fn() -> Result<Tally>| {
        let tally = step::step(name, outcome).unwrap_or_else(|error| {
            println!("error: {name}: {error:#}");
            Tally::default()
        });
        suites.push((name, tally));
    };
    if wants(Part::Native) {
        let shardscope = ["--workspace", "--exclude", "xtask"];
        suite("native tests", &|| native(project, &shardscope));
        // By itself: what has bugs planted in it is another build, which nothing else is to use.
        // With the profile of the hunt that wrote down what finds each: in others some panic first.
        let plants = ["--package", "shardscope-tests", "--features", "plants", "--test", "plants"];
        let plants = [&plants[..], &["--profile", "swarm"]].concat();
        suite("planted bugs", &|| native(project, &plants));
        // With the profile that xtask is built with anyway.
        let xtask = ["--package", "xtask", "--profile", "quick"];
        suite("tests of xtask itself", &|| native(project, &xtask));
    }
    if wants(Part::Wasm) {
        suite("wasm tests in Chrome", &|| wasm_in_chrome(project));
        suite("wasm tests in Firefox", &|| wasm_in_firefox(project));
    }
    if wants(Part::Page) {
        suite("page tests", &|| in_the_page(project));
    }

    println!();
    let total = suites.into_iter().fold(Tally::default(), |total, (name, tally)| {
        println!("{name}: {}{}", tally.settled(), tally.remark());
        total + tally.settled()
    });
    println!("{total}");
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn native(project: &Project, selection: &[&str]) -> Result<Tally> {
    let command = cmd("cargo", [&["test", "--no-fail-fast"], selection].concat());
    let mut tally = Tally::default();
    tally.completed = process::run_and_watch(&command.dir(&project.root), "cargo test", |line| {
        tally.add_libtest_line(line);
    })?;
    Ok(tally)
}

fn wasm_in_chrome(project: &Project) -> Result<Tally> {
    let Browser { driver, .. } = browsers::chrome(project)?;
    let driver = driver.display().to_string();
    wasm(project, &["--chrome", "--chromedriver", &driver])
}

fn wasm_in_firefox(project: &Project) -> Result<Tally> {
    let Browser { driver, .. } = browsers::firefox(project)?;
    let driver = driver.display().to_string();
    wasm(project, &["--firefox", "--geckodriver", &driver])
}

fn wasm(project: &Project, browser: &[&str]) -> Result<Tally> {
    let toolchain = WasmToolchain::find_or_set_up(project)?;
    let runner = cargo_tools::test_runner(project)?;
    let wasm_pack = cargo_tools::wasm_pack(project)?;
    let mut arguments = vec!["test", "--headless", "--release", "--mode", "no-install"];
    arguments.extend(browser);
    let folders = runner.parent().map(Path::to_owned).into_iter().collect::<Vec<_>>();
    let command = toolchain
        .with_environment(&cmd(wasm_pack, arguments), &folders)?
        .dir(project.root.join("tests"))
        .env("WASM_BINDGEN_TEST_TIMEOUT", WASM_TEST_TIMEOUT_S.to_string());
    let mut tally = Tally::default();
    tally.completed = process::run_and_watch(&command, "wasm-pack test", |line| {
        tally.add_libtest_line(line);
    })?;
    Ok(tally)
}

fn in_the_page(project: &Project) -> Result<Tally> {
    npm::set_up(project)?;
    let chromium = browsers::chromium(project)?;
    let toolchain = WasmToolchain::find_or_set_up(project)?;
    page::build(project, &toolchain)?;
    let server = StaticFiles::start(&project.www(), 0)?;
    let single = project.target.join("shardscope.html");
    single_file::write(project, &project.www().join("pkg/shardscope_web_bg.wasm"), &single)?;
    let report = project.target.join("page-tests.json");
    let config = project.root.join("tests/page/playwright.config.js");
    let command = cmd!(
        project.npm_program("playwright"),
        "test",
        "--reporter=list,json",
        "--config",
        &config
    )
    .dir(&project.root)
    .env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report)
    .env("SHARDSCOPE_CHROMIUM", chromium)
    .env("SHARDSCOPE_SINGLE", &single)
    .env("SHARDSCOPE_URL", server.url());
    // The report of an earlier run must not stand for this one.
    if report.exists() {
        std::fs::remove_file(&report).context("cannot remove the last page test report")?;
    }
    let completed = process::run_and_watch(&command, "playwright", |_| {})?;
    let text = std::fs::read_to_string(&report).context("playwright wrote no report")?;
    Ok(Tally { completed, ..Tally::of_playwright_report(&text)? })
}
