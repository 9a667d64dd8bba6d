// The selected node, replica, shard, message or client, in words; and why what is stuck is stuck.

import { byId, html, Keyed, setAttribute, setText } from '../dom.js';
import { bytes, clock, count, offset, range, roleWord, span } from '../format.js';
import { condition } from './cards.js';
import { votersOf } from './chips.js';

/** @import { PhaseCost, Selection, Shard, State, View } from '../types.d.ts' */

/** @typedef {[name: string, value: string]} Fact */
/** @typedef {{ title: string, facts: Fact[] }} Page */

export class Inspector {
  constructor() {
    this.title = byId('inspector-title');
    const body = byId('inspector-body');
    const list = html('dl');
    this.why = html('div', { class: 'why' }, html('b'), html('p'));
    body.append(list, this.why);
    this.facts = new Keyed(
      list,
      (/** @type {Fact} */ fact) => fact[0],
      ([name]) => new Row(name),
    );
    /** @type {View | null} */
    this.seen = null;
    /** @type {Selection | null} */
    this.about = null;
  }

  /** @param {State} state */
  update({ view, selection }) {
    if (!view || (view === this.seen && selection === this.about)) return;
    this.seen = view;
    this.about = selection;
    const page = pageOf(view, selection) ?? goneFrom(view, selection.node);
    setText(this.title, page.title);
    this.facts.update(page.facts, (row, [, value]) => setText(row.value, value));
    const why = reasons(view)[0];
    this.why.hidden = !why;
    const [question, answer] = this.why.children;
    if (why && question && answer) {
      setText(question, why[0]);
      setText(answer, why[1]);
      setAttribute(this.why, 'title', null);
    }
  }
}

class Row {
  /** @param {string} name */
  constructor(name) {
    this.value = html('dd');
    this.element = html('div', {}, html('dt', {}, name), this.value);
  }
}

/**
 * What is stuck, and why: the most pressing first. Computed from the view alone.
 * @param {View} view
 * @returns {Fact[]}
 */
function reasons(view) {
  /** @type {Fact[]} */
  const found = [];
  for (const shard of view.shards) {
    if (shard.availability === 'writable') continue;
    found.push([`Why can ${shard.name} not be written?`, whyUnwritable(view, shard)]);
  }
  const { running, waitingFor } = view.phase;
  if (waitingFor) found.push([`Why is phase ${running} not complete?`, waitingFor]);
  const cost = view.phase.costs.at(-1);
  if (cost && running === 0) found.push([`What did phase ${cost.phase} cost?`, costOf(cost)]);
  return found;
}

/**
 * @param {View} view
 * @param {Shard} shard
 */
function whyUnwritable(view, shard) {
  const voters = votersOf(view, shard.id);
  const reached = voters.filter((r) => {
    return view.nodes.some((n) => n.id === r.node && n.status === 'up' && !n.isolated);
  });
  const quorum = Math.floor(voters.length / 2) + 1;
  if (reached.length < quorum) {
    return `Only ${reached.length} of its ${voters.length} voters can be reached; a quorum is ${quorum}.`;
  }
  const [about, step] = view.placementNote.split(': ');
  if (about === shard.name && step) return `Writes wait for a step that is under way: ${step}.`;
  if (shard.leader !== null) return 'Its leader has not heard from a quorum yet.';
  const candidate = voters.find((r) => r.role === 'candidate');
  if (candidate) return `${nodeName(view, candidate.node)} asks for votes.`;
  return 'It has no leader. The first whose election time runs out will ask for votes.';
}

/** @param {PhaseCost} cost */
function costOf({ durationNs, messages, bytes: sent, unwritableNs, roundTripNs }) {
  const trips = roundTripNs > 0 ? `, ${(unwritableNs / roundTripNs).toFixed(1)} round trips` : '';
  const gap =
    unwritableNs > 0
      ? `No key was unwritable for longer than ${span(unwritableNs)}${trips}.`
      : 'Every key was writable all the while.';
  return `${span(durationNs)}, ${count(messages)} messages, ${bytes(sent)}. ${gap}`;
}

/**
 * @param {View} view
 * @param {Selection} selection
 * @returns {Page | null}
 */
function pageOf(view, { kind, id }) {
  if (kind === 'node') return describeNode(view, id);
  if (kind === 'replica') return describeReplica(view, id);
  if (kind === 'shard') return describeShard(view, id);
  return kind === 'client' ? describeClient(view, id) : describeMessage(view, id);
}

/**
 * What was selected is no longer there.
 * @param {View} view
 * @param {number} id the node that it was on
 * @returns {Page}
 */
function goneFrom(view, id) {
  const node = view.nodes.find((n) => n.id === id);
  if (node?.status !== 'down') return { title: 'It is gone', facts: [] };
  return {
    title: `On ${node.name}, which is down`,
    facts: [['left', 'what its disk had flushed']],
  };
}

/**
 * @param {View} view
 * @param {number} id
 */
function nodeName(view, id) {
  return view.nodes.find((node) => node.id === id)?.name ?? `n${id}`;
}

/**
 * @param {View} view
 * @param {number} id
 */
function shardName(view, id) {
  return view.shards.find((shard) => shard.id === id)?.name ?? `shard ${id}`;
}

