// The nodes: a card each, with its name, its clock, and what is wrong with it on its head, and with the links from it that
// are cut or held. Heads and links stay in sight when the scene is scrolled.

import { Keyed, place, setAttribute, setBox, setText, spot, svg } from '../dom.js';
import { offset } from '../format.js';

/** @import { Link, Node, Selection, View } from '../types.d.ts' */
/** @import { Geometry } from './geometry.js' */

/**
 * The condition of a node, in a word; '' if there is nothing to say.
 * @param {Node} node
 */
export function condition(node) {
  if (node.status !== 'up') return node.status;
  if (node.isolated) return 'isolated';
  return node.guest ? 'guest' : '';
}

/** Most waiting operations that are drawn: each is a square below the node's name. */
const QUEUE_MAX = { upright: 12, turned: 6 };

export class Cards {
  /**
   * @param {SVGGElement} root
   * @param {SVGGElement} linkRoot
   * @param {SVGGElement} headRoot
   */
  constructor(root, linkRoot, headRoot) {
    this.cards = new Keyed(
      root,
      (/** @type {Node} */ node) => node.id,
      () => new Card(),
    );
    this.heads = new Keyed(
      headRoot,
      (/** @type {Node} */ node) => node.id,
      (node) => new Head(node),
    );
    this.links = new Keyed(
      linkRoot,
      (/** @type {Link} */ link) => Object.values(link).join(),
      (link) => new CutLink(link),
    );
  }

  /**
   * @param {View} view
   * @param {Geometry} geometry
   * @param {Selection} selection
   */
  update(view, geometry, selection) {
    const used = new Set(view.replicas.filter((r) => r.role !== 'tombstone').map((r) => r.node));
    this.cards.update(view.nodes, (card, node) => {
      const chosen = selection.kind === 'node' && selection.id === node.id;
      card.draw(node, geometry, lookOf(node, used.has(node.id), chosen));
    });
    this.heads.update(view.nodes, (head, node) => {
      const chosen = selection.kind === 'node' && selection.id === node.id;
      head.draw(node, geometry, lookOf(node, used.has(node.id), chosen));
      setAttribute(head.head, 'aria-pressed', String(chosen));
    });
    const isolated = new Set(view.nodes.filter((node) => node.isolated).map((node) => node.id));
    const single = view.links.filter((link) => !isolated.has(link.from) && !isolated.has(link.to));
    this.links.update(single, (line, link) => line.draw(link, geometry));
  }
}

/**
 * @param {Node} node
 * @param {boolean} used whether it holds a replica
 * @param {boolean} chosen
 */
function lookOf(node, used, chosen) {
  return `card ${condition(node) || 'up'}${used ? '' : ' empty'}${chosen ? ' chosen' : ''}`;
}

class Card {
  constructor() {
    this.back = svg('rect', { class: 'back', rx: 10 });
    this.veil = svg('rect', { class: 'veil', rx: 10 });
    this.rule = svg('path', { class: 'rule' });
    this.queue = svg('path', { class: 'queue' });
    this.element = svg('g', {}, this.back, this.veil, this.rule, this.queue);
    /** @type {Geometry | null} */
    this.fitted = null;
  }

  /**
   * @param {Node} node
   * @param {Geometry} geometry
   * @param {string} look
   */
  draw(node, geometry, look) {
    setAttribute(this.element, 'class', look);
    setAttribute(this.queue, 'd', waiting(node, geometry));
    if (this.fitted === geometry) return;
    this.fitted = geometry;
    const card = geometry.card(node.id - 1);
    const { x, y, w, h } = geometry.head(node.id - 1);
    setBox(this.back, card);
    setBox(this.veil, card);
    const { turned } = geometry;
    this.rule.setAttribute('d', turned ? `M${x + w} ${card.y}v${card.h}` : `M${x} ${y + h}h${w}`);
  }
}

