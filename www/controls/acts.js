// What can be done to what is selected, beside the four faults of a node: one line an act. Pure data and pure functions.
// Used by faults.js. The engine has the last word: what it refuses it refuses with a sentence. An act whose command the
// engine does not know (`needs`) is not offered.

import { shardOf } from '../selection.js';

/** @import { Command, Replica, Selection, View } from '../types.d.ts' */

/**
 * @typedef {{
 *   id: string,
 *   label: string,
 *   title: string,
 *   needs?: string,
 *   command(view: View, selection: Selection): Command,
 *   reason?(view: View, selection: Selection): string,
 * }} Act
 */

const VOTING = ['leader', 'follower', 'candidate'];
/** How much later a delayed message arrives: a few hops. */
const DELAY_NS = 20e6;

/**
 * Where the voters and learners of the selected shard shall be once a node is added or taken away.
 * @param {View} view
 * @param {Selection} selection
 * @param {'voter' | 'learner' | 'gone'} as
 * @returns {Command}
 */
function move(view, selection, as) {
  const shard = shardOf(view, selection);
  const { node } = selection;
  const members = view.shards.find((s) => s.id === shard);
  const voters = members?.voters.filter((other) => other !== node) ?? [];
  const learners = members?.learners.filter((other) => other !== node) ?? [];
  if (as === 'voter') voters.push(node);
  if (as === 'learner') learners.push(node);
  return { type: 'move', shard, voters, learners };
}

/**
 * @param {View} view
 * @param {Selection} selection
 * @returns {Replica | undefined}
 */
function replicaOf(view, { id }) {
  return view.replicas.find((r) => r.id === id);
}

/** @type {Act} */
const FREEZE = {
  id: 'freeze',
  label: 'Freeze',
  title: 'The node stands still, with all that it holds in memory',
  command: (_, { node }) => ({ type: 'pause', node }),
  reason: (view, { node }) =>
    view.nodes.find((n) => n.id === node)?.status === 'up' ? '' : `n${node} is not up`,
};

/** @type {Act} */
const RESUME = {
  id: 'resume',
  label: 'Resume',
  title: 'A frozen node goes on as if no time had passed',
  command: (_, { node }) => ({ type: 'resume', node }),
  reason: (view, { node }) =>
    view.nodes.find((n) => n.id === node)?.status === 'paused' ? '' : `n${node} is not frozen`,
};

/** @type {Act} */
const TRANSFER = {
  id: 'transfer',
  label: 'Lead here',
  title: 'Hand leadership of the shard over to this replica',
  command: (view, selection) => ({
    type: 'transfer_leader',
    shard: shardOf(view, selection),
    node: selection.node,
  }),
  reason: (view, selection) => {
    const role = replicaOf(view, selection)?.role ?? '';
    if (role === 'leader') return 'It leads already';
    return VOTING.includes(role) ? '' : 'Only a voter can lead';
  },
};

/** @type {Act} */
const REMOVE = {
  id: 'remove',
  label: 'Remove',
  title: 'Take this replica out of the membership; it is destroyed then',
  command: (view, selection) => move(view, selection, 'gone'),
  reason: (view, selection) =>
    replicaOf(view, selection)?.role === 'tombstone' ? 'It is destroyed already' : '',
};

/** @type {Act} */
const PROMOTE = {
  id: 'promote',
  label: 'Make voter',
  title: 'Promote this learner',
  command: (view, selection) => move(view, selection, 'voter'),
  reason: (view, selection) =>
    replicaOf(view, selection)?.role === 'learner' ? '' : 'It is no learner',
};

/** @type {Act} */
const ELECT = {
  id: 'elect',
  needs: 'elect',
  label: 'Campaign',
  title: 'Its election time runs out now: it asks for votes in the next term',
  command: (view, selection) => ({
    type: 'elect',
    shard: shardOf(view, selection),
    node: selection.node,
  }),
  reason: (view, selection) => {
    const role = replicaOf(view, selection)?.role ?? '';
    return ['follower', 'candidate'].includes(role) ? '' : 'Only a follower campaigns';
  },
};

