// What is said to the user: the alert, the word of confirmation, the panic dialog, and the polite live region, which
// tells a screen reader what happens, at most once a second.

import { buttonById, byId, setText } from '../dom.js';

/** @import { Store } from '../state.js' */
/** @import { State } from '../types.d.ts' */

const LIVE_EVERY_MS = 1000;
const NOTICE_MS = 3200;

export class Notices {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    this.problem = byId('problem');
    this.sentence = /** @type {HTMLElement} */ (this.problem.firstElementChild);
    this.problem
      .querySelector('button')
      ?.addEventListener('click', () => store.set({ problem: '' }));
    this.notice = byId('notice');
    this.live = byId('live');
    this.panic = /** @type {HTMLDialogElement} */ (byId('panic-dialog'));
    this.panicText = /** @type {HTMLTextAreaElement} */ (byId('panic-text'));
    this.panic.addEventListener('cancel', (event) => event.preventDefault());
    buttonById('panic-again').addEventListener('click', () => location.reload());
    buttonById('panic-copy').addEventListener('click', () => this.#copyPanic());
    this.said = '';
    this.saidAt = 0;
    this.shownNotice = '';
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {State} state */
  update(state) {
    this.problem.hidden = state.problem === '';
    setText(this.sentence, state.problem);
    this.#confirm(state.notice);
    if (state.panic && !this.panic.open) {
      const { text, seed, recording } = state.panic;
      this.panicText.value = `${text}\n\nseed ${seed}\n\n${recording}\n`;
      this.panic.showModal();
    }
    this.#say(state);
  }

  /** @param {string} notice */
  #confirm(notice) {
    if (notice === this.shownNotice) return;
    this.shownNotice = notice;
    this.notice.classList.toggle('on', notice !== '');
    if (notice === '') return;
    setText(this.notice, notice);
    setText(this.live, notice);
    this.saidAt = performance.now();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.store.set({ notice: '' }), NOTICE_MS);
  }

  /** @param {State} state */
  #say({ view, captionId }) {
    const now = performance.now();
    if (!view || now - this.saidAt < LIVE_EVERY_MS) return;
    const caption = view.captions.filter((c) => c.reached).at(-1);
    const { completed, running } = view.phase;
    const done = completed > 0 && running === 0 ? `Phase ${completed} is complete. ` : '';
    const text = done + (captionId === '' ? (caption?.text ?? '').replaceAll(/[*`]/g, '') : '');
    if (text === this.said || text === '') return;
    this.said = text;
    this.saidAt = now;
    setText(this.live, text);
  }

  async #copyPanic() {
    this.panicText.select();
    await navigator.clipboard
      .writeText(this.panicText.value)
      .catch(() => document.execCommand('copy'));
  }
}
