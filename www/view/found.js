// What a checker found: the property that does not hold, what was seen, and the event at which that was. Play stops there.

import { buttonById, byId, setText } from '../dom.js';
import { clock } from '../format.js';
import { selected } from '../selection.js';

/** @import { Session } from '../session.js' */
/** @import { Store } from '../state.js' */
/** @import { State, Violation } from '../types.d.ts' */

export class Found {
  /**
   * @param {Store} store
   * @param {Session} session
   */
  constructor(store, session) {
    this.store = store;
    this.session = session;
    this.root = byId('found');
    this.property = /** @type {HTMLElement} */ (this.root.querySelector('b'));
    this.seen = /** @type {HTMLElement} */ (this.root.querySelector('span'));
    this.at = /** @type {HTMLElement} */ (this.root.querySelector('.soft'));
    this.show = buttonById('found-show');
    this.show.addEventListener('click', () => this.#show());
    /** @type {Violation | null} */
    this.violation = null;
  }

  /** @param {State} state */
  update({ view }) {
    const violation = view?.safety.violation ?? null;
    this.violation = violation;
    if (violation) {
      const { id, name, text, event } = violation;
      setText(this.property, `${id} ${name}`);
      setText(this.seen, `${text}.`);
      setText(this.at, `${clock(event.timeNs)} · event ${event.seq} · ${event.text}`);
    }
    this.root.hidden = violation === null;
  }

  /** Goes to the event's time, selects where it happened, and brings its line into sight. */
  async #show() {
    const event = this.violation?.event;
    if (!event) return;
    const { store, session } = this;
    if (store.state.playing) await session.pause();
    if (store.state.view?.timeNs !== event.timeNs) await session.seek(event.timeNs);
    const { view } = store.state;
    if (view && event.node !== null) {
      const pick =
        event.shard === null ? `node:${event.node}` : `place:${event.shard}-${event.node}`;
      store.set(selected(view, pick));
    }
    byId('events').querySelector('.violation')?.scrollIntoView({ block: 'nearest' });
  }
}
