//! What is durable, when.

use super::*;
use crate::sim::WakeOrder;

fn put(disk: &Disk<u64, u64>, rows: &[(u64, u64)]) {
    let mut batch = Batch::default();
    for &(key, value) in rows {
        batch.put(key, value);
    }
    disk.write(batch, None);
}

fn rows(disk: &Disk<u64, u64>) -> Vec<(u64, u64)> {
    disk.scan(.., |rows| rows.map(|(k, v)| (*k, *v)).collect())
}

#[test]
fn a_crash_loses_what_was_not_flushed_and_never_half_a_batch() {
    let sim = Sim::new(1, WakeOrder::Fifo);
    let disk = Disk::flushing(sim.clone(), Owner { node: 1, scope: 0 }, Duration::from_micros(100));
    put(&disk, &[(1, 10), (2, 20)]);
    put(&disk, &[(3, 30)]);
    sim.fire_next(sim.now() + Duration::from_micros(100));
    // The first flush took the first batch alone; the second came in while it was under way.
    put(&disk, &[(4, 40)]);
    assert_eq!(rows(&disk), [(1, 10), (2, 20), (3, 30), (4, 40)]);
    assert_eq!(disk.crash(), 2);
    assert_eq!(rows(&disk), [(1, 10), (2, 20)]);
    sim.shutdown();
}

#[test]
fn a_flush_begun_before_a_crash_brings_nothing_back_after_it() {
    let sim = Sim::new(1, WakeOrder::Fifo);
    let disk = Disk::flushing(sim.clone(), Owner { node: 1, scope: 0 }, Duration::from_micros(100));
    put(&disk, &[(1, 10)]);
    disk.crash();
    put(&disk, &[(2, 20)]);
    while sim.fire_next(sim.now() + Duration::from_secs(1)).is_some() {}
    assert_eq!(disk.crash(), 0);
    assert_eq!(rows(&disk), [(2, 20)]);
    sim.shutdown();
}

#[test]
fn ranges_delete_just_what_their_bounds_say() {
    let cases: [(Bound<u64>, Bound<u64>, &[u64]); 4] = [
        (Bound::Included(2), Bound::Included(3), &[1, 4]),
        (Bound::Excluded(2), Bound::Excluded(4), &[1, 2, 4]),
        (Bound::Unbounded, Bound::Excluded(3), &[3, 4]),
        (Bound::Included(9), Bound::Unbounded, &[1, 2, 3, 4]),
    ];
    for (from, to, left) in cases {
        let disk = Disk::immediate();
        put(&disk, &[(1, 0), (2, 0), (3, 0), (4, 0)]);
        let mut batch = Batch::default();
        batch.delete_range((from, to));
        disk.write(batch, None);
        assert_eq!(rows(&disk).iter().map(|r| r.0).collect::<Vec<_>>(), left);
    }
}

/// A disk that takes 100 µs for a flush.
fn world() -> (Sim, Disk<u64, u64>) {
    let sim = Sim::new(1, WakeOrder::Fifo);
    let owner = Owner { node: 1, scope: 0 };
    let disk = Disk::flushing(sim.clone(), owner, Duration::from_micros(100));
    (sim, disk)
}

fn pass(sim: &Sim, micros: u64) {
    let limit = sim.now() + Duration::from_micros(micros);
    while sim.fire_next(limit).is_some() {}
}

/// The rows that a crash would leave.
fn durable(disk: &Disk<u64, u64>) -> usize {
    disk.row_counts().1
}

#[test]
fn a_held_disk_keeps_the_flush_under_way_and_all_later_ones() {
    let (sim, disk) = world();
    put(&disk, &[(1, 10)]);
    pass(&sim, 50);
    disk.set_stall(Stall { held: true, ..Stall::default() });
    put(&disk, &[(2, 20)]);
    pass(&sim, 10_000);
    assert_eq!(durable(&disk), 0);
    disk.set_stall(Stall::default());
    pass(&sim, 0);
    assert_eq!(durable(&disk), 1, "it had taken its time");
    pass(&sim, 100);
    assert_eq!(durable(&disk), 2);
    sim.shutdown();
}

#[test]
fn a_full_disk_ends_the_flush_under_way_and_begins_no_other() {
    let (sim, disk) = world();
    put(&disk, &[(1, 10)]);
    put(&disk, &[(2, 20)]);
    disk.set_stall(Stall { full: true, ..Stall::default() });
    pass(&sim, 10_000);
    assert_eq!(durable(&disk), 1);
    disk.set_stall(Stall::default());
    pass(&sim, 100);
    assert_eq!(durable(&disk), 2);
    sim.shutdown();
}

/// Given a disk held in the middle of a flush, when its node crashes and the disk is released,
/// then nothing of that flush comes back.
#[test]
fn a_crash_while_the_disk_is_held_loses_the_flush_under_way() {
    let (sim, disk) = world();
    put(&disk, &[(1, 10)]);
    disk.set_stall(Stall { held: true, ..Stall::default() });
    pass(&sim, 200);
    assert_eq!(disk.crash(), 1);
    put(&disk, &[(2, 20)]);
    disk.set_stall(Stall::default());
    pass(&sim, 100);
    assert_eq!(rows(&disk), [(2, 20)]);
    assert_eq!(durable(&disk), 1);
    sim.shutdown();
}

#[test]
fn a_disk_is_slower_from_the_next_flush_on() {
    let (sim, disk) = world();
    put(&disk, &[(1, 10)]);
    put(&disk, &[(2, 20)]);
    disk.set_latency(Duration::from_micros(300));
    pass(&sim, 100);
    assert_eq!(durable(&disk), 1);
    pass(&sim, 299);
    assert_eq!(durable(&disk), 1);
    pass(&sim, 1);
    assert_eq!(durable(&disk), 2);
    sim.shutdown();
}
