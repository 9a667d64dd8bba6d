// The selected node, replica, shard, message or client, in words; and why what is stuck is stuck.

import { byId, html, Keyed, setAttribute, setText } from '../dom.js';
import { bytes, clock, count, offset, range, roleWord, span } from '../format.js';
import { shardOf } from '../selection.js';
import { condition } from './cards.js';
import { voteOf, votersOf } from './chips.js';

/** @import { Store } from '../state.js' */
/** @import { Node, PhaseCost, Selection, State, View, Why } from '../types.d.ts' */

/** @type {Record<import('./chips.js').Vote, string>} */
const VOTE_WORDS = {
  counted: 'yes',
  given: 'yes, on its way',
  refused: 'no',
  open: 'not yet',
};

/** Replicas of a node that are named. */
const HELD_MAX = 8;

/** Answers shown at once. */
const WHYS_MAX = 4;

/** @typedef {[name: string, value: string]} Fact */
/** @typedef {{ title: string, facts: Fact[] }} Page */

export class Inspector {
  /** @param {Store} store */
  constructor(store) {
    this.title = byId('inspector-title');
    this.body = byId('inspector-body');
    const list = html('dl');
    const whys = html('div');
    const links = html('p', { class: 'links', 'aria-label': 'Links from here' });
    this.body.append(list, links, whys);
    this.links = new Keyed(
      links,
      (/** @type {Node} */ node) => node.id,
      (node) => {
        const element = html('button', { type: 'button' });
        element.addEventListener('click', () => {
          const from = store.state.selection.node;
          store.set({ selection: { kind: 'link', id: node.id, node: from } });
        });
        return { element };
      },
    );
    this.whys = new Keyed(
      whys,
      (/** @type {Fact} */ [question]) => question.replace(/entry \d+/, 'entry'),
      () => new Reason(),
    );
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
    if (selection !== this.about) this.body.scrollTop = 0;
    this.seen = view;
    this.about = selection;
    const page = pageOf(view, selection) ?? goneFrom(view, selection.node);
    setText(this.title, page.title);
    this.facts.update(page.facts, (row, [, value]) => setText(row.value, value));
    const { kind, id, node: from } = selection;
    const others = kind === 'node' || kind === 'link' ? view.nodes : [];
    this.links.update(
      others.filter((node) => node.id !== from),
      ({ element }, node) => {
        const fault = view.links.some((l) => l.from === from && l.to === node.id);
        setText(element, `→ ${node.name}${fault ? ' ✕' : ''}`);
        setAttribute(element, 'aria-label', `link n${from} to ${node.name}`);
        setAttribute(element, 'aria-pressed', String(kind === 'link' && id === node.id));
      },
    );
    this.whys.update(reasons(view, selection), (drawn, [question, answer]) => {
      setText(drawn.question, question);
      setText(drawn.answer, answer);
    });
  }
}

