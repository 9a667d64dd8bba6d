//! The wasm-bindgen class over a [`Simulation`]: plain data in, plain data out, no logic.
//!
//! Runs in the page's worker, which polls it; nothing here calls into JavaScript.

use std::sync::Mutex;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shardscope_core::{Budget, Command, OPENRAFT_VERSION, Options, Recording, Simulation, VERSION};
use wasm_bindgen::prelude::*;

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
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    time_ns: u64,
    steps: u64,
    done: bool,
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
    /// A run at its beginning, with `{ seed: "7" }`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the options.
    #[wasm_bindgen(constructor)]
    pub fn new(options: JsValue) -> Result<Engine, JsError> {
        let Request { seed } = read(options)?;
        let seed = seed.trim().parse().map_err(|_| {
            JsError::new(&format!(
                "the seed must be a whole number from 0 to {}, not \"{seed}\"",
                u64::MAX
            ))
        })?;
        Ok(Self(Simulation::new(&Options::seeded(seed))?))
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
    /// the end of a phase.
    ///
    /// # Errors
    /// A sentence, if the duration is not a time.
    pub fn advance(&mut self, duration_ns: f64, max_timers: u32) -> Result<JsValue, JsError> {
        if !(0.0..=1e18).contains(&duration_ns) {
            return Err(JsError::new("a duration is a number of nanoseconds, not below zero"));
        }
        // Whole nanoseconds from here on: the simulation knows no floats.
        let duration = Duration::from_nanos(duration_ns as u64);
        let budget = Budget { timers: u64::from(max_timers), stops_at_phase_end: true };
        let p = self.0.advance(duration, budget);
        write(&Progress { time_ns: p.time.as_nanos(), steps: p.steps, done: p.done })
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

fn read<T: DeserializeOwned>(value: JsValue) -> Result<T, JsError> {
    serde_wasm_bindgen::from_value(value).map_err(|e| JsError::new(&format!("not understood: {e}")))
}

fn write(value: &impl Serialize) -> Result<JsValue, JsError> {
    // Numbers, not BigInts: all of them are far below 2^53.
    let plain = serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true);
    value.serialize(&plain).map_err(JsError::from)
}
