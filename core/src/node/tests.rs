//! What a node does about replicas older and newer than the one that lives on it.

use std::time::Duration;

use super::Node;
use super::catalog::Admission;
use crate::cluster::Cluster;
use crate::id::{ReplicaId, ShardId};
use crate::options::Options;
use crate::raft::birth;
use crate::raft::seat::{Seat, Sender};
use crate::sim::{Owner, Time};

const A: ShardId = ShardId(1);
const OLD: ReplicaId = ReplicaId(1);
const NEW: ReplicaId = ReplicaId(9);

/// A cluster in which `shard_a`'s first replica lives on the first node, at `conf_ver` 1.
fn cluster() -> Cluster {
    let cluster = Cluster::new(&Options::seeded(1), false).expect("they are within their limits");
    let limit = Time::from_nanos(u64::try_from(Duration::from_millis(50).as_nanos()).unwrap_or(0));
    while cluster.sim.fire_next(limit).is_some() {}
    cluster
}

fn within<T>(cluster: &Cluster, act: impl FnOnce(&Node) -> T) -> T {
    cluster.sim.enter(Owner::WORLD, || act(&cluster.nodes[0]))
}

fn lives(node: &Node) -> bool {
    let runs = node.group(A).is_some_and(|group| group.seat().replica == OLD);
    runs && birth::is_initialized(node.disk(), OLD)
}

fn sender(conf_ver: u64) -> Option<Sender> {
    Some(Sender { replica: ReplicaId(2), conf_ver })
}

/// Given a replica that lives, when a newer one that never came here is to be destroyed, then the
/// older keeps its data, and no late message makes the newer one.
#[test]
fn destroying_an_id_that_never_came_takes_no_older_replica_with_it() {
    let cluster = cluster();
    within(&cluster, |node| {
        let seat = Seat { node: node.id(), shard: A, replica: NEW };
        drop(node.destroy(seat));
        assert!(lives(node));
        assert_eq!(node.admit(A, OLD, sender(2)), Admission::Here);
        assert!(lives(node));
        assert_eq!(node.admit(A, NEW, sender(2)), Admission::Gone);
        assert!(lives(node));
    });
}

/// Given a replica with data, when a message comes for a newer one, then it makes room only for a
/// sender that has applied a membership from after all that the older one knows of.
#[test]
fn a_replica_makes_room_only_for_who_knows_of_its_removal() {
    let cluster = cluster();
    within(&cluster, |node| {
        for not_newer in [None, sender(0), sender(1)] {
            assert_eq!(node.admit(A, NEW, not_newer), Admission::NotNow);
            assert!(lives(node));
        }
        assert_eq!(node.admit(A, NEW, sender(2)), Admission::Here);
        assert!(!lives(node));
        assert_eq!(node.admit(A, OLD, sender(2)), Admission::Gone);
    });
}
