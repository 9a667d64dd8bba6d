//! A run that may panic: it ends just that run, and what it did until then is kept.

use std::sync::{Arc, Mutex};
#[cfg(not(target_arch = "wasm32"))]
use std::{panic, thread};

use shardscope_core::{Recording, Simulation};

use super::verdict::Verdict;

/// For how long a run that panicked is replayed after its last command: it panics long before.
#[cfg(not(target_arch = "wasm32"))]
const PANICS_WITHIN_TIMERS: u64 = 10_000_000;

/// The recording so far of a run that may panic.
#[derive(Clone)]
pub(super) struct Kept(Arc<Mutex<Option<Recording>>>);

impl Kept {
    fn nothing() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    fn take(&self) -> Recording {
        let recording = self.0.lock().expect("nobody panics while it is locked").take();
        recording.expect("a run is kept from its beginning on")
    }

    pub(super) fn keep(&self, simulation: &Simulation) {
        *self.0.lock().expect("nobody panics while it is locked") = Some(simulation.recording());
    }
}

/// Runs `run` in a thread of its own; what it came to, and its recording. If it panics, the
/// recording goes on for long enough after its last command to panic again.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn guarded(run: impl FnOnce(&Kept) -> Verdict + Send + 'static) -> (Verdict, Recording) {
    let kept = Kept::nothing();
    let for_thread = kept.clone();
    let name = || "run".to_owned();
    let thread = thread::Builder::new().name(name()).spawn(move || run(&for_thread));
    let outcome = thread.expect("a thread can be started").join();
    let mut recording = kept.take();
    match outcome {
        Ok(verdict) => (verdict, recording),
        Err(panicked) => {
            let text = panicked.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panicked.downcast_ref::<&str>().map(ToString::to_string));
            let text = text.unwrap_or_else(|| "it says nothing".into());
            recording.end.fired += PANICS_WITHIN_TIMERS;
            recording.end.time_ns += 60_000_000_000;
            (Verdict::Crash { text }, recording)
        }
    }
}

/// Runs `run`; what it came to, and its recording. A panic ends everything: a browser has no other
/// thread.
#[cfg(target_arch = "wasm32")]
pub(super) fn guarded(run: impl FnOnce(&Kept) -> Verdict) -> (Verdict, Recording) {
    let kept = Kept::nothing();
    let verdict = run(&kept);
    (verdict, kept.take())
}

/// Keeps panics of runs from being printed: what they say is told as a verdict.
#[cfg(not(target_arch = "wasm32"))]
pub fn silence_panics_of_runs() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() != Some("run") {
            usual(info);
        }
    }));
}
