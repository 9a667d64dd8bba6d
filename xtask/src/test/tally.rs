//! How many tests passed and failed, read from what the suites print.
//!
//! Must not run them. Called by `test`.

use std::fmt;
use std::ops::Add;

use anyhow::{Context, Result};
use serde_json::Value;

/// The counts of a suite.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
    /// Whether the suite came to its end and says that all is well.
    pub(crate) completed: bool,
}

impl Tally {
    /// Adds `test result: ok. 3 passed; 0 failed; …`; other lines count nothing.
    pub(crate) fn add_libtest_line(&mut self, line: &str) {
        if let Some((passed, failed)) = libtest_counts(line) {
            self.passed += passed;
            self.failed += failed;
        }
    }

    /// The counts in the report of Playwright's `json` reporter.
    pub(crate) fn of_playwright_report(text: &str) -> Result<Self> {
        let report: Value =
            serde_json::from_str(text).context("playwright's report is not JSON")?;
        let count = |name: &str| {
            let count = report.get("stats").and_then(|stats| stats.get(name));
            count.and_then(Value::as_u64).with_context(|| {
                format!("playwright's report has no count of `{name}`: has its format changed?")
            })
        };
        // One that passed only at a second attempt is broken here, where everything has a seed.
        let failed = count("unexpected")? + count("flaky")?;
        Ok(Self { passed: count("expected")?, failed, completed: failed == 0 })
    }

    /// Counts a suite that broke off, or ran no test, as one failure if nothing else tells it.
    pub(crate) fn settled(self) -> Self {
        let is_good = self.completed && self.passed > 0;
        let failed = if is_good { self.failed } else { self.failed.max(1) };
        Self { failed, ..self }
    }

    /// What the counts alone do not say.
    pub(crate) fn remark(self) -> &'static str {
        match (self.completed, self.passed + self.failed) {
            (true, 0) => " (no test ran)",
            (false, 0) => " (it did not run; see above)",
            _ => "",
        }
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            completed: self.completed && other.completed,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Passed and failed of a line with which libtest or wasm-bindgen-test closes.
fn libtest_counts(line: &str) -> Option<(u64, u64)> {
    let line = without_colours(line);
    let counts = line.trim().strip_prefix("test result: ")?.split_once(". ")?.1;
    let count = |name: &str| {
        let words = counts.split("; ").find_map(|field| field.strip_suffix(name))?;
        words.trim().parse().ok()
    };
    Some((count(" passed")?, count(" failed")?))
}

/// The line without terminal escapes of the form `ESC [ … m`.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn tally_of(lines: &[&str]) -> Tally {
        let mut tally = Tally { completed: true, ..Tally::default() };
        lines.iter().for_each(|line| tally.add_libtest_line(line));
        tally
    }

    #[test]
    fn adds_the_closing_lines_of_both_test_runners() {
        let tally = tally_of(&[
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; \
             finished in 0.02s",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            "test result: ok. 4 passed; 0 failed; 0 ignored; 0 filtered out; finished in 1.5s\r\n",
        ]);
        assert_eq!((tally.passed, tally.failed), (8, 2));
        assert_eq!(tally.to_string(), "8 passed, 2 failed");
    }

    #[test]
    fn reads_coloured_lines() {
        let line = "test result: \u{1b}[32mok\u{1b}(B\u{1b}[m. 2 passed; 0 failed; 0 ignored";
        assert_eq!(tally_of(&[line]).passed, 2);
    }

    #[test]
    fn what_only_looks_like_a_count_counts_nothing() {
        let tally = tally_of(&["8 passed, 0 failed", "the test result: ok. 1 passed; 0 failed"]);
        assert_eq!(tally, Tally { completed: true, ..Tally::default() });
    }

    #[test]
    fn reads_the_report_of_playwright() {
        let report = r#"{ "stats": { "expected": 5, "unexpected": 1, "flaky": 2, "skipped": 3 } }"#;
        let tally = Tally::of_playwright_report(report).expect("it is a report");
        assert_eq!(tally, Tally { passed: 5, failed: 3, completed: false });
        Tally::of_playwright_report("{}").expect_err("no counts");
        Tally::of_playwright_report("no tests").expect_err("no JSON");
    }

    #[test]
    fn a_suite_without_tests_or_without_an_end_has_failed() {
        let nothing = Tally { completed: true, ..Tally::default() };
        assert_eq!(nothing.settled().to_string(), "0 passed, 1 failed");
        assert_eq!(Tally::default().settled().to_string(), "0 passed, 1 failed");
        let broken_off = Tally { passed: 7, failed: 0, completed: false };
        assert_eq!(broken_off.settled().to_string(), "7 passed, 1 failed");
        let told = Tally { passed: 7, failed: 2, completed: false };
        assert_eq!(told.settled().to_string(), "7 passed, 2 failed");
        let good = Tally { passed: 7, failed: 0, completed: true };
        assert_eq!(good.settled().to_string(), "7 passed, 0 failed");
    }
}
