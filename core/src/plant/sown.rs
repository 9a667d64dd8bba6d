//! The bug that is planted in a run, kept by its [`Sim`]: so each seam finds it without being handed
//! it, and two runs in one process have each their own.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use super::Plant;
use crate::id::ReplicaId;
use crate::sim::{Sim, Time};

/// For how long a lease is kept that should be gone: until everybody else has heard of the new
/// leader.
const LEASE_KEPT: Duration = Duration::from_secs(2);

/// What a run has planted in it.
#[derive(Default)]
pub(crate) struct Sown {
    plant: Cell<Option<Plant>>,
    /// Until when replicas trust a lease that they have given away.
    leases: RefCell<BTreeMap<ReplicaId, Time>>,
}

/// Plants that bug in a run.
pub(crate) fn sow(sim: &Sim, plant: Option<Plant>) {
    sim.sown().plant.set(plant);
}

/// Whether that bug is planted in the run that goes on here.
pub(crate) fn is(plant: Plant) -> bool {
    Sim::with_current(|sim| sim.sown().plant.get() == Some(plant)).unwrap_or(false)
}

/// For [`Plant::LeaseKeptAfterTransfer`]: a leader hands over.
pub(crate) fn keep_lease(replica: ReplicaId) {
    Sim::with_current(|sim| {
        sim.sown().leases.borrow_mut().insert(replica, sim.now() + LEASE_KEPT);
    });
}

/// For [`Plant::LeaseKeptAfterTransfer`]: whether it trusts a lease that it has given away.
pub(crate) fn has_lease(replica: ReplicaId) -> bool {
    let kept = |sim: &Sim| {
        let until = sim.sown().leases.borrow().get(&replica).copied();
        until.is_some_and(|until| sim.now() < until)
    };
    is(Plant::LeaseKeptAfterTransfer) && Sim::with_current(kept).unwrap_or(false)
}
