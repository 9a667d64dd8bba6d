// What can be done to what is selected, beside the four faults of a node: one line an act. Pure data and pure functions.
// Used by faults.js. The engine has the last word: what it refuses it refuses with a sentence. An act whose command the
// engine does not know (`needs`) is not offered.

import { shardOf } from '../selection.js';

/** @import { Command, Link, Node, Replica, Selection, View } from '../types.d.ts' */

/**
 * @typedef {{
 *   label: string,
 *   title: string,
 *   command(view: View, selection: Selection): Command,
 *   reason?(view: View, selection: Selection): string,
 * }} Deed what a button does; where it cannot, `reason` says why
 */
/**
 * @typedef {{
 *   id: string,
 *   needs?: string,
 *   deed(view: View, selection: Selection): Deed,
 * }} Act one button: what it does may depend on what was done before
 */

const VOTING = ['leader', 'follower', 'candidate'];
/** How much later a delayed message arrives: a few hops. */
const DELAY_NS = 20e6;
/** How long a slow disk takes for a flush, and one that is well. */
const [SLOW_FLUSH_NS, FLUSH_NS] = [20e6, 200e3];
/** How far a clock is set ahead: a good part of an election timeout. */
const CLOCK_AHEAD_NS = 300e6;

/**
 * @param {string} id
 * @param {Deed} deed
 * @param {string} [needs]
 * @returns {Act}
 */
function act(id, deed, needs) {
  return { id, deed: () => deed, ...(needs ? { needs } : undefined) };
}

/**
 * One button for what is done and for what ends it.
 * @param {string} id
 * @param {(view: View, selection: Selection) => boolean} isDone
 * @param {Deed} begin
 * @param {Deed} end
 * @returns {Act}
 */
function toggle(id, isDone, begin, end) {
  return { id, needs: id, deed: (view, selection) => (isDone(view, selection) ? end : begin) };
}

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

/**
 * What is done to the selected node, and what ends that.
 * @param {string} id
 * @param {(node: Node) => boolean} isDone
 * @param {[string, string, Command]} begin label, what it does, and the command but for the node
 * @param {[string, string, Command]} end
 * @param {(node: Node) => string} [reason]
 * @returns {Act}
 */
function onNode(id, isDone, begin, end, reason) {
  const nodeOf = (/** @type {View} */ view, /** @type {Selection} */ { node }) =>
    view.nodes.find((n) => n.id === node);
  /** @returns {Deed} */
  const deed = ([label, title, command] = begin) => ({
    label,
    title,
    command: (_, { node }) => ({ ...command, node }),
    reason: (view, selection) => {
      const node = nodeOf(view, selection);
      return node && reason ? reason(node) : '';
    },
  });
  const is = (/** @type {View} */ view, /** @type {Selection} */ selection) => {
    const node = nodeOf(view, selection);
    return node !== undefined && isDone(node);
  };
  return toggle(id, is, deed(begin), deed(end));
}

/** @type {Deed} */
const LOSE_DISK = {
  label: 'Lose disk',
  title: 'The node stops, and all that is on its disk is gone: it starts again on an empty one',
  command: (_, { node }) => ({ type: 'lose_disk', node }),
};

