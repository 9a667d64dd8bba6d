//! The built-in scenarios: each runs to its end, tells all of its captions, and holds, but for the
//! one that shows what was found false.

use std::time::Duration;

use shardscope_core::{Options, STORIES, Script, Simulation};

const LIMIT: Duration = Duration::from_secs(30);
/// After the last line: for what it set off.
const REST: Duration = Duration::from_secs(4);

/// Given each scenario of the gallery under several seeds, when its script has run, then every
/// caption has come true, no property was found false but the one that it says, and the one that it
/// names was compared.
#[test]
fn every_scenario_tells_all_of_its_captions_and_finds_what_it_says() {
    for scenario in STORIES {
        let script = Script::parse(scenario.script).expect(scenario.name);
        for seed in [7, 8, 9] {
            let name = format!("{} under seed {seed}", scenario.name);
            let mut run = Simulation::new(&scenario.options(seed)).expect(&name);
            script.run(&mut run, LIMIT).unwrap_or_else(|error| panic!("{name}: {error}"));
            run.advance(REST, shardscope_core::Budget::UNBOUNDED);
            let view = run.view();
            for caption in &view.captions {
                assert!(caption.reached, "{name}: \"{}\" did not come true", caption.id);
            }
            let found: Vec<&str> = run.violations().iter().map(|v| v.id).collect();
            assert_eq!(found.first().copied(), scenario.finds, "{name}: {:?}", run.violations());
            let counts = run.property_counts();
            for property in scenario.property.split(" · ") {
                let (id, what) = property.split_once(' ').expect("an id and a name");
                let compared = counts.iter().find(|(i, n, _)| (*i, *n) == (id, what));
                let compared = compared.unwrap_or_else(|| panic!("{name}: no property {property}"));
                assert!(compared.2 > 0, "{name}: {property} was compared with nothing");
            }
        }
    }
}

/// Given a scenario's run, when it is replayed from its recording, then it tells the same and its
/// digest is the same.
#[test]
fn a_scenario_is_shared_like_any_run() {
    let scenario = &STORIES[0];
    let mut run = Simulation::new(&scenario.options(7)).expect("valid");
    Script::parse(scenario.script).expect("right").run(&mut run, LIMIT).expect("accepted");
    let again = Simulation::replay(&run.recording(), None).expect("this build made it");
    assert_eq!(again.digest(), run.digest());
    assert_eq!(again.view().scenario.map(|s| s.name).as_deref(), Some(scenario.name));
}

#[test]
fn an_unknown_scenario_says_which_there_are() {
    let options = Options { scenario: "perpetual-motion".into(), ..Options::default() };
    let error = Simulation::new(&options).map(|_| ()).expect_err("there is none").to_string();
    assert!(error.contains("leader-crash, split-under-load"), "{error}");
}
