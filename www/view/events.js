// What happened, newest first: all that is worth a line.

import { byId, html, Keyed, setAttribute } from '../dom.js';
import { hue } from '../format.js';
import { shardOf } from '../selection.js';

/** @import { EventView, State } from '../types.d.ts' */

/** Lines shown: enough to scroll back over a phase. */
const LINES_MAX = 120;

export class Events {
  constructor() {
    this.root = byId('events');
    this.lines = new Keyed(
      this.root,
      (/** @type {EventView} */ event) => event.seq,
      (event) => new Line(event),
    );
    /** @type {EventView[] | null} */
    this.seen = null;
    /** @type {State['selection'] | null} */
    this.about = null;
  }

  /** @param {State} state */
  update({ view, events, selection }) {
    if (events === this.seen && selection === this.about) return;
    this.seen = events;
    this.about = selection;
    const { node, kind } = selection;
    const shard = view && kind !== 'node' ? shardOf(view, selection) : 0;
    const shown = events.filter((event) => event.major).slice(-LINES_MAX);
    this.lines.update(shown.reverse(), ({ element }, event) => {
      const about = event.node === node && (shard === 0 || event.shard === shard);
      element.classList.toggle('chosen', about);
    });
    setAttribute(this.root, 'data-empty', shown.length === 0 ? '' : null);
  }
}

class Line {
  /** @param {EventView} event */
  constructor(event) {
    const time = html('b', {}, (event.timeNs / 1e9).toFixed(4));
    this.element = html(
      'li',
      {
        class: `${hue(event.shard)}${event.name === 'violation' ? ' violation' : ''}`,
        title: event.text,
      },
      time,
      ' ',
      event.text,
    );
  }
}
