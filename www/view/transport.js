// Playback's display: what plays, how fast, the time, the timeline with its marks, and what identifies the run.

import { buttonById, byId, html, Keyed, setAttribute, setReason, setText } from '../dom.js';
import { clock, count, speed } from '../format.js';

/** @import { Mark, State } from '../types.d.ts' */

/** Marks nearer than this hide the lesser one. */
const MARK_ROOM = 15;

export class Transport {
  constructor() {
    this.play = buttonById('play');
    this.playWord = /** @type {HTMLElement} */ (this.play.querySelector('span'));
    this.back = buttonById('step-back');
    this.share = buttonById('share');
    this.pace = byId('pace');
    this.time = byId('time');
    this.steps = byId('steps');
    this.cursor = /** @type {HTMLInputElement} */ (byId('cursor'));
    this.digest = /** @type {HTMLElement} */ (byId('digest').querySelector('code'));
    this.seed = byId('seed');
    this.openraft = byId('openraft');
    const marks = byId('marks');
    this.marks = new Keyed(marks, (/** @type {Mark} */ mark) => mark.seq, createMark);
    this.width = 0;
    new ResizeObserver(([entry]) => {
      this.width = entry?.contentRect.width ?? 0;
      this.marked = null;
    }).observe(marks);
    /** @type {Mark[] | null} */
    this.marked = null;
    this.markedNs = 0;
  }

  /** @param {State} state */
  update(state) {
    const { view, playing } = state;
    this.play.classList.toggle('is-playing', playing);
    setText(this.playWord, playing ? 'Pause' : 'Play');
    setReason(
      this.play,
      view ? '' : 'The engine is loading',
      playing ? 'Pause (Space)' : 'Play (Space)',
    );
    if (!view) return;
    setReason(this.back, view.steps > 0 ? '' : 'This is the beginning', 'Step back (←)');
    setReason(this.share, '', 'Copy a link that replays this run up to here');
    setText(this.pace, `${speed(state.speed)} ×`);
    this.pace.classList.toggle('behind', state.behind && playing);
    setAttribute(
      this.pace,
      'title',
      state.behind && playing ? 'As fast as this machine can' : 'Virtual seconds a second',
    );
    setText(this.time, clock(view.timeNs));
    setText(this.steps, `step ${count(view.steps)}`);
    setText(this.digest, view.digest);
    setText(this.seed, view.seed);
    setText(this.openraft, view.openraft);
    this.#timeline(state, view.timeNs);
  }

  /**
   * @param {State} state
   * @param {number} timeNs
   */
  #timeline({ headNs, marks }, timeNs) {
    const end = Math.max(headNs, timeNs, 1);
    const { cursor } = this;
    if (cursor.disabled) cursor.disabled = false;
    if (cursor.max !== String(end)) cursor.max = String(end);
    if (document.activeElement !== cursor || Number(cursor.value) !== timeNs)
      cursor.value = String(timeNs);
    setAttribute(cursor, 'aria-valuetext', clock(timeNs));
    cursor.style.setProperty('--at', `${((timeNs / end) * 100).toFixed(2)}%`);
    if (marks === this.marked && Math.abs(end - this.markedNs) < end / 400) return;
    this.marked = marks;
    this.markedNs = end;
    this.marks.update(this.#roomy(marks, end), ({ element }, mark) => {
      element.style.transform = `translateX(${((mark.timeNs / end) * this.width).toFixed(1)}px)`;
    });
  }

  /**
   * The marks for which there is room, the weightier first.
   * @param {Mark[]} marks
   * @param {number} end
   */
  #roomy(marks, end) {
    /** @type {Mark[]} */
    const taken = [];
    const at = (/** @type {Mark} */ mark) => (mark.timeNs / end) * this.width;
    for (const mark of marks.filter((m) => m.glyph !== '').sort((a, b) => b.rank - a.rank)) {
      if (taken.every((other) => Math.abs(at(other) - at(mark)) >= MARK_ROOM)) taken.push(mark);
    }
    return taken.sort((a, b) => a.timeNs - b.timeNs);
  }
}

/** @param {Mark} mark */
function createMark(mark) {
  return {
    element: html(
      'span',
      { class: `rank-${mark.rank}`, title: `${clock(mark.timeNs)} ${mark.text}` },
      mark.glyph,
    ),
  };
}
