//! Figures and how they are told: a table for people, JSON for programs.
//!
//! Owns medians and verdicts. It must not know what is measured.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

use serde::Serialize;

/// One thing that was measured, once or several times.
#[derive(Serialize)]
pub(crate) struct Figure {
    /// What it is, in a few words.
    name: String,
    unit: &'static str,
    median: f64,
    min: f64,
    max: f64,
    /// Every value, in the order in which they were measured.
    runs: Vec<f64>,
    target: Option<Target>,
    /// Whether the median is within the target; none without one.
    ok: Option<bool>,
}

/// What a figure is held to.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// As much or more.
    AtLeast(f64),
    /// As much or less.
    AtMost(f64),
}

impl Figure {
    /// A figure for information. There must be a run.
    pub(crate) fn new(name: impl Into<String>, unit: &'static str, runs: Vec<f64>) -> Self {
        let mut sorted = runs.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Self {
            name: name.into(),
            unit,
            median: f64::midpoint(low, high),
            min: sorted[0],
            max: sorted[sorted.len() - 1],
            runs,
            target: None,
            ok: None,
        }
    }

    /// The same, held to a target.
    pub(crate) fn held_to(mut self, target: Target) -> Self {
        self.ok = Some(match target {
            Target::AtLeast(bound) => self.median >= bound,
            Target::AtMost(bound) => self.median <= bound,
        });
        self.target = Some(target);
        self
    }

    fn cells(&self) -> [String; 7] {
        let target = match self.target {
            Some(Target::AtLeast(bound)) => format!("at least {}", number(bound)),
            Some(Target::AtMost(bound)) => format!("at most {}", number(bound)),
            None => String::new(),
        };
        let verdict = match self.ok {
            Some(true) => "ok",
            Some(false) => "OVER",
            None => "",
        };
        let once = self.runs.len() == 1;
        let spread = |value| if once { String::new() } else { number(value) };
        [
            self.name.clone(),
            number(self.median),
            self.unit.to_owned(),
            spread(self.min),
            spread(self.max),
            target,
            verdict.to_owned(),
        ]
    }
}

/// All figures of a run of the benchmarks.
#[derive(Default, Serialize)]
pub(crate) struct Report {
    sections: Vec<Section>,
}

#[derive(Serialize)]
struct Section {
    name: String,
    figures: Vec<Figure>,
    /// Why figures are missing, a sentence each.
    missing: Vec<String>,
}

impl Report {
    pub(crate) fn add(&mut self, name: &str, figures: Vec<Figure>, missing: Vec<String>) {
        let name = name.to_owned();
        self.sections.push(Section { name, figures, missing });
    }

    pub(crate) fn write_json(&self, path: &Path) -> io::Result<()> {
        serde_json::to_writer_pretty(File::create(path)?, self)?;
        Ok(())
    }
}

const HEADINGS: [&str; 7] = ["figure", "median", "", "min", "max", "target", ""];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = HEADINGS.map(str::len);
        for figure in self.sections.iter().flat_map(|s| &s.figures) {
            for (width, cell) in widths.iter_mut().zip(figure.cells()) {
                *width = cell.chars().count().max(*width);
            }
        }
        row(f, widths, &HEADINGS.map(String::from))?;
        for section in &self.sections {
            writeln!(f, "{}", section.name)?;
            for figure in &section.figures {
                row(f, widths, &figure.cells())?;
            }
            for why in &section.missing {
                writeln!(f, "  not measured: {why}")?;
            }
        }
        Ok(())
    }
}

/// One line: names to the left, numbers to the right.
fn row(f: &mut fmt::Formatter<'_>, widths: [usize; 7], cells: &[String; 7]) -> fmt::Result {
    let mut line = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        // A number stands close to its unit.
        let gap = if column == 2 { " " } else { "  " };
        if matches!(column, 1 | 3 | 4) {
            line += &format!("{gap}{cell:>width$}");
        } else {
            line += &format!("{gap}{cell:<width$}");
        }
    }
    writeln!(f, "{}", line.trim_end())
}

/// Three digits that say something.
fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
