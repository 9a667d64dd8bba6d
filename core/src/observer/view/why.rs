//! What is stuck, and why: questions that the state raises, answered from the state.
//!
//! Pure: reads a view and nothing else, so that every answer can be checked against what is drawn.

use crate::view::{
    Availability, ClientView, NodeStatus, ReplicaView, RoleView, ShardView, View, WhyView,
};

/// Most answers: what is beyond them is not read.
const WHYS_MAX: usize = 24;

/// All that is stuck, the most pressing first.
pub(super) fn whys(view: &View) -> Vec<WhyView> {
    let mut found = Vec::new();
    for shard in &view.shards {
        found.extend(unwritable(view, shard));
    }
    found.extend(phase(view));
    found.extend(view.clients.iter().filter_map(undone));
    for shard in &view.shards {
        found.extend(uncommitted(view, shard));
    }
    found.extend(view.replicas.iter().filter_map(|replica| voteless(view, replica)));
    found.truncate(WHYS_MAX);
    found
}

fn why(kind: &str, id: u64, question: String, answer: String) -> WhyView {
    WhyView { kind: kind.into(), id, question, answer }
}

fn replica_on(view: &View, shard: u64, node: u16) -> Option<&ReplicaView> {
    view.replicas.iter().find(|r| r.shard == shard && r.node == node)
}

/// What keeps others from reaching a node, in a word or two.
fn trouble(view: &View, node: u16) -> Option<&'static str> {
    let found = view.nodes.iter().find(|n| n.id == node)?;
    match found.status {
        NodeStatus::Down => Some("down"),
        NodeStatus::Paused => Some("paused"),
        NodeStatus::Up => found.isolated.then_some("cut off"),
    }
}

fn name(view: &View, shard: u64) -> String {
    let found = view.shards.iter().find(|s| s.id == shard);
    found.map_or_else(|| format!("shard {shard}"), |s| s.name.clone())
}

fn unwritable(view: &View, shard: &ShardView) -> Option<WhyView> {
    let voters = &shard.voters;
    let gone: Vec<String> = voters
        .iter()
        .filter_map(|node| Some(format!("n{node} is {}", trouble(view, *node)?)))
        .collect();
    let (reached, quorum) = (voters.len() - gone.len(), voters.len() / 2 + 1);
    let live: Vec<&ReplicaView> =
        voters.iter().filter_map(|node| replica_on(view, shard.id, *node)).collect();
    let candidate = live.iter().find(|r| r.role == RoleView::Candidate);
    let answer = match shard.availability {
        Availability::Writable => return None,
        Availability::Readable => match view.placement_note.strip_prefix(&shard.name) {
            Some(step) => format!("Writes wait for a step that is under way{step}."),
            None => "Its leader is handing over, or has proposed a split: what comes after that \
                     must not take effect before it."
                .into(),
        },
        Availability::Unavailable if reached < quorum => format!(
            "{reached} of its {} voters can be reached and a quorum is {quorum}: {}.",
            voters.len(),
            gone.join(", ")
        ),
        Availability::Unavailable => match (candidate, shard.leader) {
            (Some(r), _) => format!("n{} asks for votes in term {}.", r.node, r.term),
            (None, Some(leader)) => format!(
                "n{leader} leads, but has not committed an entry of its own term with a quorum \
                 that it reaches now."
            ),
            (None, None) => {
                let first = live.iter().filter(|r| trouble(view, r.node).is_none());
                let first = first.min_by_key(|r| r.election_left_permille.unwrap_or(1000));
                let who =
                    first.map_or_else(String::new, |r| format!(", n{} before others", r.node));
                format!("It has no leader. The first whose election time runs out campaigns{who}.")
            }
        },
    };
    Some(why("shard", shard.id, format!("Why can {} not be written?", shard.name), answer))
}

fn phase(view: &View) -> Option<WhyView> {
    let (running, waits) = (view.phase.running, &view.phase.waiting_for);
    if running > 0 && !waits.is_empty() {
        let question = format!("Why is phase {running} not complete?");
        return Some(why("phase", running.into(), question, format!("{waits}.")));
    }
    if running > 0 || view.placement_note.is_empty() {
        return None;
    }
    let answer = format!("{}.", view.placement_note);
    Some(why("phase", 0, "What does placement wait for?".into(), answer))
}

/// Why a client's operation is not done: what came of its last attempt.
fn undone(client: &ClientView) -> Option<WhyView> {
    if client.pending.is_empty() || client.setback.is_empty() {
        return None;
    }
    let question = format!("Why is {} of client {} not done?", client.pending, client.id);
    let answer = format!("{} It goes again.", client.setback);
    Some(why("client", client.id.into(), question, answer))
}

