//! The four phases: what starts each, when it is complete, and what it cost.
//!
//! Phase 1 one hot shard on three nodes, 2 an atomic split, 3 two nodes join as learners, 4 the new
//! shard moves to them.

use super::captions::CAPTIONS;
use super::story::Story;
use crate::cluster::Cluster;
use crate::error::CommandError;
use crate::event::{EventKind, Role};
use crate::id::{NodeId, ShardId};
use crate::key::{Key, KeyRange};
use crate::network::Sent;
use crate::node::{NodeStatus, ReplicaFacts};
use crate::observer::Observer;
use crate::options::Options;
use crate::sim::Time;
use crate::trace::Digest;
use crate::view::CaptionView;

/// The names of the four phases.
pub(crate) const NAMES: [&str; 4] = ["Initial", "Split", "Learners", "Migrate"];

const PARENT: ShardId = ShardId(1);
const CHILD: ShardId = ShardId(2);

/// Where the reference scenario stands.
pub(crate) struct Phases {
    completed: u8,
    running: Option<Running>,
    costs: Vec<PhaseCost>,
    waiting_for: String,
    /// The last event at which the end of a phase was looked for.
    looked_at: u64,
    /// Which captions' events have happened, in the order of [`CAPTIONS`].
    told: [bool; CAPTIONS.len()],
    /// The scenario that is told instead, and how many of its captions have come true.
    tale: Option<(&'static Story, usize)>,
}

struct Running {
    phase: u8,
    since: Time,
    sent: Sent,
}

/// What a phase cost.
#[derive(Clone, Debug)]
pub(crate) struct PhaseCost {
    pub(crate) phase: u8,
    pub(crate) duration_ns: u64,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    pub(crate) unwritable_ns: u64,
    pub(crate) round_trip_ns: u64,
    pub(crate) digest: Digest,
}

impl Default for Phases {
    fn default() -> Self {
        Self {
            completed: 0,
            running: None,
            costs: Vec::new(),
            waiting_for: String::new(),
            looked_at: 0,
            told: [false; CAPTIONS.len()],
            tale: None,
        }
    }
}

impl Phases {
    /// The phases, with the captions of a scenario of the gallery if it is one's run.
    pub(crate) fn telling(options: &Options) -> Self {
        let tale = Story::named(&options.scenario).map(|story| (story, 0));
        Self { tale, ..Self::default() }
    }

    /// The scenario that is told, if it is not the four phases.
    pub(crate) fn scenario(&self) -> Option<&'static Story> {
        self.tale.map(|(scenario, _)| scenario)
    }

    /// The captions of the phases that have begun, or of the scenario, each with whether what it
    /// tells has happened.
    pub(crate) fn captions(&self) -> Vec<CaptionView> {
        if let Some((scenario, told)) = self.tale {
            let captions = scenario.captions.iter().enumerate();
            return captions.map(|(i, c)| c.view(i < told)).collect();
        }
        let begun = self.completed.max(self.running()).max(1);
        let captions = CAPTIONS.iter().zip(self.told).filter(|(c, _)| c.phase <= begun);
        captions.map(|(c, reached)| c.view(reached)).collect()
    }

    /// Takes note of what captions tell. Those of a phase wait until it has begun, those of a
    /// scenario until the one before has come true.
    pub(crate) fn note(&mut self, event: &EventKind) {
        if let Some((scenario, told)) = &mut self.tale {
            *told += usize::from(scenario.captions.get(*told).is_some_and(|c| (c.told_by)(event)));
            return;
        }
        let begun = self.completed.max(self.running()).max(1);
        for (caption, told) in CAPTIONS.iter().zip(&mut self.told) {
            *told |= caption.phase <= begun && (caption.told_by)(event);
        }
    }

    pub(crate) fn completed(&self) -> u8 {
        self.completed
    }

    pub(crate) fn running(&self) -> u8 {
        self.running.as_ref().map_or(0, |r| r.phase)
    }

    pub(crate) fn next(&self) -> u8 {
        self.completed + 1
    }

    pub(crate) fn costs(&self) -> &[PhaseCost] {
        &self.costs
    }

    /// What the running phase still waits for, in a sentence; empty if none runs.
    pub(crate) fn waiting_for(&self) -> &str {
        &self.waiting_for
    }

    /// Starts a phase, or refuses and changes nothing.
    pub(crate) fn start(
        &mut self,
        phase: u8,
        cluster: &Cluster,
        observer: &mut Observer,
    ) -> Result<(), CommandError> {
        let order = |reason: String| Err(CommandError::PhaseOrder { asked: phase, reason });
        if let Some(running) = &self.running {
            return order(format!("phase {} is still running", running.phase));
        }
        if self.completed == 4 {
            return order("all four phases are complete: reset to see them again".into());
        }
        if !(1..=4).contains(&phase) {
            return Err(CommandError::NoSuchPhase(phase));
        }
        if phase != self.next() {
            return order(format!("phase {} comes next", self.next()));
        }
        Self::begin(phase, cluster)?;
        observer.forget_gaps();
        self.running =
            Some(Running { phase, since: cluster.sim.now(), sent: cluster.network.sent() });
        cluster.trace.record(EventKind::PhaseStarted { phase });
        Ok(())
    }