/** @type {Deed} */
const TRANSFER = {
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

/** @type {Deed} */
const REMOVE = {
  label: 'Remove',
  title: 'Take this replica out of the membership; it is destroyed then',
  command: (view, selection) => move(view, selection, 'gone'),
  reason: (view, selection) =>
    replicaOf(view, selection)?.role === 'tombstone' ? 'It is destroyed already' : '',
};

/** @type {Deed} */
const PROMOTE = {
  label: 'Make voter',
  title: 'Promote this learner',
  command: (view, selection) => move(view, selection, 'voter'),
  reason: (view, selection) =>
    replicaOf(view, selection)?.role === 'learner' ? '' : 'It is no learner',
};

/** @type {Deed} */
const ELECT = {
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
 * A deed that names the replica and no more.
 * @param {string} type
 * @param {string} label
 * @param {string} title
 * @returns {Deed}
 */
function onReplica(type, label, title) {
  return {
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
  const deed = {
    label,
    title,
    command: (/** @type {View} */ _, /** @type {Selection} */ { id }) => ({ type, id, ...more }),
    reason: (/** @type {View} */ view, /** @type {Selection} */ { id }) =>
      view.messages.some((m) => m.id === id) ? '' : 'The message is no longer under way',
  };
  return act(type, deed, type);
}

/**
 * A deed on one direction of a link.
 * @param {string} type
 * @param {string} label
 * @param {string} title
 * @param {Record<string, number>} [more]
 * @returns {Deed}
 */
function onLink(type, label, title, more = {}) {
  return { label, title, command: (_, { node, id }) => ({ type, from: node, to: id, ...more }) };
}

/**
 * Whether what is known of the selected link says so.
 * @param {(link: Link) => boolean} says
 * @returns {(view: View, selection: Selection) => boolean}
 */
function link(says) {
  return (view, { node, id }) => view.links.some((l) => l.from === node && l.to === id && says(l));
}

/** By kind of what is selected, in the order in which they stand. */
/** @type {Record<Selection['kind'], Act[]>} */
export const ACTS = {
  node: [
    onNode(
      'pause',
      ({ status }) => status === 'paused',
      ['Freeze', 'The node stands still, with all that it holds in memory', { type: 'pause' }],
      ['Resume', 'The node goes on as if no time had passed', { type: 'resume' }],
      ({ name, status }) => (status === 'down' ? `${name} is not up` : ''),
    ),
    onNode(
      'hold_disk',
      ({ diskHeld }) => diskHeld,
      [
        'Hold disk',
        'Nothing becomes durable any more: a crash finds it like this',
        { type: 'hold_disk' },
      ],
      ['Release disk', 'It flushes again', { type: 'release_disk' }],
    ),
    onNode(
      'fill_disk',
      ({ diskFull }) => diskFull,
      ['Fill disk', 'The disk has no room: writers wait', { type: 'fill_disk' }],
      ['Free disk', 'The disk has room again', { type: 'free_disk' }],
    ),
    act('lose_disk', LOSE_DISK, 'lose_disk'),
    onNode(
      'slow_disk',
      ({ flushLatencyNs }) => flushLatencyNs >= SLOW_FLUSH_NS,
      [
        'Slow disk',
        'Each flush takes 20 ms',
        { type: 'slow_disk', flush_latency_ns: SLOW_FLUSH_NS },
      ],
      ['Quick disk', 'Each flush takes 0.2 ms', { type: 'slow_disk', flush_latency_ns: FLUSH_NS }],
    ),
    onNode(
      'set_clock',
      ({ clockOffsetNs }) => Math.abs(clockOffsetNs) >= CLOCK_AHEAD_NS / 2,
      [
        'Clock ahead',
        'Its clock is set 0.3 s ahead',
        { type: 'set_clock', offset_ns: CLOCK_AHEAD_NS, drift_ppm: 0 },
      ],
      [
        'Clock right',
        'Its clock is set right: it stands still until the world has caught up',
        { type: 'set_clock', offset_ns: 0, drift_ppm: 0 },
      ],
    ),
  ],
  replica: [
    act('transfer', TRANSFER),
    act('elect', ELECT, 'elect'),
    act('promote', PROMOTE),
    act('remove', REMOVE),
    toggle(
      'hold_apply',
      (view, selection) => replicaOf(view, selection)?.applyHeld ?? false,
      onReplica('hold_apply', 'Hold apply', 'It takes entries, but applies none'),
      onReplica('release_apply', 'Release apply', 'It applies entries again'),
    ),
  ],
  shard: [],
  placement: [
    toggle(
      'crash_placement',
      (view) => view.placementDown,
      {
        label: 'Crash placement',
        title: 'It stops at once, in the middle of whatever it does',
        command: () => ({ type: 'crash_placement' }),
      },
      {
        label: 'Restart placement',
        title: 'It goes on from its own disk and from what nodes report',
        command: () => ({ type: 'restart_placement' }),
      },
    ),
  ],
  client: [
    act('load-off', {
      label: 'Stop load',
      title: 'The clients begin nothing of their own any more',
      command: () => ({ type: 'load', on: false }),
    }),
    act('load-on', {
      label: 'Start load',
      title: 'The clients read and write of their own',
      command: () => ({ type: 'load', on: true }),
    }),
  ],
  place: [
    act('add-voter', {
      label: 'Add voter here',
      title: 'Add a learner, let it catch up, promote it',
      command: (view, selection) => move(view, selection, 'voter'),
    }),
    act('add-learner', {
      label: 'Add learner here',
      title: 'It copies everything and votes on nothing',
      command: (view, selection) => move(view, selection, 'learner'),
    }),
  ],
  link: [
    act('cut', {
      ...onLink('cut', 'Cut', 'Lose what is sent in this direction'),
      reason: (view, selection) => (link((l) => l.cut)(view, selection) ? 'It is cut already' : ''),
    }),
    toggle(
      'hold',
      link((l) => l.held),
      onLink('hold', 'Hold', 'Keep in flight what is sent in this direction'),
      onLink('release', 'Release', 'Let go what is kept, in order'),
    ),
    toggle(
      'slow_link',
      link((l) => l.slowNs > 0),
      onLink('slow_link', 'Slow', 'Everything takes 20 ms longer', { by_ns: DELAY_NS }),
      onLink('slow_link', 'Quick', 'As quick as it was', { by_ns: 0 }),
    ),
    toggle(
      'lossy_link',
      link((l) => l.lossPermille > 0),
      onLink('lossy_link', 'Lossy', 'A third of the messages is lost', { loss_permille: 333 }),
      onLink('lossy_link', 'Lossless', 'Nothing is lost by chance any more'),
    ),
    act('heal_link', onLink('heal_link', 'Make clean', 'End what was done to this direction')),
  ],
  message: [
    onMessage('drop_message', 'Drop', 'Lose this message'),
    onMessage('delay_message', 'Delay', 'It arrives 20 ms later', { by_ns: DELAY_NS }),
    onMessage('duplicate_message', 'Duplicate', 'It arrives twice'),
    onMessage('release_message', 'Let go', 'If it is held, let go this one alone'),
  ],
};
