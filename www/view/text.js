// The text twin: the trace as one line an event, one column a node, for those who read rather than look. Newest first.

import { byId, html, Keyed, setAttribute } from '../dom.js';
import { hue } from '../format.js';

/** @import { EventView, State } from '../types.d.ts' */

/** Lines in the table: what is read at one go. All of it can be saved from the About dialog. */
const LINES_MAX = 150;

export class Text {
  constructor() {
    this.head = html('tr');
    const body = html('tbody');
    byId('text').append(
      html(
        'table',
        { 'aria-label': 'The trace: a line an event, a column a node' },
        html('thead', {}, this.head),
        body,
      ),
    );
    this.nodes = 0;
    this.lines = new Keyed(
      body,
      (/** @type {EventView} */ event) => event.seq,
      (event) => this.#line(event),
    );
    /** @type {EventView[] | null} */
    this.seen = null;
  }

  /** @param {State} state */
  update({ view, events, tab }) {
    if (!view || tab !== 'text' || events === this.seen) return;
    this.seen = events;
    if (this.nodes !== view.nodes.length) {
      this.nodes = view.nodes.length;
      const names = ['time', ...view.nodes.map((node) => node.name), 'world'];
      this.head.replaceChildren(...names.map((name) => html('th', { scope: 'col' }, name)));
    }
    const shown = events.filter((event) => event.major).slice(-LINES_MAX);
    this.lines.update(shown.reverse(), () => {});
  }

  /** @param {EventView} event */
  #line({ timeNs, text, name, node, shard }) {
    const column = node ?? this.nodes + 1;
    const cells = Array.from({ length: this.nodes + 1 }, (_, i) =>
      html('td', {}, i + 1 === column ? text : ''),
    );
    const time = html('th', { scope: 'row' }, (timeNs / 1e9).toFixed(4));
    const element = html('tr', {}, time, ...cells);
    const colour = name === 'violation' ? 'violation' : shard === null ? null : hue(shard);
    setAttribute(element, 'class', colour);
    return { element };
  }
}

/**
 * The kept trace as plain text, oldest first: a line an event, a column a node.
 * @param {State} state
 */
export function traceText({ view, events }) {
  if (!view) return '';
  const names = view.nodes.map((node) => node.name);
  const lines = events.map(({ timeNs, node, text }) => {
    const column = names.map((name, i) => (node === i + 1 ? name : '.').padEnd(3)).join('');
    return `${(timeNs / 1e9).toFixed(6).padStart(11)} s  ${column} ${text}`;
  });
  const head = `ShardScope, seed ${view.seed}, openraft ${view.openraft}, digest ${view.digest}`;
  return `${head}\n\n${lines.join('\n')}\n`;
}
