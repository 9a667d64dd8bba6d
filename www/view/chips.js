// The replicas: a chip each, in its node's column and its shard's row, and the names of the rows.
// Shape and letter say the role, the rim the election time left, the fill how far a learner has come.

import { Keyed, place, setAttribute, setBox, setText, spot, svg } from '../dom.js';
import { hue, range, roleWord } from '../format.js';

/** @import { Replica, Selection, Shard, View } from '../types.d.ts' */
/** @import { Geometry } from './geometry.js' */

/** @type {Record<Replica['role'], string>} */
export const LETTERS = {
  leader: '',
  follower: 'F',
  candidate: 'C',
  learner: 'N',
  uninitialized: 'U',
  asleep: 'z',
  tombstone: '×',
};

/** The shape of a leader, where there is a letter for others. */
export const CROWN = 'M-7.6 5.6 -9.2-4.6-4-1 0-7.4 4-1 9.2-4.6 7.6 5.6z';
const HEXAGON = 'M0-1 .87-.5.87.5 0 1-.87.5-.87-.5z';

export class Chips {
  /** @param {SVGGElement} root */
  constructor(root) {
    const labels = svg('g');
    const chips = svg('g');
    root.append(labels, chips);
    this.labels = new Keyed(
      labels,
      (/** @type {Shard} */ shard) => shard.id,
      (shard) => new Label(shard),
    );
    this.chips = new Keyed(
      chips,
      (/** @type {Replica} */ replica) => replica.id,
      (replica) => new Chip(replica),
    );
  }

  /**
   * @param {View} view
   * @param {Geometry} geometry
   * @param {Selection} selection
   * @param {(row: number) => boolean} inSight whether a row can be seen; the others keep what was drawn last
   */
  update(view, geometry, selection, inSight) {
    const rows = new Map(view.shards.map((shard, row) => [shard.id, row]));
    this.labels.update(view.shards, (label, shard) => {
      if (label.drawn && !inSight(rows.get(shard.id) ?? 0)) return;
      const chosen = selection.kind === 'shard' && selection.id === shard.id;
      label.draw(shard, geometry, rows.get(shard.id) ?? 0, chosen);
    });
    const shown = view.replicas.filter((replica) => rows.has(replica.shard));
    const late = this.chips.drawn.size > 0;
    this.chips.update(shown, (chip, replica) => {
      if (chip.born && !inSight(rows.get(replica.shard) ?? 0)) return;
      const chosen = selection.kind === 'replica' && selection.id === replica.id;
      chip.draw(replica, view, geometry, rows, chosen, late);
    });
  }
}

class Label {
  /** @param {Shard} shard */
  constructor(shard) {
    this.tap = svg('rect', { class: 'tap', rx: 6 });
    this.name = svg('text', { class: 'name' }, shard.name);
    this.range = svg('text', { class: 'range' });
    this.epoch = svg('text', { class: 'epoch' });
    this.element = svg('g', {
      class: `label ${hue(shard.id)}`,
      role: 'button',
      tabindex: -1,
      'data-pick': `shard:${shard.id}`,
    });
    this.element.append(this.tap, this.name, this.range, this.epoch);
    this.drawn = false;
  }

  /**
   * @param {Shard} shard
   * @param {Geometry} geometry
   * @param {number} row
   * @param {boolean} chosen
   */
  draw(shard, geometry, row, chosen) {
    this.drawn = true;
    const { x, y, w, h } = geometry.label(row);
    place(this.element, x, y);
    setBox(this.tap, { x: -4, y: 0, w: w + 4, h });
    const middle = h / 2;
    const epoch = `epoch ${shard.version}.${shard.confVer}`;
    const lines = h > 44 ? 3 : h > 28 ? 2 : 1;
    setText(this.range, range([shard.first, shard.last]));
    setText(this.epoch, lines > 2 ? epoch : '');
    spot(this.name, 0, middle + (lines > 2 ? -12 : -3));
    spot(this.range, 0, middle + (lines > 2 ? 4 : 13));
    spot(this.epoch, 0, middle + 20);
    setAttribute(
      this.element,
      'aria-label',
      `${shard.name}, keys ${shard.first} to ${shard.last}, ${epoch}`,
    );
    setAttribute(this.element, 'aria-pressed', String(chosen));
  }
}