/**
 * An act that names the replica and no more.
 * @param {string} type
 * @param {string} label
 * @param {string} title
 * @returns {Act}
 */
function onReplica(type, label, title) {
  return {
    id: type,
    needs: type,
    label,
    title,
    command: (view, selection) => ({
      type,
      node: selection.node,
      shard: shardOf(view, selection),
    }),
  };
}

/**
 * An act on one message in flight.
 * @param {string} type
 * @param {string} label
 * @param {string} title
 * @param {Record<string, number>} [more]
 * @returns {Act}
 */
function onMessage(type, label, title, more = {}) {
  return {
    id: type,
    needs: type,
    label,
    title,
    command: (_, { id }) => ({ type, id, ...more }),
    reason: (view, { id }) =>
      view.messages.some((m) => m.id === id) ? '' : 'The message is no longer under way',
  };
}

/**
 * An act on one direction of a link.
 * @param {string} type
 * @param {string} label
 * @param {string} title
 * @param {Record<string, number>} [more]
 * @returns {Act}
 */
function onLink(type, label, title, more = {}) {
  return {
    id: `${type}-link`,
    needs: type,
    label,
    title,
    command: (_, { node, id }) => ({ type, from: node, to: id, ...more }),
  };
}

/**
 * An act on the selected node's disk.
 * @param {string} type
 * @param {string} label
 * @param {string} title
 * @returns {Act}
 */
function onDisk(type, label, title) {
  return { id: type, needs: type, label, title, command: (_, { node }) => ({ type, node }) };
}

/** By kind of what is selected, in the order in which they stand. */
/** @type {Record<Selection['kind'], Act[]>} */
export const ACTS = {
  node: [
    FREEZE,
    RESUME,
    onDisk(
      'hold_disk',
      'Hold disk',
      'Nothing becomes durable any more: a crash finds it like this',
    ),
    onDisk('release_disk', 'Release disk', 'It flushes again'),
  ],
  replica: [
    TRANSFER,
    ELECT,
    PROMOTE,
    REMOVE,
    onReplica('hold_apply', 'Hold apply', 'It takes entries, but applies none'),
    onReplica('release_apply', 'Release apply', 'It applies entries again'),
  ],
  shard: [],
  client: [
    {
      id: 'load-off',
      label: 'Stop load',
      title: 'The clients begin nothing of their own any more',
      command: () => ({ type: 'load', on: false }),
    },
    {
      id: 'load-on',
      label: 'Start load',
      title: 'The clients read and write of their own',
      command: () => ({ type: 'load', on: true }),
    },
  ],
  place: [
    {
      id: 'add-voter',
      label: 'Add voter here',
      title: 'Add a learner, let it catch up, promote it',
      command: (view, selection) => move(view, selection, 'voter'),
    },
    {
      id: 'add-learner',
      label: 'Add learner here',
      title: 'It copies everything and votes on nothing',
      command: (view, selection) => move(view, selection, 'learner'),
    },
  ],
  link: [
    {
      id: 'cut',
      label: 'Cut',
      title: 'Lose what is sent in this direction',
      command: (_, { node, id }) => ({ type: 'cut', from: node, to: id }),
      reason: (view, { node, id }) =>
        view.links.some((l) => l.from === node && l.to === id && l.cut) ? 'It is cut already' : '',
    },
    onLink('hold', 'Hold', 'Keep in flight what is sent in this direction'),
    onLink('release', 'Release', 'Let go what is kept, in order'),
    onLink('slow_link', 'Slow', 'Everything takes 20 ms longer', { by_ns: DELAY_NS }),
    onLink('lossy_link', 'Lossy', 'A third of the messages is lost', { loss_permille: 333 }),
    onLink('heal_link', 'Make clean', 'End what was done to this direction'),
  ],
  message: [
    onMessage('drop_message', 'Drop', 'Lose this message'),
    onMessage('delay_message', 'Delay', 'It arrives 20 ms later', { by_ns: DELAY_NS }),
    onMessage('duplicate_message', 'Duplicate', 'It arrives twice'),
    onMessage('release_message', 'Let go', 'If it is held, let go this one alone'),
  ],
};
