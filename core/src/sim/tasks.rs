//! The tasks that are not done.
//!
//! Owns the futures and who owns each. It must not poll or drop any: whatever leaves it is handed
//! to the caller, so that foreign code never runs while the table is borrowed. Used by the
//! executor alone.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;

use super::context::Owner;
use super::ready::{Inbox, TaskId, TaskWaker};

/// A task's future.
pub(super) type BoxTask = Pin<Box<dyn Future<Output = ()>>>;

/// How many wakers a slot itself holds of a task: see [`Slot`].
const OWN_HANDLES: usize = 2;

/// The table of tasks.
#[derive(Default)]
pub(super) struct Tasks {
    slots: Vec<Slot>,
    /// Slots without a task, the last one freed on top.
    free: Vec<u32>,
    /// How many were ever spawned.
    pub(super) spawned: u64,
    /// How many polls there were.
    pub(super) polls: u64,
}

struct Slot {
    generation: u32,
    /// The two handles on what wakes the task: to steer it, and in the form that a poll wants.
    /// When they are the only ones left, the next task in the slot goes on with them.
    waker: Option<(Arc<TaskWaker>, Waker)>,
    task: Option<Task>,
}

struct Task {
    owner: Owner,
    /// How many tasks were spawned before it: those that are killed together fall in this order.
    serial: u64,
    /// The type of its future, for a person who looks for a livelock.
    name: &'static str,
    /// None while it is being polled.
    future: Option<BoxTask>,
}

/// A task on its way through a poll.
pub(super) struct Polled {
    pub(super) owner: Owner,
    pub(super) future: BoxTask,
    pub(super) waker: (Arc<TaskWaker>, Waker),
}

impl Tasks {
    /// Adds a task, which is not yet in the queue but does not hear wakes either.
    pub(super) fn insert(
        &mut self,
        owner: Owner,
        name: &'static str,
        future: BoxTask,
        inbox: &Arc<Inbox>,
    ) -> TaskId {
        let serial = self.spawned;
        self.spawned += 1;
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, waker: None, task: None });
            u32::try_from(self.slots.len() - 1).expect("memory runs out long before 2^32 tasks")
        });
        let slot = &mut self.slots[index as usize];
        let id = TaskId { index, generation: slot.generation };
        match &slot.waker {
            Some((waker, _)) if Arc::strong_count(waker) == OWN_HANDLES => {
                waker.rename(id.generation);
            }
            _ => {
                let waker = Arc::new(TaskWaker::new(id, inbox.clone()));
                slot.waker = Some((waker.clone(), Waker::from(waker)));
            }
        }
        slot.task = Some(Task { owner, serial, name, future: Some(future) });
        id
    }

    /// Who owns the task, if it still lives.
    pub(super) fn owner(&self, id: TaskId) -> Option<Owner> {
        self.live(id).map(|task| task.owner)
    }

    /// The type of the task's future, if it still lives.
    pub(super) fn name(&self, id: TaskId) -> Option<&'static str> {
        self.live(id).map(|task| task.name)
    }

    /// Takes the task out to be polled; from now on it hears wakes again.
    pub(super) fn begin(&mut self, id: TaskId) -> Option<Polled> {
        let slot = self.slots.get_mut(id.index as usize)?;
        if slot.generation != id.generation {
            return None;
        }
        let task = slot.task.as_mut()?;
        let future = task.future.take()?;
        let waker = slot.waker.take().expect("a task that is not being polled has its wakers");
        waker.0.listen();
        self.polls += 1;
        Some(Polled { owner: task.owner, future, waker })
    }

    /// Puts a polled task back, or gives its future back if it was killed meanwhile.
    pub(super) fn put_back(&mut self, id: TaskId, polled: Polled) -> Option<BoxTask> {
        let slot = &mut self.slots[id.index as usize];
        match &mut slot.task {
            Some(task) if slot.generation == id.generation => {
                slot.waker = Some(polled.waker);
                task.future = Some(polled.future);
                None
            }
            _ => {
                polled.waker.0.ignore();
                Some(polled.future)
            }
        }
    }

    /// Forgets a polled task that is done; false if it was killed meanwhile.
    pub(super) fn finish(&mut self, id: TaskId, waker: (Arc<TaskWaker>, Waker)) -> bool {
        waker.0.ignore();
        let slot = &mut self.slots[id.index as usize];
        let lived = slot.generation == id.generation && slot.task.take().is_some();
        if lived {
            slot.waker = Some(waker);
            self.free_slot(id.index);
        }
        lived
    }

    /// Takes out all whose owner is `doomed`, in the order in which they were spawned.
    ///
    /// Of one that is being polled there is nothing to hand out: whoever polls it has the future.
    pub(super) fn remove_all(
        &mut self,
        doomed: impl Fn(Owner) -> bool,
    ) -> Vec<(Owner, Option<BoxTask>)> {
        let mut removed = Vec::new();
        for index in 0..self.slots.len() {
            let slot = &mut self.slots[index];
            let Some(task) = slot.task.take_if(|task| doomed(task.owner)) else {
                continue;
            };
            if let Some((waker, _)) = &slot.waker {
                waker.ignore();
            }
            removed.push(task);
            self.free_slot(u32::try_from(index).expect("insert made the index from a u32"));
        }
        removed.sort_unstable_by_key(|task| task.serial);
        removed.into_iter().map(|task| (task.owner, task.future)).collect()
    }

    /// How many are owned by `owner`.
    pub(super) fn count(&self, owner: Owner) -> usize {
        let tasks = self.slots.iter().filter_map(|slot| slot.task.as_ref());
        tasks.filter(|task| task.owner == owner).count()
    }

    fn live(&self, id: TaskId) -> Option<&Task> {
        let slot = self.slots.get(id.index as usize)?;
        slot.task.as_ref().filter(|_| slot.generation == id.generation)
    }

    fn free_slot(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(index);
    }
}
