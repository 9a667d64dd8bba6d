// Playback's display: what plays, how fast, the time, and what identifies the run.

import { buttonById, byId, setAttribute, setReason, setText } from '../dom.js';
import { clock, count, speed } from '../format.js';

/** @import { State } from '../types.d.ts' */

export class Transport {
  constructor() {
    this.play = buttonById('play');
    this.playWord = /** @type {HTMLElement} */ (this.play.querySelector('span'));
    this.back = buttonById('step-back');
    this.share = buttonById('share');
    this.pace = byId('pace');
    this.time = byId('time');
    this.steps = byId('steps');
    this.digest = /** @type {HTMLElement} */ (byId('digest').querySelector('code'));
    this.seed = byId('seed');
    this.openraft = byId('openraft');
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
  }
}
