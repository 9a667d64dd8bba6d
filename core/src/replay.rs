//! A recording that is run again, as far as one likes at a time.
//!
//! Used by `simulation`, and by the tool that looks for the place where two runs differ.

use crate::error::Error;
use crate::recording::{Checkpoint, Recording};
use crate::simulation::Simulation;

/// A recording that is run again.
pub struct Replay<'a> {
    recording: &'a Recording,
    simulation: Simulation,
    /// The next command.
    next: usize,
}

impl<'a> Replay<'a> {
    /// The run of `recording`, at its beginning.
    ///
    /// # Errors
    /// [`Error::Recording`] and [`Error::Options`] if it is out of its limits.
    pub fn new(recording: &'a Recording) -> Result<Self, Error> {
        recording.check()?;
        let simulation = Simulation::new(&recording.options)?;
        Ok(Self { recording, simulation, next: 0 })
    }

    /// Goes on to the place of a checkpoint. False if there is nothing left to happen before: then
    /// it is another run.
    ///
    /// # Errors
    /// [`Error::Replay`] if a command is refused this time.
    pub fn reach(&mut self, checkpoint: &Checkpoint) -> Result<bool, Error> {
        // Commands at the same place came after it.
        let before = |fired| fired < checkpoint.fired;
        Ok(self.carry_out(before, u64::MAX)?
            && self.simulation.reach(checkpoint.fired, 0, u64::MAX))
    }

    /// Goes on to the end, or to `upto` steps, whichever comes first.
    ///
    /// # Errors
    /// [`Error::Replay`] if a command is refused this time.
    pub fn finish(&mut self, upto: u64) -> Result<(), Error> {
        let end = self.recording.end;
        if self.carry_out(|_| true, upto)? {
            self.simulation.reach(end.fired, end.time_ns, upto);
        }
        Ok(())
    }

    /// Carries out the commands at the places that are `wanted`; false if `upto` steps came first.
    fn carry_out(&mut self, wanted: impl Fn(u64) -> bool, upto: u64) -> Result<bool, Error> {
        while let Some(timed) = self.recording.commands.get(self.next).filter(|t| wanted(t.fired)) {
            if !self.simulation.reach(timed.fired, timed.time_ns, upto) {
                return Ok(false);
            }
            self.next += 1;
            let (position, time_ns) = (self.next, timed.time_ns);
            let done = self.simulation.submit(timed.command.clone());
            done.map_err(|reason| Error::Replay { position, time_ns, reason })?;
        }
        Ok(true)
    }

    /// The run as it stands now.
    #[must_use]
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// The same, to go on with.
    #[must_use]
    pub fn into_simulation(self) -> Simulation {
        self.simulation
    }
}
