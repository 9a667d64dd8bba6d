//! What clients do by themselves, and what they are asked for.
//!
//! Draws from named streams, and from the second one only if the options ask for more than puts and
//! reads. Knows nothing of nodes or routes.

use crate::id::ClientId;
use crate::key::{Key, KeyRange};
use crate::operation::{Operation, ReadFrom, ReadPolicy};
use crate::options::Options;
use crate::sim::{Rng, Sim};

/// How clients load the cluster by themselves, and how they read.
#[derive(Clone, Debug)]
pub(crate) struct LoadOptions {
    pub(crate) key_space: KeyRange,
    pub(crate) think_ns: u64,
    pub(crate) write_percent: u8,
    pub(crate) delete_percent: u8,
    pub(crate) update_percent: u8,
    pub(crate) scan_percent: u8,
    pub(crate) scan_keys: u64,
    pub(crate) read_policy: ReadPolicy,
    pub(crate) read_from: ReadFrom,
}

impl LoadOptions {
    /// Those of `client`.
    pub(crate) fn of(options: &Options, client: ClientId) -> Self {
        let own = options.client_keys.get(usize::from(client.0) - 1);
        let own = own.map(|(first, last)| KeyRange::inclusive(first.0, last.0));
        Self {
            key_space: own.unwrap_or_else(|| options.key_space()),
            think_ns: options.think_ns,
            write_percent: options.write_percent,
            delete_percent: options.delete_percent,
            update_percent: options.update_percent,
            scan_percent: options.scan_percent,
            scan_keys: options.scan_keys,
            read_policy: options.read_policy,
            read_from: options.read_from,
        }
    }
}

/// Something for a client to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) key: Key,
    pub(crate) want: Want,
}

/// What to do with a task's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Just this.
    Exactly(Operation),
    /// Set it to a value of the client's own, never used before.
    FreshPut,
    /// Delete it.
    Delete,
    /// Read it, and set what was found to a value of the client's own, if it is still there.
    Update,
    /// Scan from it on.
    Scan { end: Key },
}

impl Task {
    pub(crate) fn exactly(key: Key, operation: Operation) -> Self {
        Self { key, want: Want::Exactly(operation) }
    }

    pub(crate) fn fresh_put(key: Key) -> Self {
        Self { key, want: Want::FreshPut }
    }
}

/// Where a client's own load comes from.
pub(super) struct Load {
    pub(super) options: LoadOptions,
    pub(super) rng: Rng,
    /// What else than puts and reads: a stream of its own, so that a run without has the same draws.
    mix: Rng,
}

impl Load {
    pub(super) fn new(sim: &Sim, options: LoadOptions) -> Self {
        Self { options, rng: sim.rng("clients"), mix: sim.rng("clients' mix") }
    }

    /// The next task: one in four on any key, the others around the middle of the key space.
    pub(super) fn draw(&self) -> Task {
        let space = self.options.key_space;
        let width = space.width();
        let at = if self.rng.chance(1, 4) {
            self.rng.below(width)
        } else {
            // The sum of three draws is bell-shaped.
            let fifth = (width / 5).max(1);
            (width / 5 + (0..3).map(|_| self.rng.below(fifth)).sum::<u64>()).min(width - 1)
        };
        let key = Key(space.start.0 + at);
        let writes = self.rng.chance(u64::from(self.options.write_percent), 100);
        Task { key, want: if writes { self.write() } else { self.read(key) } }
    }

    fn write(&self) -> Want {
        let (deletes, updates) = (self.options.delete_percent, self.options.update_percent);
        if deletes == 0 && updates == 0 {
            return Want::FreshPut;
        }
        let drawn = self.mix.below(100);
        let (deletes, updates) = (u64::from(deletes), u64::from(updates));
        if drawn < deletes {
            Want::Delete
        } else if drawn < deletes + updates {
            Want::Update
        } else {
            Want::FreshPut
        }
    }

    fn read(&self, key: Key) -> Want {
        let LoadOptions { key_space, scan_percent, scan_keys, .. } = self.options;
        if scan_percent == 0 || !self.mix.chance(u64::from(scan_percent), 100) {
            return Want::Exactly(Operation::Read);
        }
        let most = scan_keys.min(key_space.end.0 - key.0);
        Want::Scan { end: Key(key.0 + 1 + self.mix.below(most)) }
    }
}
