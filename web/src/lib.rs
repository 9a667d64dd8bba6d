//! The wasm-bindgen class over a [`Simulation`]: plain data in, plain data out, no logic.
//!
//! Runs in the page's worker, which polls it; nothing here calls into JavaScript.

use std::sync::Mutex;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shardscope_core::view::ScenarioView;
use shardscope_core::{
    Awaited, Budget, Command, NodeId, OPENRAFT_VERSION, Options, Recording, STORIES, Script,
    Simulation, Story, VERSION,
};
use wasm_bindgen::prelude::*;

/// Smaller than the default one, and a little faster.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Runs once, when the module is loaded: from now on a panic's text is kept for [`last_panic`].
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = info.to_string();
        }
        console_error_panic_hook::hook(info);
    }));
}

/// The text of the panic that ended the module; empty if there was none.
#[wasm_bindgen(js_name = lastPanic)]
#[must_use]
pub fn last_panic() -> String {
    LAST_PANIC.lock().map(|text| text.clone()).unwrap_or_default()
}

/// What the page asks for. The seed is text: it may exceed what a JavaScript number holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    seed: String,
    /// A scenario of the gallery; none for the four phases.
    #[serde(default)]
    scenario: Option<String>,
    /// Into how many equal shards the key space is cut at the start; one if it is not said.
    #[serde(default)]
    shards: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    time_ns: u64,
    steps: u64,
    done: bool,
    violations: usize,
    found: bool,
}

impl Progress {
    fn new(p: shardscope_core::Progress, found: bool) -> Self {
        let (time_ns, steps, done, violations) = (p.time.as_nanos(), p.steps, p.done, p.violations);
        Self { time_ns, steps, done, violations, found }
    }
}

#[derive(Serialize)]
struct Versions {
    shardscope: &'static str,
    openraft: &'static str,
}

/// One run of the cluster.
#[wasm_bindgen]
pub struct Engine(Simulation);

#[wasm_bindgen]
impl Engine {
    /// A run at its beginning, with `{ seed: "7" }`, and perhaps the name of a scenario.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the options.
    #[wasm_bindgen(constructor)]
    pub fn new(options: JsValue) -> Result<Engine, JsError> {
        let Request { seed, scenario, shards } = read(options)?;
        let seed = seed.trim().parse().map_err(|_| {
            JsError::new(&format!(
                "the seed must be a whole number from 0 to {}, not \"{seed}\"",
                u64::MAX
            ))
        })?;
        let mut options = Options::seeded(seed);
        if let Some(name) = scenario {
            // An unknown name is refused below, by the options that hold it.
            options = Story::named(&name)
                .map_or_else(|| Options { scenario: name, ..options }, |s| s.options(seed));
        }
        if let Some(shards) = shards {
            options.initial_shards = shards;
        }
        Ok(Self(Simulation::new(&options)?))
    }

    /// Carries out a command, such as `{ type: "crash", node: 1 }`.
    ///
    /// # Errors
    /// A sentence that says why it is refused; nothing has changed then.
    pub fn submit(&mut self, command: JsValue) -> Result<(), JsError> {
        let command: Command = read(command)?;
        Ok(self.0.submit(command)?)
    }

    /// The next message delivered or timer fired that leaves a trace. False if nothing is left to
    /// happen.
    pub fn step(&mut self) -> bool {
        self.0.step().is_some()
    }

    /// Lets `duration_ns` of virtual time pass, firing at most `max_timers` timers, and not beyond
    /// the end of a phase or the moment at which a property is found false.
    ///
    /// # Errors
    /// A sentence, if the duration is not a time.
    pub fn advance(&mut self, duration_ns: f64, max_timers: u32) -> Result<JsValue, JsError> {
        let (duration, budget) = asked(duration_ns, max_timers)?;
        let p = self.0.advance(duration, budget);
        write(&Progress::new(p, false))
    }

