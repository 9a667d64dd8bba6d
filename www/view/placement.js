// The placement table: shards × nodes, laid out like the scene.

import { byId, html, Keyed, setAttribute, setText } from '../dom.js';
import { hue } from '../format.js';
import { selected, shardOf } from '../selection.js';
import { condition } from './cards.js';

/** @import { Store } from '../state.js' */
/** @import { Node, Selection, State, View } from '../types.d.ts' */

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
  /** @param {Store} store */
  constructor(store) {
    const table = byId('placement');
    table.addEventListener('click', (event) => {
      const cell = event.target instanceof Element ? event.target.closest('[data-cell]') : null;
      const { view } = store.state;
      const pick = cell?.getAttribute('data-cell');
      if (view && pick) store.set(selected(view, pick));
    });
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
    /** @type {Selection | null} */
    this.about = null;
  }

  /** @param {State} state */
  update({ view, selection }) {
    if (!view || (view === this.seen && selection === this.about)) return;
    this.seen = view;
    this.about = selection;
    this.heads.update([{ id: 0 }, ...view.nodes], ({ element }, node) => {
      if (!('name' in node)) return;
      drawHead(element, /** @type {Node} */ (node), selection.node === node.id);
    });
    const shard = shardOf(view, selection);
    this.rows.update(view.placement, (drawn, row) =>
      drawn.draw(row, row.shard === shard ? selection.node : 0),
    );
  }
}

/**
 * @param {HTMLElement} element
 * @param {Node} node
 * @param {boolean} chosen
 */
function drawHead(element, node, chosen) {
  const word = condition(node);
  const trouble = word !== '' && word !== 'guest';
  if (!element.firstElementChild) element.append(html('span'), html('small'));
  const [name, state] = element.children;
  if (!name || !state) return;
  setText(name, node.name);
  setText(state, trouble ? ` ${word}` : '');
  setAttribute(element, 'class', `${trouble ? 'trouble' : ''}${chosen ? ' chosen' : ''}`);
}

class TableRow {
  /** @param {Row} row */
  constructor(row) {
    this.seen = '';
    this.head = html('th', { scope: 'row' }, row.name);
    this.buttons = row.cells.map((_, i) =>
      html('button', { type: 'button', 'data-cell': `place:${row.shard}-${i + 1}` }),
    );
    const cells = this.buttons.map((button) => html('td', {}, button));
    this.element = html('tr', { class: hue(row.shard) }, this.head, ...cells);
  }

  /**
   * @param {Row} row
   * @param {number} chosen the node whose cell is selected; 0 if none is
   */
  draw(row, chosen) {
    // Of many rows few change between two views.
    const seen = `${row.cells.join('')}${chosen}`;
    if (seen === this.seen) return;
    this.seen = seen;
    row.cells.forEach((letter, i) => {
      const button = this.buttons[i];
      if (!button?.parentElement) return;
      setText(button, letter);
      setAttribute(button.parentElement, 'class', letter === '–' ? 'none' : `is-${letter}`);
      setAttribute(button, 'aria-label', `${row.name} on n${i + 1}: ${WORDS[letter] ?? letter}`);
      setAttribute(button, 'aria-pressed', String(chosen === i + 1));
    });
  }
}
