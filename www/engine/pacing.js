// How fast virtual time passes while the user leaves that to the page: slow enough to follow a message wherever something
// happens, faster the longer nothing does. Pure, but for the wall clock that it is given. Used by loop.js.

/** @import { State } from '../types.d.ts' */

/** The speeds that can be picked, in virtual seconds a second, with the word for each. */
export const SPEEDS = new Map([
  ['1/1000', 0.001],
  ['1/100', 0.01],
  ['1/50', 0.02],
  ['1/20', 0.05],
  ['1/10', 0.1],
  ['1/4', 0.25],
  ['1', 1],
  ['10', 10],
  ['100', 100],
]);

/** A hop takes 2 to 4 ms: at this speed its dot travels for a third of a second. */
const WATCH = 0.01;
/** Nothing is waited for: the ordinary traffic, a little faster. */
const CRUISE = 0.02;
const FASTEST = 1;
/** For so long the speed stays at WATCH after something happened, then doubles every DOUBLE_S. */
const HOLD_S = 0.9;
const CAPTION_HOLD_S = 1.8;
const DOUBLE_S = 0.4;

export class Pacing {
  constructor() {
    this.slowUntil = 0;
    this.seq = 0;
    this.reached = 0;
  }

  /**
   * @param {State} state
   * @param {number} nowS wall time in seconds
   * @returns {number} virtual seconds a second
   */
  speed(state, nowS) {
    const { view } = state;
    if (state.speedAsked > 0 || !view) return state.speedAsked || WATCH;
    const reached = view.captions.filter((caption) => caption.reached).length;
    if (reached !== this.reached) this.slowUntil = nowS + CAPTION_HOLD_S;
    else if (this.#somethingHappened(state))
      this.slowUntil = Math.max(this.slowUntil, nowS + HOLD_S);
    this.reached = reached;
    const awaited =
      view.phase.running > 0 || view.shards.some((s) => s.availability !== 'writable');
    const quiet = nowS - this.slowUntil;
    if (quiet <= 0) return WATCH;
    const wanted = WATCH * 2 ** (quiet / DOUBLE_S);
    return Math.min(wanted, awaited ? FASTEST : CRUISE);
  }

  /** @param {State} state */
  #somethingHappened(state) {
    const before = this.seq;
    this.seq = state.events.at(-1)?.seq ?? 0;
    if (this.seq === before) return false;
    for (let i = state.events.length - 1; i >= 0; i -= 1) {
      const event = state.events[i];
      if (!event || event.seq <= before) break;
      if (event.major) return true;
    }
    return false;
  }
}
