//! `docs/verification.md`: what was checked, what was planted and found, and how much was run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::hunt::{Catch, Hunt};
use super::properties::Property;
use super::{Arguments, Clean, Found, date, kinds};

/// The whole document.
pub(super) fn text(found: &Found<'_>, arguments: &Arguments) -> String {
    let &Found { hunts, clean, leases, properties } = found;
    let mut text = format!(
        "# Verification\n\n\
         What holds this project to its properties, and what shows that they can fail. Written by\n\
         `cargo xtask verify` from its own runs on {}; nothing here was typed in by hand.\n\n",
        date::today()
    );
    properties_table(&mut text, hunts, clean, properties);
    plants_table(&mut text, hunts, arguments);
    leases_section(&mut text, leases);
    figures(&mut text, hunts, clean, arguments);
    text
}

/// What the swarm finds in OpenRaft when reads trust leases.
fn leases_section(text: &mut String, (tried, catch): &(u64, Option<Catch>)) {
    line(text, "## Lease reads\n");
    line(text, "With nothing planted, reads on leases, and nodes that crash and are cut off:");
    let Some(catch) = catch else {
        line(text, &format!("nothing was found in {tried} seeds.\n"));
        return;
    };
    let commands = catch.commands().map_or("–".into(), |n| n.to_string());
    let Catch { seed, verdict, .. } = catch;
    line(text, &format!("seed {seed} is the first to fail, cut down to {commands} commands:\n"));
    line(text, &format!("> {verdict}\n"));
    if let Some((script, _)) = &catch.minimised {
        for (time_ns, command) in &script.commands {
            let seconds = Duration::from_nanos(*time_ns).as_secs_f64();
            line(text, &format!("    {seconds:>12.6} s  {command:?}"));
        }
        line(text, "");
    }
    line(text, "Why, and a script of eight commands: [lease-read](findings/lease-read.md).\n");
}

/// Adds a line; a string always takes it.
fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn properties_table(text: &mut String, hunts: &[Hunt], clean: &Clean, properties: &[Property]) {
    let compared: BTreeMap<&str, u64> = clean.batch.coverage.properties().collect();
    text.push_str(&format!(
        "## Properties\n\n\
         Checked after every step of every run. *Compared* counts what each one compared in {} runs \
         of\nthe swarm with nothing planted: one that compared nothing has not been passed. *Found* \
         names the\nplanted bugs of the next table in whose first failing run it was found false.\n\n",
        clean.seeds
    ));
    line(text, "| id | property | source | compared | found |");
    line(text, "|---|---|---|---:|---|");
    for Property { id, what, source, file } in properties {
        let found: Vec<&str> =
            hunts.iter().filter(|h| finds(h, id)).map(|h| h.plant.name()).collect();
        let found = if found.is_empty() { "–".into() } else { found.join(", ") };
        let compared = compared.get(id.as_str()).copied().unwrap_or(0);
        let link = format!("[{id}](../core/src/checker/{file})");
        line(text, &format!("| {link} | {what} | {source} | {compared} | {found} |"));
    }
    line(text, "");
}

fn finds(hunt: &Hunt, id: &str) -> bool {
    hunt.catch.as_ref().is_some_and(|catch| catch.found_false.contains(&id))
}

fn plants_table(text: &mut String, hunts: &[Hunt], arguments: &Arguments) {
    text.push_str(&format!(
        "## Planted bugs\n\n\
         Each is a line at a seam of this project (`core/src/plant`), compiled with the cargo feature\n\
         `plants` alone and switched on one at a time. A hunt tries seeds from 1 on, at most {} and\n\
         for {} minutes, with faults for {} s of virtual time each, until a property is found false, or what must come \
         true\nonce the faults have ended does not (`liveness`). *Commands* is what the failing run was \
         cut down\nto in at most {} runs. See one: `cargo xtask swarm --plant NAME --seeds SEED --seconds {}`.\n\n",
        arguments.seeds,
        arguments.minutes,
        arguments.seconds,
        arguments.minimise,
        arguments.seconds
    ));
    line(text, "| planted bug | what it breaks | found by | also false | seeds | commands |");
    line(text, "|---|---|---|---|---:|---:|");
    for hunt in hunts {
        let (name, breaks) = (hunt.plant.name(), hunt.plant.breaks());
        let Some(catch) = &hunt.catch else {
            line(text, &format!("| {name} | {breaks} | not found | | {}+ | |", hunt.tried));
            continue;
        };
        let first = catch.verdict.name();
        let others: Vec<&str> =
            catch.found_false.iter().copied().filter(|id| *id != first).collect();
        let commands = catch.commands().map_or("–".into(), |n| n.to_string());
        let (seeds, others) = (catch.seed, others.join(", "));
        line(text, &format!("| {name} | {breaks} | {first} | {others} | {seeds} | {commands} |"));
    }
    line(text, "");
}

fn figures(text: &mut String, hunts: &[Hunt], clean: &Clean, arguments: &Arguments) {
    let catches = || hunts.iter().filter_map(|hunt| hunt.catch.as_ref());
    let seeds = median(catches().map(|catch| catch.seed).collect());
    let commands = median(catches().filter_map(|c| c.commands().map(|n| n as u64)).collect());
    let virtual_s = clean.batch.virtual_ns / 1_000_000_000;
    let rate = clean.batch.virtual_ns as f64 / clean.elapsed.as_nanos().max(1) as f64;
    let (safety, liveness, crashes) = kinds(&clean.batch);
    let profile =
        if cfg!(debug_assertions) { "a build for debugging" } else { "the profile `swarm`" };
    line(text, "## Figures\n");
    line(text, "| what | figure |");
    line(text, "|---|---:|");
    let mut row = |what: &str, figure: String| line(text, &format!("| {what} | {figure} |"));
    row("planted bugs found", format!("{} of {}", catches().count(), hunts.len()));
    row("seeds that it took, median", seeds);
    row("commands that a failing run was cut down to, median", commands);
    row("seeds run with nothing planted", clean.seeds.to_string());
    row("… virtual time of these", format!("{virtual_s} s"));
    row("… properties found false", safety.to_string());
    row("… not alive again after the faults", liveness.to_string());
    row("… panics", crashes.to_string());
    row("… operations acknowledged", clean.batch.coverage.operations().to_string());
    if !arguments.loaded {
        let jobs = arguments.jobs;
        let what = format!("virtual seconds a second, {jobs} at a time, {profile}");
        row(&what, format!("{rate:.0}"));
    }
}

/// The middle one, or the mean of the two.
fn median(mut of: Vec<u64>) -> String {
    of.sort_unstable();
    let middle = of.len() / 2;
    match (of.len(), of.get(middle)) {
        (0, _) | (_, None) => "–".into(),
        (n, Some(upper)) if n % 2 == 1 => upper.to_string(),
        (_, Some(upper)) => {
            let both = of[middle - 1] + upper;
            if both.is_multiple_of(2) { (both / 2).to_string() } else { format!("{}.5", both / 2) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!(median(vec![]), "–");
        assert_eq!(median(vec![9, 1, 5]), "5");
        assert_eq!(median(vec![2, 1]), "1.5");
        assert_eq!(median(vec![8, 1, 2, 4]), "3");
    }
}