    /// The same as [`advance`](Self::advance), but stops as well once an event with that name
    /// happened after event `since`, on that node if it is not 0. `found` says whether it did.
    ///
    /// # Errors
    /// A sentence, if the duration is not a time.
    #[wasm_bindgen(js_name = advanceTo)]
    pub fn advance_to(
        &mut self,
        name: String,
        node: u16,
        since: f64,
        duration_ns: f64,
        max_timers: u32,
    ) -> Result<JsValue, JsError> {
        let awaited = Awaited { name, node: (node > 0).then_some(NodeId(node)) };
        let (duration, budget) = asked(duration_ns, max_timers)?;
        let (p, found) = awaited.advance(&mut self.0, since.max(0.0) as u64, duration, budget);
        write(&Progress::new(p, found))
    }

    /// What is drawn.
    ///
    /// # Errors
    /// None that is known: the view is plain data.
    pub fn view(&self) -> Result<JsValue, JsError> {
        write(&self.0.view())
    }

    /// The listed events after `seq`, at most a thousand, and then the newest.
    ///
    /// # Errors
    /// None that is known: events are plain data.
    #[wasm_bindgen(js_name = eventsSince)]
    pub fn events_since(&self, seq: f64) -> Result<JsValue, JsError> {
        write(&self.0.event_views_since(seq.max(0.0) as u64))
    }

    /// When which keys could be written, only read, or neither: the changes from number `from` on.
    ///
    /// # Errors
    /// None that is known: the changes are plain data.
    #[wasm_bindgen(js_name = availabilitySince)]
    pub fn availability_since(&self, from: f64) -> Result<JsValue, JsError> {
        write(&self.0.availability_since(from.max(0.0) as u64))
    }

    /// The fingerprint of all that happened so far.
    #[must_use]
    pub fn digest(&self) -> String {
        self.0.digest().to_string()
    }

    /// This run as text.
    #[must_use]
    pub fn recording(&self) -> String {
        self.0.recording().to_text()
    }

    /// This run's commands as a script.
    #[must_use]
    pub fn script(&self) -> String {
        Script::of(&self.0.recording())
    }

    /// The steps of a script.
    ///
    /// # Errors
    /// The line that is wrong, and why.
    #[wasm_bindgen(js_name = readScript)]
    pub fn read_script(text: &str) -> Result<JsValue, JsError> {
        write(&Script::parse(text)?.steps)
    }

    /// The names of the commands that there are.
    #[must_use]
    pub fn commands() -> Vec<String> {
        Script::commands().iter().map(ToString::to_string).collect()
    }

    /// The built-in scenarios.
    ///
    /// # Errors
    /// None that is known: they are plain data.
    pub fn gallery() -> Result<JsValue, JsError> {
        write(&STORIES.iter().map(ScenarioView::from).collect::<Vec<_>>())
    }

    /// The run of a recording again, up to `steps` steps or its end, whichever comes first.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the recording.
    pub fn replay(recording: &str, steps: f64) -> Result<Engine, JsError> {
        let recording = Recording::from_text(recording)?;
        let upto = if steps.is_finite() && steps >= 0.0 { Some(steps as u64) } else { None };
        Ok(Self(Simulation::replay(&recording, upto)?))
    }

    /// The versions of ShardScope and of OpenRaft.
    ///
    /// # Errors
    /// None that is known: they are two strings.
    pub fn versions() -> Result<JsValue, JsError> {
        write(&Versions { shardscope: VERSION, openraft: OPENRAFT_VERSION })
    }
}

/// A duration and a budget as JavaScript gives them.
fn asked(duration_ns: f64, max_timers: u32) -> Result<(Duration, Budget), JsError> {
    if !(0.0..=1e18).contains(&duration_ns) {
        return Err(JsError::new("a duration is a number of nanoseconds, not below zero"));
    }
    // Whole nanoseconds from here on: the simulation knows no floats.
    let budget = Budget { timers: u64::from(max_timers), stops_early: true };
    Ok((Duration::from_nanos(duration_ns as u64), budget))
}

fn read<T: DeserializeOwned>(value: JsValue) -> Result<T, JsError> {
    serde_wasm_bindgen::from_value(value).map_err(|e| JsError::new(&format!("not understood: {e}")))
}

fn write(value: &impl Serialize) -> Result<JsValue, JsError> {
    // Numbers, not BigInts: all of them are far below 2^53.
    let plain = serde_wasm_bindgen::Serializer::new()
        .serialize_missing_as_null(true)
        .serialize_maps_as_objects(true);
    value.serialize(&plain).map_err(JsError::from)
}
