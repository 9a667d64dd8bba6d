//! Everything that is to happen later, in order of time and then of registration.
//!
//! Owns the pending timers. It must not know of tasks or of how clocks run: it is told the moment
//! of the world at which each timer is due. Used by [`Sim`](super::Sim) alone.
//!
//! A four-way heap whose slots know their place in it, so that cancelling removes the timer there
//! and then. openraft makes and drops a timeout for nearly everything that it waits for: such a
//! timer is far in the future, enters at a leaf and leaves from it again, in constant time, and a
//! heap of the timers that are really pending is all the memory there ever is.

use std::mem;
use std::task::Waker;

use super::clock::Time;
use super::context::Owner;

/// Children of each place in the heap: four lie in about one cache line.
const ARITY: usize = 4;

/// The place of a timer that is not in the heap: its node is paused.
const HELD: u32 = u32::MAX;

/// Names a timer; of no effect once that has fired or was cancelled.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct TimerId {
    index: u32,
    generation: u32,
}

/// What a timer does when it is due.
pub(super) enum Action {
    /// Wakes a task that sleeps.
    Wake(Waker),
    /// Calls back, with its owner as the context.
    Call(Box<dyn FnOnce()>),
}

/// The pending timers.
#[derive(Default)]
pub(super) struct Timers {
    /// A heap, the earliest first.
    heap: Vec<Entry>,
    slots: Vec<Slot>,
    /// For each slot, where in the heap its entry is, or [`HELD`]. Apart from the slots, since
    /// sifting writes nothing else.
    places: Vec<u32>,
    /// Slots without a timer, the last one freed on top.
    free: Vec<u32>,
    /// How many were ever registered: orders those that are due at the same moment.
    pub(super) registered: u64,
    /// How many have fired.
    pub(super) fired: u64,
}

/// One timer's key, and where the rest of it is.
#[derive(Copy, Clone)]
struct Entry {
    due: Time,
    serial: u64,
    slot: u32,
}

impl Entry {
    fn before(&self, other: &Entry) -> bool {
        (self.due, self.serial) < (other.due, other.serial)
    }
}

struct Slot {
    generation: u32,
    timer: Option<Timer>,
}

struct Timer {
    owner: Owner,
    due: Time,
    serial: u64,
    /// What its node's own clock shows when it is due, if it goes by that clock.
    reading: Option<i64>,
    action: Action,
}