/// Why the first entry that is not committed is not.
fn uncommitted(view: &View, shard: &ShardView) -> Option<WhyView> {
    let voters = &shard.voters;
    let leader = replica_on(view, shard.id, shard.leader?)?;
    let index = leader.committed + 1;
    if leader.last_log < index {
        return None;
    }
    let quorum = voters.len() / 2 + 1;
    let mut holds = vec![format!("n{}", leader.node)];
    let mut lacks = Vec::new();
    for other in voters.iter().filter(|node| **node != leader.node) {
        let matched = leader.progress.iter().find(|p| p.node == *other).map(|p| p.matched);
        if matched.is_some_and(|matched| matched >= index) {
            holds.push(format!("n{other}"));
            continue;
        }
        let upto = matched.map_or_else(String::new, |matched| format!(" ≤ {matched}"));
        let state = trouble(view, *other).map_or_else(String::new, |t| format!(", {t}"));
        lacks.push(format!("n{other}{upto}{state}"));
    }
    let answer = format!(
        "{quorum} of {} voters must have it on disk, and the leader must have heard so. Known: {}. \
         Not known: {}.",
        voters.len(),
        holds.join(", "),
        if lacks.is_empty() { "none".into() } else { lacks.join("; ") }
    );
    let question = format!("Why is entry {index} of {} not committed?", shard.name);
    Some(why("shard", shard.id, question, answer))
}

/// Why a replica may not vote.
fn voteless(view: &View, replica: &ReplicaView) -> Option<WhyView> {
    let answer = match replica.role {
        RoleView::Uninitialized => "A message made it. It has no range and no data until a \
                                    snapshot or the split brings them, and placement promotes \
                                    nobody before."
            .to_string(),
        RoleView::Learner => {
            let others = view.replicas.iter().filter(|r| r.shard == replica.shard);
            let last = others.map(|r| r.last_log).max().unwrap_or(replica.last_log);
            let behind = last.saturating_sub(replica.last_log);
            let until = if behind > 10 {
                format!("It is {behind} entries behind and is promoted only when within ten.")
            } else {
                format!("It has caught up ({behind} behind): placement may promote it.")
            };
            format!("It is a learner: it copies everything, and no quorum counts it. {until}")
        }
        _ => return None,
    };
    let question = format!("Why may n{} not vote in {}?", replica.node, name(view, replica.shard));
    Some(why("replica", replica.id, question, answer))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Options, Script, Simulation};

    const LIMIT: Duration = Duration::from_secs(20);

    fn after(script: &str) -> View {
        let mut simulation = Simulation::new(&Options::seeded(7)).expect("valid");
        let script = Script::parse(script).expect("it can be read");
        script.run(&mut simulation, LIMIT).expect("it is accepted");
        simulation.view()
    }

    fn answer<'a>(view: &'a View, question: &str) -> &'a str {
        let found = view.whys.iter().find(|why| why.question == question);
        let asked: Vec<&String> = view.whys.iter().map(|why| &why.question).collect();
        &found.unwrap_or_else(|| panic!("not asked: {question}, but {asked:?}")).answer
    }

    /// Given two of three voters down, then it is said which, and how many are needed.
    #[test]
    fn without_a_quorum_it_is_said_who_is_missing() {
        let view = after("phase 1\ncrash n2\nisolate n3\nwait 20 ms");
        assert_eq!(
            answer(&view, "Why can shard_a not be written?"),
            "1 of its 3 voters can be reached and a quorum is 2: n2 is down, n3 is cut off."
        );
    }

    /// Given a leader whose followers are down, then its last entry names who is known to lack it.
    #[test]
    fn an_entry_that_is_not_committed_says_who_lacks_it() {
        let view =
            after("phase 1\nload off\nafter 300 ms crash n2\ncrash n3\nwrite 17 9\nwait 40 ms");
        let leader = view.replicas.iter().find(|r| r.role == RoleView::Leader).expect("n1");
        let question = format!("Why is entry {} of shard_a not committed?", leader.committed + 1);
        let says = answer(&view, &question);
        assert!(says.starts_with("2 of 3 voters must have it on disk"), "{says}");
        assert!(says.contains("Known: n1. Not known: n2"), "{says}");
        assert!(says.contains(", down; n3"), "{says}");
    }

    #[test]
    fn a_learner_says_why_it_may_not_vote() {
        let view = after("phase 1\nphase 2\nphase 3");
        let says = answer(&view, "Why may n4 not vote in shard_b?");
        assert!(says.starts_with("It is a learner") && says.contains("caught up"), "{says}");
    }

    /// Given a client that believes in the shard from before a split, then the refusal names both
    /// versions.
    #[test]
    fn a_refused_write_says_what_it_named() {
        let mut simulation = Simulation::new(&Options::seeded(7)).expect("valid");
        let text = "phase 1\nload off\nafter 200 ms split shard_a 101\nwhen placement_reached\n\
                    write 150 7";
        let script = Script::parse(text).expect("it can be read");
        script.run(&mut simulation, LIMIT).expect("it is accepted");
        let mut said = None;
        for _ in 0..400 {
            let view = simulation.view();
            let about = view.whys.into_iter().find(|why| why.kind == "client");
            said = said.or(about.map(|why| why.answer));
            simulation.step();
        }
        let said = said.expect("the write was refused at least once");
        assert!(said.starts_with("It named shard_a at version 1, and n1 holds another"), "{said}");
    }

    #[test]
    fn a_cluster_at_rest_raises_no_question() {
        let view = after("phase 1\nload off\nwait 500 ms");
        assert_eq!(view.whys, []);
    }
}