    fn begin(phase: u8, cluster: &Cluster) -> Result<(), CommandError> {
        let nodes = |ids: &[u16]| ids.iter().map(|n| NodeId(*n)).collect::<Vec<_>>();
        match phase {
            1 => {
                let options = &cluster.options;
                let begins = (options.nodes, options.voters, options.initial_shards);
                if begins != (5, 3, 1) || options.clients == 0 {
                    let why = "the four phases are for five nodes, one shard with three voters, and \
                               at least one client";
                    return Err(CommandError::NotNow(why.into()));
                }
                cluster.fill();
                cluster.load(true);
                Ok(())
            }
            2 => {
                let space = cluster.options.key_space();
                let child = cluster.split(PARENT, middle(&space))?;
                if child == CHILD {
                    return Ok(());
                }
                Err(CommandError::NotNow("shard_b exists already: reset to see the phases".into()))
            }
            3 => cluster.move_shard(CHILD, &nodes(&[1, 2, 3]), &nodes(&[4, 5])),
            _ => cluster.move_shard(CHILD, &nodes(&[4, 5]), &[]),
        }
    }

    /// Looks whether the running phase is complete.
    pub(crate) fn progress(&mut self, cluster: &Cluster, observer: &Observer) {
        let Some(running) = &self.running else { return };
        let seq = cluster.trace.seq();
        if seq == self.looked_at {
            return;
        }
        self.looked_at = seq;
        match missing(running.phase, cluster, observer) {
            Some(what) => self.waiting_for = what,
            None => {
                let (phase, sent) = (running.phase, cluster.network.sent());
                let round_trip = cluster.network.mean_round_trip(cluster.options.nodes);
                cluster.trace.record(EventKind::PhaseCompleted { phase });
                self.costs.push(PhaseCost {
                    phase,
                    duration_ns: cluster.sim.now().as_nanos() - running.since.as_nanos(),
                    messages: sent.messages - running.sent.messages,
                    bytes: sent.bytes - running.sent.bytes,
                    unwritable_ns: observer.longest_gap(cluster.sim.now()),
                    round_trip_ns: u64::try_from(round_trip.as_nanos()).unwrap_or(u64::MAX),
                    digest: cluster.trace.digest(),
                });
                self.completed = phase;
                self.running = None;
                self.waiting_for.clear();
            }
        }
    }
}

fn middle(space: &KeyRange) -> Key {
    Key(space.start.0 + space.width() / 2)
}

/// What a phase still lacks, in a sentence; `None` if it is complete.
fn missing(phase: u8, cluster: &Cluster, observer: &Observer) -> Option<String> {
    if let Some(node) = cluster.nodes.iter().find(|n| n.status() != NodeStatus::Up) {
        return Some(format!("{} is not up", node.id()));
    }
    if phase == 1 {
        let left: usize = cluster.clients.iter().map(crate::client::Client::queued).sum();
        if left > 0 {
            return Some(format!("{left} keys are still to be written"));
        }
        if !observer.is_hot(PARENT, cluster.sim.now()) {
            return Some(format!("{PARENT} is not hot yet"));
        }
    } else if !cluster.placement.is_settled(if phase == 2 { PARENT } else { CHILD }) {
        let note = cluster.placement.note();
        return Some(if note.is_empty() { "placement is still at work".into() } else { note });
    }
    misplaced(phase, cluster).or_else(|| {
        let unwritable = observer.unwritable();
        unwritable.map(|range| format!("keys {range} cannot be written yet"))
    })
}

/// The first replica that is not as the phase wants it. Which voter leads is left open: after a
/// crash it may be another.
fn misplaced(phase: u8, cluster: &Cluster) -> Option<String> {
    let (parent, child): (&[u16], &[u16]) = match phase {
        1 => (&[1, 2, 3], &[]),
        2 | 3 => (&[1, 2, 3], &[1, 2, 3]),
        _ => (&[1, 2, 3], &[4, 5]),
    };
    let learners: &[u16] = if phase == 3 { &[4, 5] } else { &[] };
    let space = cluster.options.key_space();
    let (left, right) = space.split_at(middle(&space)).unwrap_or((space, space));
    let left = if phase == 1 { space } else { left };
    let wanted = parent
        .iter()
        .map(|n| (n, PARENT, left, true))
        .chain(child.iter().map(|n| (n, CHILD, right, true)))
        .chain(learners.iter().map(|n| (n, CHILD, right, false)))
        .map(|(node, shard, range, voter)| Wanted { node: NodeId(*node), shard, range, voter });
    let wanted: Vec<Wanted> = wanted.collect();
    let replicas = cluster.replicas();
    let is = |w: &Wanted, r: &ReplicaFacts| r.seat.node == w.node && r.seat.shard == w.shard;
    for w in &wanted {
        if !replicas.iter().any(|r| is(w, r) && w.fits(r)) {
            let as_what = if w.voter { "vote in" } else { "learn" };
            return Some(format!("{} is to {as_what} {} {}", w.node, w.shard, w.range));
        }
    }
    let stray = replicas.iter().find(|r| !wanted.iter().any(|w| is(w, r)));
    stray.map(|r| format!("{} still holds {}", r.seat.node, r.seat.shard))
}

/// One replica as a phase wants it.
struct Wanted {
    node: NodeId,
    shard: ShardId,
    range: KeyRange,
    voter: bool,
}

impl Wanted {
    fn fits(&self, replica: &ReplicaFacts) -> bool {
        let role = replica.status.as_ref().map(|s| s.role);
        let votes = matches!(role, Some(Role::Leader | Role::Follower));
        let learns = role == Some(Role::Learner);
        let shape = replica.descriptor.as_ref().is_some_and(|d| d.range == self.range && !d.joint);
        shape && if self.voter { votes } else { learns }
    }
}