class Chip {
  /** @param {Replica} replica */
  constructor(replica) {
    this.wash = svg('rect', { class: 'wash', rx: 8, x: 0, y: 0 });
    this.rim = svg('circle', { class: 'rim', pathLength: 1000 });
    this.track = svg('circle', { class: 'track' });
    this.body = svg('circle', { class: 'body', r: 1 });
    this.hexagon = svg('path', { class: 'hexagon', d: HEXAGON });
    this.level = svg('rect', { class: 'level', x: -1, y: -1, width: 2, height: 2 });
    this.shape = svg(
      'g',
      {},
      this.body,
      this.hexagon,
      svg('g', { 'clip-path': 'url(#disc)' }, this.level),
    );
    this.crown = svg('path', { class: 'crown', d: CROWN });
    this.letter = svg('text', { class: 'letter', 'text-anchor': 'middle' });
    this.badge = svg(
      'g',
      { class: 'badge' },
      this.track,
      this.rim,
      this.shape,
      this.crown,
      this.letter,
    );
    this.lines = [1, 2, 3].map((n) => svg('text', { class: `line-${n}` }));
    this.element = svg(
      'g',
      { role: 'button', tabindex: -1, 'data-pick': `replica:${replica.id}` },
      this.wash,
      this.badge,
      ...this.lines,
    );
    this.born = false;
    /** @type {Geometry | null} */
    this.fitted = null;
  }

  /**
   * @param {Replica} replica
   * @param {View} view
   * @param {Geometry} geometry
   * @param {Map<number, number>} rows
   * @param {boolean} chosen
   * @param {boolean} late whether there were chips before: one that comes later leaves another's place
   */
  draw(replica, view, geometry, rows, chosen, late) {
    const row = rows.get(replica.shard) ?? 0;
    const node = view.nodes.findIndex((n) => n.id === replica.node);
    const at = geometry.chip(node, row);
    if (!this.born) {
      // A child leaves its parent's place: it was one entry in the parent's log.
      this.born = true;
      if (late && row > 0 && replica.role !== 'learner') {
        const start = geometry.chip(node, row - 1);
        place(this.element, start.x, start.y);
        this.element.getBoundingClientRect();
      }
    }
    place(this.element, at.x, at.y);
    const small = geometry.disc < 12 ? ' small' : '';
    const look = `chip ${hue(replica.shard)} ${replica.role}${small}${chosen ? ' chosen' : ''}`;
    setAttribute(this.element, 'class', look);
    if (this.fitted !== geometry) this.#fit(geometry);
    this.#write(replica, view, geometry);
    const left = replica.electionLeftPermille;
    setAttribute(this.rim, 'stroke-dasharray', left === null ? '0 1000' : `${left} 1000`);
    this.level.style.transform = `translateY(${2 - 2 * ((replica.catchUpPermille ?? 0) / 1000)}px)`;
    setText(this.letter, LETTERS[replica.role]);
    setAttribute(this.element, 'aria-pressed', String(chosen));
  }

