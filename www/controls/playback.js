// The buttons of the header and of playback: each asks the session for one thing.

import { buttonById, byId, html } from '../dom.js';
import { SPEEDS } from '../engine/pacing.js';

/** @import { Session } from '../session.js' */
/** @import { Store } from '../state.js' */

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
  buttonById('reset').addEventListener('click', () => session.start(store.state.view?.seed ?? ''));
  const cursor = /** @type {HTMLInputElement} */ (byId('cursor'));
  cursor.addEventListener('input', async () => {
    const target = Number(cursor.value);
    if (store.state.playing) await session.pause();
    await session.seek(target);
  });
  // The slider's own step is too fine to move by: an arrow goes a hundredth of the run.
  cursor.addEventListener('keydown', (event) => {
    const by = {
      ArrowLeft: -1,
      ArrowDown: -1,
      ArrowRight: 1,
      ArrowUp: 1,
      PageDown: -10,
      PageUp: 10,
    }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    cursor.value = String(Number(cursor.value) + (by * Number(cursor.max)) / 100);
    cursor.dispatchEvent(new Event('input'));
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
