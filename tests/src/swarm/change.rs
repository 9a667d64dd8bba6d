//! What a run asks of the cluster beside its clients' load: splits, moves, transfers, operations.

use shardscope_core::view::View;
use shardscope_core::{Command, Key, ShardId};

use super::dice::Dice;
use super::fault::nodes;

/// Draws one, no split once there are `shards_max`; refused now and then, as a person's commands
/// are.
pub(super) fn draw(dice: &mut Dice, view: &View, shards_max: usize) -> Command {
    let (first, last) = (view.key_space.first, view.key_space.last);
    let key = Key(first + dice.below(last - first + 1));
    let shard = if view.shards.is_empty() { 1 } else { dice.one_of(&view.shards).id };
    let shard = ShardId(shard);
    match dice.below(10) {
        0 | 1 => match view.shards.iter().find(|s| s.id == shard.0) {
            Some(s) if s.last > s.first && view.shards.len() < shards_max => {
                let key = Key(s.first + 1 + dice.below(s.last - s.first));
                Command::Split { shard, key }
            }
            _ => Command::Read { key },
        },
        2..=5 => {
            let mut nodes = nodes(view);
            dice.shuffle(&mut nodes);
            let voters = usize::from(dice.one_of(&[1_u8, 2, 2, 3, 3, 3, 4, 5])).min(nodes.len());
            let mut learners = nodes.split_off(voters);
            learners.truncate(usize::from(dice.one_of(&[0_u8, 0, 1, 2])));
            Command::Move { shard, voters: nodes, learners }
        }
        6 | 7 => Command::TransferLeader { shard, node: dice.one_of(&nodes(view)) },
        // Few values, so that equal ones are written over each other.
        8 => Command::Write { key, value: dice.below(5) },
        _ => Command::Read { key },
    }
}
