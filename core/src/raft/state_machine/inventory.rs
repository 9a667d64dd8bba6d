//! Telling the probe what a replica's state really holds, counted key by key.

use super::StateMachine;
use crate::probe::{Fact, Holds};

impl StateMachine {
    /// Tells what its state holds, if it has one.
    pub(crate) fn tell_what_it_holds(&self) {
        let machine = self.0.machine.borrow();
        let Some(state) = &machine.state else { return };
        self.0.probe.tell(|| {
            let outermost = state.data.first_key_value().zip(state.data.last_key_value());
            let holds = Holds {
                range: state.range,
                keys: state.data.len() as u64,
                outermost: outermost.map(|((first, _), (last, _))| (*first, *last)),
                digest: state.summed_data_digest(),
            };
            let index = machine.applied.map_or(0, |id| id.index);
            Fact::Holds { seat: self.0.seat, index, holds }
        });
    }
}