class Reason {
  constructor() {
    this.question = html('b');
    this.answer = html('p');
    this.element = html('div', { class: 'why' }, this.question, this.answer);
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
 * What is stuck and why: what is about the selected first. At rest, what the last phase cost.
 * @param {View} view
 * @param {Selection} selection
 * @returns {Fact[]}
 */
function reasons(view, selection) {
  const shard = shardOf(view, selection);
  const about = (/** @type {Why} */ { kind, id }) =>
    (kind === selection.kind && id === selection.id) || (kind === 'shard' && id === shard);
  const sorted = [...view.whys].sort((a, b) => Number(about(b)) - Number(about(a)));
  /** @type {Fact[]} */
  const found = sorted.slice(0, WHYS_MAX).map(({ question, answer }) => [question, answer]);
  const cost = view.phase.costs.at(-1);
  if (cost && view.phase.running === 0)
    found.push([`What did phase ${cost.phase} cost?`, costOf(cost)]);
  return found;
}

/** @param {PhaseCost} cost */
function costOf({ durationNs, messages, bytes: sent, unwritableNs, roundTripNs, ...got }) {
  const trips = roundTripNs > 0 ? `, ${(unwritableNs / roundTripNs).toFixed(1)} round trips` : '';
  const gap =
    unwritableNs > 0
      ? `No key was unwritable for longer than ${span(unwritableNs)}${trips}.`
      : 'Every key was writable all the while.';
  const served =
    got.operations > 0
      ? ` Clients had ${count(got.operationsPerSecond)} operations a second, after ${waits(got)}.`
      : '';
  return `${span(durationNs)}, ${count(messages)} messages, ${bytes(sent)}. ${gap}${served}`;
}

/**
 * How long clients wait for an answer.
 * @param {{ latencyNs: number, latencyP99Ns: number }} measured
 */
function waits({ latencyNs, latencyP99Ns }) {
  return `${span(latencyNs)}, 99 of a hundred at most ${span(latencyP99Ns)}`;
}

/**
 * @param {View} view
 * @param {Selection} selection
 * @returns {Page | null}
 */
function pageOf(view, { kind, id, node }) {
  if (kind === 'node') return describeNode(view, id);
  if (kind === 'placement') return describePlacement(view);
  if (kind === 'replica') return describeReplica(view, id);
  if (kind === 'shard') return describeShard(view, id);
  if (kind === 'place') return describePlace(view, id, node);
  if (kind === 'link') return describeLink(view, node, id);
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
  const replicas = held
    .slice(0, HELD_MAX)
    .map((r) => `${shardName(view, r.shard)} ${roleWord(r.role)}`);
  if (held.length > HELD_MAX) replicas.push(`${held.length - HELD_MAX} more`);
  const state =
    condition(node) === 'guest' ? 'up, a guest: it holds no vote' : condition(node) || 'up';
  return {
    title: `Node ${node.name}`,
    facts: [
      ['state', node.starts > 1 ? `${state}, started ${node.starts} times` : state],
      ['holds', replicas.join(', ') || 'nothing'],
      ['keys', count(held.reduce((sum, r) => sum + r.keys, 0))],
      ['serves', `${count(node.opsPerSecond)} operations a second · ${node.queued} wait`],
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
    const votes = votersOf(view, r.shard).map(
      ({ node }) => `${nodeName(view, node)} ${VOTE_WORDS[voteOf(r, node)]}`,
    );
    facts.push(['votes', votes.join(' · ')]);
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
      ['answers', shard.latencyNs > 0 ? `after ${waits(shard)}` : 'none just now'],
      ['writable', `${writable ? 'for' : 'not for'} ${span(shard.sinceNs)}${gap}`],
    ],
  };
}

/**
 * The scheduler; what it would do about hot shards if it were allowed to.
 * @param {View} view
 * @returns {Page}
 */
function describePlacement({ placementDown, placementNote, proposals }) {
  return {
    title: 'Placement',
    facts: [
      ['state', placementDown ? 'down: nothing is split or moved until it is back' : 'up'],
      ['does', placementDown ? 'nothing' : placementNote || 'nothing: all is as it is wanted'],
      ['proposes', proposals.join('\n') || 'nothing'],
    ],
  };
}

/**
 * A cell of the placement table without a replica.
 * @param {View} view
 * @param {number} shard
 * @param {number} node
 * @returns {Page}
 */
function describePlace(view, shard, node) {
  return {
    title: `${shardName(view, shard)} is not on ${nodeName(view, node)}`,
    facts: [['to move', 'add a learner or a voter here; placement carries it out step by step']],
  };
}

/**
 * @param {View} view
 * @param {number} from
 * @param {number} to
 * @returns {Page}
 */
function describeLink(view, from, to) {
  const ends = [nodeName(view, from), nodeName(view, to)];
  const link = view.links.find((l) => l.from === from && l.to === to);
  const on = view.messages.filter((m) => m.from === ends[0] && m.to === ends[1]);
  const state = link?.cut ? 'cut: what is sent is lost' : link?.held ? 'held' : 'clean';
  return {
    title: `Link ${ends.join(' → ')}`,
    facts: [
      ['state', state],
      ['on it', on.length === 0 ? 'nothing' : on.map((m) => m.summary || m.kind).join('\n')],
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
      ['answers', client.latencyNs > 0 ? `after ${span(client.latencyNs)}` : 'none yet'],
      ['sits', client.home === null ? 'by itself' : `beside ${nodeName(view, client.home)}`],
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