impl Timers {
    /// Registers a timer that is due at `due`, or, with `held`, not before [`Timers::release`].
    pub(super) fn insert(
        &mut self,
        owner: Owner,
        due: Time,
        reading: Option<i64>,
        action: Action,
        held: bool,
    ) -> TimerId {
        let serial = self.registered;
        self.registered += 1;
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, timer: None });
            self.places.push(HELD);
            index_u32(self.slots.len() - 1)
        });
        let slot = &mut self.slots[index as usize];
        slot.timer = Some(Timer { owner, due, serial, reading, action });
        let id = TimerId { index, generation: slot.generation };
        if !held {
            self.push(Entry { due, serial, slot: index });
        }
        id
    }

    /// Takes a timer out, if it is still pending.
    pub(super) fn remove(&mut self, id: TimerId) -> Option<(Owner, Action)> {
        let slot = self.slots.get(id.index as usize)?;
        if slot.generation != id.generation {
            return None;
        }
        self.vacate(id.index)
    }

    /// Lets a pending timer wake `waker`, and gives back the waker that this replaces, if any; not
    /// `Ok` if the timer is no longer pending.
    pub(super) fn rearm(&mut self, id: TimerId, waker: &Waker) -> Result<Option<Waker>, ()> {
        let slot = self.slots.get_mut(id.index as usize).ok_or(())?;
        if slot.generation != id.generation {
            return Err(());
        }
        match &mut slot.timer {
            Some(Timer { action: Action::Wake(armed), .. }) if armed.will_wake(waker) => Ok(None),
            Some(Timer { action: Action::Wake(armed), .. }) => {
                Ok(Some(mem::replace(armed, waker.clone())))
            }
            _ => Err(()),
        }
    }

    /// When the earliest is due.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.heap.first().map(|entry| entry.due)
    }

    /// Takes out the earliest.
    pub(super) fn pop(&mut self) -> Option<(Owner, Action)> {
        let slot = self.heap.first()?.slot;
        self.fired += 1;
        self.vacate(slot)
    }

    /// Takes out all whose owner is `doomed`, in order of their slots.
    pub(super) fn remove_all(&mut self, doomed: impl Fn(Owner) -> bool) -> Vec<(Owner, Action)> {
        let slots = self.slots_of(doomed);
        slots.into_iter().filter_map(|slot| self.vacate(slot)).collect()
    }

    /// Keeps the timers of a node from firing.
    pub(super) fn hold(&mut self, node: u16) {
        for slot in self.slots_of(|owner| owner.node == node) {
            self.take_from_heap(slot);
        }
    }

    /// Lets the timers of a node fire again; those that are overdue are due at once, in order.
    pub(super) fn release(&mut self, node: u16) {
        for slot in self.slots_of(|owner| owner.node == node) {
            self.put_in_heap(slot);
        }
    }

    /// Moves the timers that go by the node's own clock to where that clock now puts them.
    pub(super) fn reschedule(&mut self, node: u16, when: impl Fn(i64) -> Time) {
        for slot in self.slots_of(|owner| owner.node == node) {
            let held = self.places[slot as usize] == HELD;
            self.take_from_heap(slot);
            if let Some(timer) = &mut self.slots[slot as usize].timer {
                timer.due = timer.reading.map_or(timer.due, &when);
            }
            if !held {
                self.put_in_heap(slot);
            }
        }
    }

    /// How many are owned by `owner`.
    pub(super) fn count(&self, owner: Owner) -> usize {
        let timers = self.slots.iter().filter_map(|slot| slot.timer.as_ref());
        timers.filter(|timer| timer.owner == owner).count()
    }

    /// How many are in the heap, and how many there is memory for.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> (usize, usize) {
        (self.heap.len(), self.slots.len())
    }

    fn slots_of(&self, wanted: impl Fn(Owner) -> bool) -> Vec<u32> {
        let owner_of = |slot: &Slot| slot.timer.as_ref().map(|timer| timer.owner);
        let slots = self.slots.iter().enumerate();
        slots
            .filter(|(_, slot)| owner_of(slot).is_some_and(&wanted))
            .map(|(index, _)| index_u32(index))
            .collect()
    }

    fn vacate(&mut self, index: u32) -> Option<(Owner, Action)> {
        self.take_from_heap(index);
        let slot = &mut self.slots[index as usize];
        let timer = slot.timer.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(index);
        Some((timer.owner, timer.action))
    }

    fn put_in_heap(&mut self, index: u32) {
        let place = self.places[index as usize];
        if let (HELD, Some(timer)) = (place, &self.slots[index as usize].timer) {
            self.push(Entry { due: timer.due, serial: timer.serial, slot: index });
        }
    }

    fn take_from_heap(&mut self, index: u32) {
        let place = self.places[index as usize];
        if place == HELD {
            return;
        }
        self.places[index as usize] = HELD;
        let last = self.heap.pop().expect("a timer with a place is in the heap");
        let place = place as usize;
        if place < self.heap.len() {
            // The last one fills the gap; it may belong further up or further down.
            if place > 0 && last.before(&self.heap[(place - 1) / ARITY]) {
                self.sift_up(place, last);
            } else {
                self.sift_down(place, last);
            }
        }
    }

    fn push(&mut self, entry: Entry) {
        self.heap.push(entry);
        self.sift_up(self.heap.len() - 1, entry);
    }

    /// Puts `entry` at `place`, or as far towards the root of it as it belongs.
    fn sift_up(&mut self, mut place: usize, entry: Entry) {
        while place > 0 {
            let parent = (place - 1) / ARITY;
            let above = self.heap[parent];
            if !entry.before(&above) {
                break;
            }
            self.settle(place, above);
            place = parent;
        }
        self.settle(place, entry);
    }

    /// Puts `entry` at `place`, or as far away from the root of it as it belongs.
    fn sift_down(&mut self, mut place: usize, entry: Entry) {
        loop {
            let first = (place * ARITY + 1).min(self.heap.len());
            let children = &self.heap[first..self.heap.len().min(first + ARITY)];
            let mut earliest = (0, entry);
            for (nth, child) in children.iter().enumerate() {
                if child.before(&earliest.1) {
                    earliest = (first + nth, *child);
                }
            }
            self.settle(place, earliest.1);
            // The root is nobody's child: then it is the entry itself that has settled.
            if earliest.0 == 0 {
                return;
            }
            place = earliest.0;
        }
    }

    fn settle(&mut self, place: usize, entry: Entry) {
        self.heap[place] = entry;
        self.places[entry.slot as usize] = index_u32(place);
    }
}

