// What travels: a dot a message on its curve, in proportion to virtual time, and the curve while something is on it.
// At speeds where a dot would be born already landed, the curve's width tells how much is under way instead.

import { setAttribute, setText, svg } from '../dom.js';
import { hue } from '../format.js';
import { along, pathOf } from './geometry.js';

/** @import { Message, State, View } from '../types.d.ts' */
/** @import { Curve, Geometry } from './geometry.js' */

/** @type {Record<Message['kind'], string>} */
export const LETTERS = {
  vote: 'V',
  pre_vote: 'P',
  append: 'A',
  heartbeat: 'H',
  snapshot: 'S',
  transfer: 'T',
  write: 'W',
  read: 'R',
  read_index: 'I',
  placement: 'D',
};

/** Faster than this, weights are drawn instead of dots. */
const DOTS_UP_TO = 0.12;
/** Frames after which an empty curve is taken away. */
const LINGER = 40;
/** Where on its way a dot stands if dots do not travel: past the middle, so that there and back keep apart. */
const STILL_AT = 0.62;
/** How much of the past a weight remembers from frame to frame. */
const MEMORY = 0.92;

export class Messages {
  /**
   * @param {SVGGElement} arcRoot
   * @param {SVGGElement} dotRoot
   */
  constructor(arcRoot, dotRoot) {
    this.arcRoot = arcRoot;
    this.dotRoot = dotRoot;
    /** @type {Map<number, Dot>} */
    this.dots = new Map();
    /** @type {Map<string, Arc>} */
    this.arcs = new Map();
    /** @type {View | null} */
    this.seen = null;
    /** @type {Geometry | null} */
    this.fitted = null;
  }

  /**
   * @param {State} state
   * @param {View} view
   * @param {Geometry} geometry
   * @param {(row: number) => boolean} inSight whether a row can be seen
   */
  update(state, view, geometry, inSight) {
    const weights = state.playing && state.speed > DOTS_UP_TO;
    if (view !== this.seen || geometry !== this.fitted)
      this.#take(view, geometry, weights, inSight);
    const { kind, id: chosen, node } = state.selection;
    const link = kind === 'link' ? `n${node}>n${chosen}` : '';
    for (const arc of this.arcs.values()) {
      arc.onIt = 0;
      arc.chosen = arc.link === link;
    }
    for (const [id, dot] of this.dots) {
      if (dot.landed(state.shownNs, state.playing)) {
        dot.element.remove();
        this.dots.delete(id);
        continue;
      }
      const isChosen = kind === 'message' && id === chosen;
      dot.draw(state.shownNs, state.calm, weights, isChosen);
      dot.arc.onIt += 1;
      dot.arc.chosen ||= isChosen;
    }
    for (const [key, arc] of this.arcs) {
      arc.draw(weights);
      if (arc.quiet > LINGER || (!state.playing && arc.onIt === 0)) {
        arc.element.remove();
        this.arcs.delete(key);
      }
    }
  }

  /**
   * Takes in a new view: what is under way, and what is no longer.
   * @param {View} view
   * @param {Geometry} geometry
   * @param {boolean} weights
   * @param {(row: number) => boolean} inSight
   */
  #take(view, geometry, weights, inSight) {
    const back = this.seen !== null && view.timeNs < this.seen.timeNs;
    this.seen = view;
    const refit = geometry !== this.fitted;
    this.fitted = geometry;
    if (refit || back) this.#clear();
    const rows = new Map(view.shards.map((shard, row) => [shard.id, row]));
    const now = new Set();
    for (const message of view.messages) {
      now.add(message.id);
      const known = this.dots.get(message.id);
      if (known) known.message = message;
      else if (inSight(rows.get(message.shard ?? 0) ?? 0)) this.#add(message, rows, geometry);
    }
    for (const [id, dot] of this.dots) {
      if (!now.has(id)) dot.gone(view.timeNs, weights);
    }
  }

  /** Draws all anew: other rows have come into sight. */
  forget() {
    this.fitted = null;
  }

  #clear() {
    for (const dot of this.dots.values()) dot.element.remove();
    for (const arc of this.arcs.values()) arc.element.remove();
    this.dots.clear();
    this.arcs.clear();
  }

  /**
   * @param {Message} message
   * @param {Map<number, number>} rows
   * @param {Geometry} geometry
   */
  #add(message, rows, geometry) {
    const curve = curveOf(message, rows, geometry);
    if (!curve) return;
    const key = `${message.shard}:${message.from}>${message.to}`;
    let arc = this.arcs.get(key);
    if (!arc) {
      arc = new Arc(message, curve);
      this.arcs.set(key, arc);
      this.arcRoot.append(arc.element);
    }
    const dot = new Dot(message, arc);
    this.dots.set(message.id, dot);
    this.dotRoot.append(dot.element);
  }
}

/**
 * The way of a message, from its sender on; `null` if an end of it is not in the scene.
 * @param {Message} message
 * @param {Map<number, number>} rows
 * @param {Geometry} geometry
 * @returns {Curve | null}
 */