class Head {
  /** @param {Node} node */
  constructor(node) {
    this.tap = svg('rect', { class: 'tap', rx: 9 });
    this.name = svg('text', { class: 'name' }, node.name);
    this.clock = svg('text', { class: 'clock' });
    this.lamp = svg('circle', { class: 'lamp', r: 4 });
    this.head = svg('g', {
      class: 'head',
      role: 'button',
      tabindex: -1,
      'data-pick': `node:${node.id}`,
    });
    this.head.append(this.tap, this.name, this.clock, this.lamp);
    this.element = svg('g', {}, this.head);
    /** @type {Geometry | null} */
    this.fitted = null;
  }

  /**
   * @param {Node} node
   * @param {Geometry} geometry
   * @param {string} look
   */
  draw(node, geometry, look) {
    const word = condition(node);
    setAttribute(this.element, 'class', look);
    setText(this.clock, word || (geometry.roomy ? offset(node.clockOffsetNs) : ''));
    setAttribute(this.head, 'aria-label', `node ${node.name}, ${word || 'up'}`);
    if (this.fitted !== geometry) this.#fit(node.id - 1, geometry);
  }

  /**
   * @param {number} index
   * @param {Geometry} geometry
   */
  #fit(index, geometry) {
    this.fitted = geometry;
    const { x, y, w, h } = geometry.head(index);
    place(this.head, x, y);
    setBox(this.tap, { x: 0, y: 0, w, h });
    const { turned } = geometry;
    this.clock.setAttribute('text-anchor', turned ? 'start' : 'end');
    if (turned) {
      spot(this.name, 11, h / 2 - 1);
      spot(this.clock, 7, h / 2 + 18);
      this.lamp.setAttribute('transform', `translate(${w - 13} ${h / 2 - 6})`);
    } else {
      spot(this.name, 14, 23);
      spot(this.clock, w - 27, 22.5);
      this.lamp.setAttribute('transform', `translate(${w - 16} 18)`);
    }
  }
}

/**
 * A square for each operation that waits for the node, up to some.
 * @param {Node} node
 * @param {Geometry} geometry
 */
function waiting({ id, queued }, geometry) {
  const { x, y, h } = geometry.head(id - 1);
  const { turned } = geometry;
  const [left, top] = turned ? [x + 7, y + h - 11] : [x + 14, y + h + 5];
  const many = Math.min(queued, turned ? QUEUE_MAX.turned : QUEUE_MAX.upright);
  return Array.from({ length: many }, (_, i) => `M${left + i * 7} ${top}h5v5h-5z`).join('');
}

class CutLink {
  /** @param {Link} link */
  constructor({ from, to }) {
    this.line = svg('path');
    this.mark = svg('text', { 'text-anchor': 'middle' });
    const pick = { class: 'cut', 'data-pick': `link:${from}-${to}` };
    this.element = svg('g', pick, this.line, this.mark);
  }

  /**
   * @param {Link} link
   * @param {Geometry} geometry
   */
  draw(link, geometry) {
    const { turned } = geometry;
    const [from, to] = [geometry.head(link.from - 1), geometry.head(link.to - 1)];
    const ahead = link.from < link.to ? 1 : -1;
    const far = Math.abs(link.to - link.from) - 1;
    // From head to head below them; farther ones lie deeper, and there and back keep apart.
    const edge = turned ? from.x + from.w : from.y + from.h;
    const depth = edge + (turned ? 5 + far * 5 : 4 + far * 6) + (ahead > 0 ? 0 : 3);
    const middle = (/** @type {import('./geometry.js').Box} */ head, /** @type {number} */ by) =>
      (turned ? head.y + head.h / 2 : head.x + head.w / 2) + by;
    const [start, end] = [middle(from, 8 * ahead), middle(to, -8 * ahead)];
    const mark = end - ahead * (16 + far * 14);
    setAttribute(
      this.line,
      'd',
      turned
        ? `M${edge} ${start}H${depth}V${end}H${edge}m4-3l-4 3l4 3`
        : `M${start} ${edge}V${depth}H${end}V${edge}m-3 4l3-4l3 4`,
    );
    if (turned) spot(this.mark, depth, mark + 4);
    else spot(this.mark, mark, depth + 4);
    setText(this.mark, link.held ? '‖' : '✕');
  }
}