  /** @param {Geometry} geometry */
  #fit(geometry) {
    this.fitted = geometry;
    const { chipW, chipH, disc, inset } = geometry;
    setBox(this.wash, { x: 0, y: 0, w: chipW, h: chipH });
    place(this.badge, disc + inset, chipH / 2);
    this.track.setAttribute('r', String(disc + 3.5));
    this.rim.setAttribute('r', String(disc + 3.5));
    this.shape.style.transform = `scale(${disc - 2})`;
    this.crown.style.transform = `scale(${(disc / 21).toFixed(3)})`;
    this.letter.setAttribute('y', String(Math.round(disc * 0.24)));
    const x = disc * 2 + inset * 2;
    const [first, step] = chipH > 50 ? [-12, 16] : chipH > 34 ? [-3, 15] : [4, 15];
    this.lines.forEach((line, i) => {
      spot(line, x, chipH / 2 + first + i * step);
    });
  }

  /**
   * @param {Replica} replica
   * @param {View} view
   * @param {Geometry} geometry
   */
  #write(replica, view, geometry) {
    const { roomy, chipH } = geometry;
    const term = roomy ? `term ${replica.term}` : `t${replica.term}`;
    const id = replica.role === 'tombstone' ? `r${replica.id}` : `r${replica.id} · ${term}`;
    const texts = [
      roomy ? roleWord(replica.role) : shortRole(replica.role),
      id,
      progress(replica, view, roomy),
    ];
    if (chipH <= 50) texts.splice(2, 1, '');
    if (chipH <= 34) texts.splice(1, 1, '');
    this.lines.forEach((line, i) => {
      setText(line, texts[i] ?? '');
      if (replica.role === 'candidate') colourVotes(line);
    });
    const node = view.nodes.find((n) => n.id === replica.node)?.name ?? '';
    const shard = view.shards.find((s) => s.id === replica.shard)?.name ?? '';
    setAttribute(
      this.element,
      'aria-label',
      `${shard} on ${node}, ${roleWord(replica.role)}, term ${replica.term}`,
    );
  }
}

/** @param {Replica['role']} role */
function shortRole(role) {
  if (role === 'tombstone') return 'gone';
  if (role === 'asleep') return 'on disk';
  return role === 'uninitialized' ? 'empty' : role;
}

/**
 * How far a replica is, in the words that matter for its role.
 * @param {Replica} replica
 * @param {View} view
 * @param {boolean} roomy
 */
function progress(replica, view, roomy) {
  if (replica.role === 'tombstone') return 'data gone';
  if (replica.role === 'uninitialized') return '';
  if (replica.role === 'asleep')
    return roomy ? `log to ${replica.lastLog}` : `log ${replica.lastLog}`;
  if (replica.role === 'candidate') return votes(replica, view);
  if (replica.role === 'learner') {
    const leader = view.replicas.find((r) => r.shard === replica.shard && r.role === 'leader');
    return leader ? `${replica.lastLog} / ${leader.lastLog}` : `${replica.lastLog}`;
  }
  if (replica.role === 'leader')
    return roomy ? `commit ${replica.committed}` : `cmt ${replica.committed}`;
  return roomy ? `applied ${replica.applied}` : `app ${replica.applied}`;
}

/** @typedef {'counted' | 'given' | 'refused' | 'open'} Vote */

/** @type {Record<Vote, string>} */
export const VOTE_DOTS = { counted: '●', given: '◐', refused: '✕', open: '○' };

/**
 * A dot for each that may vote.
 * @param {Replica} candidate
 * @param {View} view
 */
function votes(candidate, view) {
  const dots = votersOf(view, candidate.shard).map(
    ({ node }) => VOTE_DOTS[voteOf(candidate, node)],
  );
  return `votes ${dots.join('')}`;
}

/**
 * Gives each dot of a line the look of its vote; once for each text.
 * @param {SVGElement} line
 */
function colourVotes(line) {
  if (line.childElementCount > 0) return;
  const looks = new Map(Object.entries(VOTE_DOTS).map(([vote, dot]) => [dot, vote]));
  const parts = [...(line.textContent ?? '')].map((letter) => {
    const vote = looks.get(letter);
    return vote ? svg('tspan', { class: vote }, letter) : letter;
  });
  line.replaceChildren(...parts);
}

/**
 * How a node's vote stands for a candidate. One that is given and not heard of yet, only whoever
 * sees all disks at once can know.
 * @param {Replica} candidate
 * @param {number} node
 * @returns {Vote}
 */
export function voteOf({ votesGranted, votesHeard }, node) {
  const heard = votesHeard.includes(node);
  if (votesGranted.includes(node)) return heard ? 'counted' : 'given';
  return heard ? 'refused' : 'open';
}

/**
 * The replicas of a shard that may vote, as far as they can be seen.
 * @param {View} view
 * @param {number} shard
 */
export function votersOf(view, shard) {
  const silent = ['learner', 'tombstone', 'uninitialized'];
  return view.replicas.filter((r) => r.shard === shard && !silent.includes(r.role));
}