/**
 * @param {View} view
 * @param {number} id
 * @returns {Page | null}
 */
function describeNode(view, id) {
  const node = view.nodes.find((n) => n.id === id);
  if (!node) return null;
  const held = view.replicas.filter((r) => r.node === id && r.role !== 'tombstone');
  const replicas = held.map((r) => `${shardName(view, r.shard)} ${roleWord(r.role)}`);
  const state =
    condition(node) === 'guest' ? 'up, a guest: it holds no vote' : condition(node) || 'up';
  return {
    title: `Node ${node.name}`,
    facts: [
      ['state', node.starts > 1 ? `${state}, started ${node.starts} times` : state],
      ['holds', replicas.join(', ') || 'nothing'],
      ['keys', count(held.reduce((sum, r) => sum + r.keys, 0))],
      ['clock', `${offset(node.clockOffsetNs)} off the world's`],
    ],
  };
}

/**
 * @param {View} view
 * @param {number} id
 * @returns {Page | null}
 */
function describeReplica(view, id) {
  const r = view.replicas.find((replica) => replica.id === id);
  if (!r) return null;
  const heard = r.leaderHeardNs === null ? '' : `, heard ${span(r.leaderHeardNs)} ago`;
  const leader =
    r.role === 'leader'
      ? 'itself'
      : r.leader === null
        ? 'none'
        : `${nodeName(view, r.leader)}${heard}`;
  /** @type {Fact[]} */
  const facts = [
    ['role', `${roleWord(r.role)} in term ${r.term}`],
    ['range', `${range(r.range)} @ ${r.epoch.join('.')} · ${count(r.keys)} keys`],
    ['log', `applied ${r.applied} · committed ${r.committed} · last ${r.lastLog}`],
    ['snapshot', r.snapshot > 0 ? `covers up to ${r.snapshot}` : 'none'],
    ['leader', leader],
  ];
  if (r.role === 'candidate') {
    facts.push(['votes', r.votesGranted.map((n) => nodeName(view, n)).join(' ') || 'none yet']);
  }
  if (r.progress.length > 0) {
    facts.push([
      'knows',
      r.progress.map((p) => `${nodeName(view, p.node)} ≤ ${p.matched}`).join(' · '),
    ]);
  }
  return { title: `${shardName(view, r.shard)} on ${nodeName(view, r.node)} · r${r.id}`, facts };
}

/**
 * @param {View} view
 * @param {number} id
 * @returns {Page | null}
 */
function describeShard(view, id) {
  const shard = view.shards.find((s) => s.id === id);
  if (!shard) return null;
  const writable = shard.availability === 'writable';
  const gap = shard.longestGapNs > 0 ? ` · longest gap ${span(shard.longestGapNs)}` : '';
  return {
    title: shard.name,
    facts: [
      ['range', range([shard.first, shard.last])],
      ['epoch', `${shard.version}.${shard.confVer} (splits . changes of members)`],
      ['leader', shard.leader === null ? 'none' : nodeName(view, shard.leader)],
      ['load', `${count(shard.opsPerSecond)} operations a second${shard.hot ? ', hot' : ''}`],
      ['writable', `${writable ? 'for' : 'not for'} ${span(shard.sinceNs)}${gap}`],
    ],
  };
}

/**
 * @param {View} view
 * @param {number} id
 * @returns {Page | null}
 */
function describeClient(view, id) {
  const client = view.clients.find((c) => c.id === id);
  if (!client) return null;
  const believes = client.routes.map((r) => {
    const leader = r.leader === null ? '?' : nodeName(view, r.leader);
    return `${range([r.first, r.last])} ${shardName(view, r.shard)} @ ${r.version} → ${leader}${r.stale ? ' (stale)' : ''}`;
  });
  const repaired =
    client.lastRepairNs === null
      ? 'never'
      : `${client.lastRepair}, ${span(client.lastRepairNs)} ago`;
  const tries = client.attempts > 1 ? `, attempt ${client.attempts}` : '';
  return {
    title: `Client ${id}`,
    facts: [
      ['believes', believes.join('\n') || 'nothing yet'],
      ['repaired', repaired],
      ['waits for', client.pending ? client.pending + tries : 'nothing'],
      [
        'done',
        `${count(client.ok)} acknowledged · ${client.failed} failed · ${client.unknown} unknown`,
      ],
    ],
  };
}

/**
 * @param {View} view
 * @param {number} id
 * @returns {Page | null}
 */
function describeMessage(view, id) {
  const m = view.messages.find((message) => message.id === id);
  if (!m) return { title: 'The message arrived', facts: [] };
  const word = m.kind.replace('_', '-');
  return {
    title: `${m.reply ? 'Reply to' : 'Message'} ${word} · ${m.from} → ${m.to}`,
    facts: [
      ['says', m.reply ? `${m.ok ? 'yes' : 'no'}: ${m.summary}` : m.summary],
      ['shard', m.shard === null ? 'none' : shardName(view, m.shard)],
      ['sent', clock(m.sentNs)],
      ['due', m.dueNs === null ? 'held' : `${clock(m.dueNs)}, in ${span(m.dueNs - view.timeNs)}`],
      ['size', bytes(m.bytes)],
    ],
  };
}
