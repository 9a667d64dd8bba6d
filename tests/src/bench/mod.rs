//! The benchmarks: what to measure, in which order, and how it is told.
//!
//! Each module measures one thing and returns [`Figure`]s. Timings vary with the machine and with
//! what else it does, so nothing here fails: a figure that misses its target is marked.

mod allocations;
mod checkers;
mod cluster;
mod faults;
mod group;
mod idle;
mod load;
mod memory;
mod page;
mod phases;
mod report;
mod sizes;
mod split;
mod story;
mod wasm;
mod writes;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

pub(crate) use allocations::CountingAllocator;
use report::{Figure, Report};

/// How fast, how large and how frugal ShardScope is.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    /// Write the figures to this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure only this; may be given more than once.
    #[arg(long, value_enum)]
    only: Vec<Section>,
    /// How often each figure is measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Measure the page that is in this folder, instead of the one that is built from the sources.
    #[arg(long, value_name = "FOLDER")]
    page: Option<PathBuf>,
}

/// What can be measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Section {
    /// Committed writes a second, beside the same group on tokio.
    Writes,
    /// Virtual seconds a second of an idle cluster.
    Idle,
    /// What the checkers take of the run time.
    Checkers,
    /// What ten virtual minutes of load leave behind.
    Memory,
    /// What the four phases cost clients, under a thousand seeds.
    Phases,
    /// Wall time of a split.
    Split,
    /// Gzipped sizes.
    Sizes,
    /// Native beside wasm.
    Wasm,
    /// The same under every kind of fault.
    Faults,
}

impl Section {
    const ALL: [Section; 9] = [
        Section::Writes,
        Section::Idle,
        Section::Checkers,
        Section::Memory,
        Section::Phases,
        Section::Split,
        Section::Sizes,
        Section::Wasm,
        Section::Faults,
    ];

    /// Measures it; the figures that the page is needed for are left out when `page` has none.
    fn measure(self, runs: u32, page: &mut page::Page) -> Measured {
        match self {
            Section::Writes => Measured::all([writes::measure(runs), cluster::measure(runs)]),
            Section::Idle => Measured::all([idle::measure(runs)]),
            Section::Checkers => Measured::all([checkers::measure(runs)]),
            Section::Memory => {
                let native = memory::measure_native();
                Measured::all([native]).and(page.with(memory::measure_wasm))
            }
            Section::Phases => Measured::all([phases::measure()]),
            Section::Split => Measured::all([split::measure(runs)]),
            Section::Sizes => Measured::default().and(page.with(sizes::measure)),
            Section::Wasm => Measured::default().and(page.with(|page| wasm::measure(page, runs))),
            Section::Faults => {
                Measured::default().and(page.with(|page| faults::measure(page, runs)))
            }
        }
    }
}

/// Figures, and why some are missing.
#[derive(Default)]
struct Measured {
    figures: Vec<Figure>,
    missing: Vec<String>,
}

impl Measured {
    fn all(figures: impl IntoIterator<Item = Vec<Figure>>) -> Self {
        let figures = figures.into_iter().flatten().collect();
        Self { figures, missing: Vec::new() }
    }

    fn and(mut self, more: Result<Vec<Figure>, String>) -> Self {
        match more {
            Ok(figures) => self.figures.extend(figures),
            Err(why) => self.missing.push(why),
        }
        self
    }
}

/// Measures what the command line asks for.
pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut page = page::Page::new(arguments.page);
    let mut report = Report::default();
    for section in Section::ALL {
        if !arguments.only.is_empty() && !arguments.only.contains(&section) {
            continue;
        }
        eprintln!("measuring {section:?} ...");
        let Measured { figures, missing } = section.measure(arguments.runs, &mut page);
        report.add(&format!("{section:?}").to_lowercase(), figures, missing);
    }
    print!("{report}");
    let Some(path) = arguments.json else { return ExitCode::SUCCESS };
    match report.write_json(&path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("cannot write {}: {why}", path.display());
            ExitCode::FAILURE
        }
    }
}
