// The buttons of the header and of playback: each asks the session for one thing.

import { buttonById, byId, html } from '../dom.js';
import { SPEEDS } from '../engine/pacing.js';

/** @import { Session } from '../session.js' */
/** @import { Store } from '../state.js' */

/** How many steps the keys go on the timeline. */
const ARROWS = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
};
/** The least step: about two hops of a message. */
const ARROW_LEAST_NS = 6e6;

/**
 * @param {Store} store
 * @param {Session} session
 */
export function wirePlayback(store, session) {
  buttonById('next-phase').addEventListener('click', () => session.nextPhase());
  [...byId('phases').querySelectorAll('button')].forEach((button, i) => {
    button.addEventListener('click', () => session.runTo(i + 1));
  });
  buttonById('play').addEventListener('click', () => session.toggle());
  buttonById('step-forward').addEventListener('click', () => session.step(1));
  buttonById('step-back').addEventListener('click', () => session.step(-1));
  buttonById('reset').addEventListener('click', () => session.again());
  const cursor = /** @type {HTMLInputElement} */ (byId('cursor'));
  const seek = async (/** @type {number} */ target) => {
    if (store.state.playing) await session.pause();
    await session.seek(Math.min(Math.max(0, target), store.state.headNs));
  };
  cursor.addEventListener('input', () => seek(Number(cursor.value)));
  // The slider's own step is too fine to move by, and it ends where the timeline's window does: an arrow goes a hundredth of
  // what is shown, Home and End to the ends of the run.
  cursor.addEventListener('keydown', (event) => {
    const { state } = store;
    const now = state.view?.timeNs ?? 0;
    const step = Math.max(ARROW_LEAST_NS, (Number(cursor.max) - Number(cursor.min)) / 100);
    const by = ARROWS[/** @type {keyof typeof ARROWS} */ (event.key)];
    const ends = { Home: 0, End: state.headNs }[event.key];
    const target = ends ?? (by === undefined ? undefined : now + by * step);
    if (target === undefined) return;
    event.preventDefault();
    seek(target);
  });
  wireSpeed(store);
}

/** @param {Store} store */
function wireSpeed(store) {
  const select = /** @type {HTMLSelectElement} */ (byId('speed'));
  select.append(html('option', { value: 0 }, 'auto'));
  for (const [word, value] of SPEEDS) select.append(html('option', { value }, `${word} ×`));
  select.value = String(store.state.speedAsked);
  select.addEventListener('change', () => store.set({ speedAsked: Number(select.value) }));
}
