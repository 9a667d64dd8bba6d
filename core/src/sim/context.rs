//! Who is running: the simulation and the owner of the task that is being polled.
//!
//! openraft's `AsyncRuntime` has static functions only, so there has to be one thread-local that
//! they find the simulation through. This is it, and the only one: entered around every poll and
//! left after it, also when a poll panics. Read by `sim` alone; other code is handed its [`Sim`].

use std::cell::{Cell, RefCell};

use serde::{Deserialize, Serialize};

use super::Sim;

thread_local! {
    static CONTEXT: Context = const {
        Context { sim: RefCell::new(None), owner: Cell::new(Owner::WORLD) }
    };
}

/// What [`CONTEXT`] holds.
struct Context {
    sim: RefCell<Option<Sim>>,
    owner: Cell<Owner>,
}

/// Who owns a task or a timer; inherited by everything that it spawns.
#[derive(
    Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize,
)]
pub(crate) struct Owner {
    /// The node, or 0 for the world outside of all nodes: clients, placement, network.
    pub(crate) node: u16,
    /// 0 for the node itself, else one of its parts that can be stopped alone, as a replica's id.
    pub(crate) scope: u64,
}

impl Owner {
    /// The world outside of all nodes.
    pub(crate) const WORLD: Owner = Owner { node: 0, scope: 0 };

    /// The node itself.
    pub(crate) const fn node(node: u16) -> Owner {
        Owner { node, scope: 0 }
    }

    /// The owner that is running; outside of any, the world.
    pub(crate) fn running() -> Owner {
        owner()
    }
}

/// The simulation that is running.
pub(super) fn sim() -> Option<Sim> {
    CONTEXT.with(|context| context.sim.borrow().clone())
}

/// The owner that is running; outside of any, the world.
pub(super) fn owner() -> Owner {
    CONTEXT.with(|context| context.owner.get())
}

/// Reads from the simulation that is running, without a handle on it.
///
/// `read` must not enter another one.
pub(super) fn with<R>(read: impl FnOnce(&Sim, Owner) -> R) -> Option<R> {
    let read = |context: &Context| {
        let sim = context.sim.borrow();
        sim.as_ref().map(|sim| read(sim, context.owner.get()))
    };
    // While a thread ends there is no context any more, yet what it still drops may wake tasks.
    CONTEXT.try_with(read).ok().flatten()
}

/// Makes `sim` and `owner` what is running, until the guard is dropped.
pub(super) fn enter(sim: Sim, owner: Owner) -> Entered {
    CONTEXT.with(|context| Entered {
        sim: context.sim.replace(Some(sim)),
        owner: context.owner.replace(owner),
    })
}

/// Makes `owner` the one that is running, in the simulation that already is.
pub(super) fn set_owner(owner: Owner) {
    CONTEXT.with(|context| context.owner.set(owner));
}

/// Brings back what was running before.
pub(super) struct Entered {
    sim: Option<Sim>,
    owner: Owner,
}

impl Drop for Entered {
    fn drop(&mut self) {
        CONTEXT.with(|context| {
            context.owner.set(self.owner);
            // The handle that is replaced may be the last one; it is dropped after the borrow.
            let left = context.sim.replace(self.sim.take());
            drop(left);
        });
    }
}