function curveOf({ from, to, shard }, rows, geometry) {
  const { nodes, clients } = geometry.size;
  const node = (/** @type {string} */ name) =>
    /^n\d+$/.test(name) ? Number(name.slice(1)) - 1 : -1;
  const client = (/** @type {string} */ name) =>
    name === 'placement' ? clients : Number(name.slice(1)) - 1;
  const [a, b] = [node(from), node(to)];
  if (a >= nodes || b >= nodes) return null;
  if (a >= 0 && b >= 0) return geometry.hop(a, b, rows.get(shard ?? 0) ?? 0);
  if (a < 0 && b < 0) return geometry.ask(client(from), client(to));
  const up = a < 0 ? geometry.call(client(from), b) : geometry.call(client(to), a);
  return a < 0 ? up : { from: up.to, bend: up.bend, to: up.from };
}

class Arc {
  /**
   * @param {Message} message
   * @param {Curve} curve
   */
  constructor(message, curve) {
    this.curve = curve;
    this.onIt = 0;
    this.link = `${message.from}>${message.to}`;
    this.chosen = false;
    this.quiet = 0;
    this.weight = 0;
    this.line = svg('path', { class: 'line', d: pathOf(curve) });
    const end = along(curve, 1);
    const near = along(curve, 0.94);
    const turn = (Math.atan2(end.y - near.y, end.x - near.x) * 180) / Math.PI;
    const transform = `translate(${end.x.toFixed(1)} ${end.y.toFixed(1)}) rotate(${turn.toFixed(1)})`;
    this.arrow = svg('path', { class: 'arrow', d: 'M0 0-7-3.5V3.5z', transform });
    this.element = svg('g', { class: `arc ${hue(message.shard)}` }, this.line, this.arrow);
    const link = [message.from, message.to].map((name) => /^n(\d+)$/.exec(name)?.[1]);
    const reach = { class: 'reach', d: pathOf(curve), 'data-pick': `link:${link.join('-')}` };
    // For a pointer only: the keyboard finds links in the inspector, beside the node that they begin at.
    if (link[0] && link[1]) this.element.append(svg('path', reach));
  }

  /** @param {boolean} weights */
  draw(weights) {
    this.quiet = this.onIt > 0 ? 0 : this.quiet + 1;
    this.weight = this.weight * MEMORY + this.onIt * (1 - MEMORY);
    this.element.classList.toggle('quiet', this.quiet > 4 && !weights);
    const width = weights ? 1 + Math.min(7, this.weight * 5) : 1.2;
    setAttribute(this.line, 'stroke-width', width.toFixed(1));
    this.element.classList.toggle('weighs', weights);
    this.element.classList.toggle('chosen', this.chosen);
  }
}

class Dot {
  /**
   * @param {Message} message
   * @param {Arc} arc
   */
  constructor(message, arc) {
    this.message = message;
    this.arc = arc;
    this.lost = false;
    this.arrived = false;
    const { kind, reply, ok } = message;
    const bulk = kind === 'snapshot' && !reply;
    const body = bulk
      ? svg('rect', { x: -10, y: -10, width: 20, height: 20, rx: 5 })
      : svg('circle', { r: 9 });
    this.title = svg('title');
    this.letter = svg(
      'text',
      { 'text-anchor': 'middle', y: 3.6 },
      reply ? (ok ? '+' : '−') : LETTERS[kind],
    );
    this.element = svg('g', { tabindex: -1, role: 'button', 'data-pick': `message:${message.id}` });
    this.element.append(svg('circle', { class: 'tap', r: 13 }), body, this.letter, this.title);
    this.look = `dot ${hue(message.shard)} ${reply ? 'reply' : 'request'}${reply && !ok ? ' refused' : ''}`;
    this.element.setAttribute('class', this.look);
    this.element.setAttribute('aria-label', sentence(message));
    setText(this.title, sentence(message));
  }

  /**
   * No longer in the view: it arrived, or it was lost on the way.
   * @param {number} timeNs
   * @param {boolean} weights
   */
  gone(timeNs, weights) {
    const { dueNs } = this.message;
    if (weights || dueNs === null || dueNs <= timeNs) this.arrived = true;
    else this.lost = true;
  }

  /**
   * @param {number} shownNs
   * @param {boolean} playing
   */
  landed(shownNs, playing) {
    const due = this.message.dueNs ?? Number.POSITIVE_INFINITY;
    return (this.arrived || this.lost) && (shownNs >= due || !playing);
  }

  /**
   * @param {number} shownNs
   * @param {boolean} calm
   * @param {boolean} weights
   * @param {boolean} chosen
   */
  draw(shownNs, calm, weights, chosen) {
    const { sentNs, dueNs } = this.message;
    const way = dueNs === null ? 0.12 : (shownNs - sentNs) / Math.max(1, dueNs - sentNs);
    const { x, y } = along(this.arc.curve, calm ? STILL_AT : Math.min(1, Math.max(0, way)));
    this.element.setAttribute('transform', `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    const states = [this.lost && 'lost', weights && 'unseen', chosen && 'chosen'].filter(Boolean);
    const look = [this.look, ...states].join(' ');
    setAttribute(this.element, 'class', look);
    setAttribute(this.element, 'aria-pressed', String(chosen));
  }
}

/** @param {Message} message */
export function sentence({ kind, reply, ok, from, to, summary }) {
  const word = kind.replace('_', '-');
  const what = reply ? `${word} ${ok ? 'accepted' : 'refused'}` : word;
  return `${what}, ${from} to ${to}: ${summary}`;
}
