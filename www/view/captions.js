// What is happening: one caption at a time. It follows the newest that has come true, unless the user stepped back.

import { buttonById, byId, html, setAttribute, setReason, setText } from '../dom.js';

/** @import { Store } from '../state.js' */
/** @import { Caption, State } from '../types.d.ts' */

/** @type {Caption} */
const OPENING = {
  id: 'opening',
  phase: 0,
  text: 'Five machines, and nothing on them yet. **Next phase** lets the first three form one raft group, and three clients begin to read and write keys 1 to 200.',
  call: '',
  tikv: '',
  reached: true,
};

export class Captions {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    this.title = byId('caption-title');
    this.text = byId('caption-text');
    this.call = byId('caption-call');
    this.previous = buttonById('caption-previous');
    this.next = buttonById('caption-next');
    this.previous.addEventListener('click', () => this.move(-1));
    this.next.addEventListener('click', () => this.move(1));
    this.shown = '';
    this.live = '';
  }

  /** @param {State} state */
  update(state) {
    const reached = reachedOf(state);
    const at = indexOf(state, reached);
    const caption = reached[at] ?? OPENING;
    setReason(this.previous, at > 0 ? '' : 'This is the first');
    setReason(this.next, at < reached.length - 1 ? '' : 'Nothing newer has happened yet');
    const peers = state.view?.captions.filter((c) => c.phase === caption.phase) ?? [];
    const place = peers.findIndex((c) => c.id === caption.id) + 1;
    setText(
      this.title,
      caption.phase > 0 ? `Phase ${caption.phase} · ${place} of ${peers.length}` : 'What you see',
    );
    if (caption.id === this.shown) return;
    this.shown = caption.id;
    this.text.replaceChildren(...strong(caption.text));
    const facts = [];
    if (caption.call) facts.push(html('code', { title: caption.call }, caption.call));
    if (caption.tikv) facts.push(html('span', { class: 'soft' }, `TiKV: ${caption.tikv}`));
    this.call.replaceChildren(...facts);
    setAttribute(this.text, 'data-caption', caption.id);
  }

  /** @param {1 | -1} by */
  move(by) {
    const { state } = this.store;
    const reached = reachedOf(state);
    const to = Math.min(reached.length - 1, Math.max(0, indexOf(state, reached) + by));
    // At the end it follows the newest again.
    this.store.set({ captionId: to === reached.length - 1 ? '' : (reached[to]?.id ?? '') });
  }
}

/** @param {State} state */
function reachedOf(state) {
  const reached = state.view?.captions.filter((caption) => caption.reached) ?? [];
  return reached.length > 0 ? reached : [OPENING];
}

/**
 * @param {State} state
 * @param {Caption[]} reached
 */
function indexOf(state, reached) {
  const found = reached.findIndex((caption) => caption.id === state.captionId);
  return found < 0 ? reached.length - 1 : found;
}

/**
 * Text in which `**…**` is strong and `` `…` `` is code, as nodes.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function strong(text) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((part) => {
    if (part.startsWith('**')) return html('strong', {}, part.slice(2, -2));
    return part.startsWith('`') ? html('code', {}, part.slice(1, -1)) : part;
  });
}