/// An index into a list that stays far below four thousand million.
fn index_u32(index: usize) -> u32 {
    u32::try_from(index).expect("memory runs out long before there are 2^32 timers")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::rng::Rng;
    use super::*;

    const OWNER: Owner = Owner::node(1);

    fn insert(timers: &mut Timers, owner: Owner, due: u64, reading: Option<i64>) -> TimerId {
        let action = Action::Call(Box::new(|| ()));
        timers.insert(owner, Time::from_nanos(due), reading, action, false)
    }

    /// Whatever is registered, cancelled and fired: the heap gives what a sorted map would.
    #[test]
    fn the_heap_agrees_with_a_sorted_map() {
        for seed in 0..50 {
            let (rng, mut timers) = (Rng::new(seed, "test"), Timers::default());
            let mut model = BTreeMap::new();
            for serial in 0..2_000 {
                let due = rng.below(100);
                model.insert((due, serial), insert(&mut timers, OWNER, due, None));
                if rng.chance(2, 5) {
                    let keys: Vec<_> = model.keys().copied().collect();
                    let id = model.remove(rng.pick(&keys)).expect("just picked");
                    assert!(timers.remove(id).is_some());
                    assert!(timers.remove(id).is_none());
                }
                while rng.chance(2, 5) {
                    let expected = model.pop_first().map(|((due, _), _)| Time::from_nanos(due));
                    assert_eq!(timers.next_due(), expected);
                    assert_eq!(timers.pop().is_some(), expected.is_some());
                }
            }
            while let Some(((due, _), _)) = model.pop_first() {
                assert_eq!(timers.next_due(), Some(Time::from_nanos(due)));
                timers.pop();
            }
            assert_eq!(timers.next_due(), None);
        }
    }

    #[test]
    fn rescheduling_moves_what_goes_by_the_nodes_clock_and_nothing_else() {
        let mut timers = Timers::default();
        insert(&mut timers, OWNER, 50, None);
        insert(&mut timers, Owner::node(2), 40, Some(40));
        let by_clock = (0..30).map(|n| insert(&mut timers, OWNER, 100 + n, Some(n.cast_signed())));
        let by_clock: Vec<_> = by_clock.collect();
        timers.reschedule(OWNER.node, |reading| Time::from_nanos(30 - reading.cast_unsigned()));

        assert_eq!(timers.next_due(), Some(Time::from_nanos(1)));
        timers.hold(OWNER.node);
        assert_eq!(timers.next_due(), Some(Time::from_nanos(40)));
        timers.release(OWNER.node);
        for id in by_clock.into_iter().rev() {
            assert!(timers.remove(id).is_some());
        }
        timers.pop();
        assert_eq!(timers.next_due(), Some(Time::from_nanos(50)));
    }
}
