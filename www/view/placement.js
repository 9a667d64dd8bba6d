// The placement table: shards × nodes, laid out like the scene.

import { byId, html, Keyed, setAttribute, setText } from '../dom.js';
import { hue } from '../format.js';
import { condition } from './cards.js';

/** @import { Node, State, View } from '../types.d.ts' */

/** @typedef {View['placement'][number]} Row */

/** @type {Record<string, string>} */
const WORDS = {
  L: 'leader',
  F: 'follower',
  C: 'candidate',
  N: 'learner',
  U: 'no data yet',
  '–': 'no replica',
};

export class Placement {
  constructor() {
    const table = byId('placement');
    const head = table.querySelector('thead tr');
    const body = table.querySelector('tbody');
    if (!head || !body) throw new Error('the placement table has no head or body');
    const corner = { element: /** @type {HTMLTableCellElement} */ (head.firstElementChild) };
    this.heads = new Keyed(
      head,
      (/** @type {{ id: number }} */ node) => node.id,
      () => ({ element: html('th', { scope: 'col' }) }),
    );
    this.heads.drawn.set(0, corner);
    this.rows = new Keyed(
      body,
      (/** @type {Row} */ row) => row.shard,
      (row) => new TableRow(row),
    );
    /** @type {View | null} */
    this.seen = null;
  }

  /** @param {State} state */
  update({ view }) {
    if (!view || view === this.seen) return;
    this.seen = view;
    this.heads.update([{ id: 0 }, ...view.nodes], ({ element }, node) => {
      if ('name' in node) drawHead(element, /** @type {Node} */ (node));
    });
    this.rows.update(view.placement, (drawn, row) => drawn.draw(row));
  }
}

/**
 * @param {HTMLElement} element
 * @param {Node} node
 */
function drawHead(element, node) {
  const word = condition(node);
  const trouble = word !== '' && word !== 'guest';
  if (!element.firstElementChild) element.append(html('span'), html('small'));
  const [name, state] = element.children;
  if (!name || !state) return;
  setText(name, node.name);
  setText(state, trouble ? ` ${word}` : '');
  setAttribute(element, 'class', trouble ? 'trouble' : '');
}

class TableRow {
  /** @param {Row} row */
  constructor(row) {
    this.head = html('th', { scope: 'row' }, row.name);
    this.cells = row.cells.map(() => html('td'));
    this.element = html('tr', { class: hue(row.shard) }, this.head, ...this.cells);
  }

  /** @param {Row} row */
  draw(row) {
    row.cells.forEach((letter, i) => {
      const cell = this.cells[i];
      if (!cell) return;
      setText(cell, letter);
      setAttribute(cell, 'class', letter === '–' ? 'none' : `is-${letter}`);
      setAttribute(cell, 'title', WORDS[letter] ?? '');
    });
  }
}
