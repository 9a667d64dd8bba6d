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

/** Right after a caption came true: a hop, of 2 to 4 ms, takes half a second and the caption can be read. */
const CAPTION = 0.005;
const CAPTION_S = 1;
/** Something happened: a hop takes a fifth of a second. */
const WATCH = 0.0125;
const WATCH_S = 0.9;
/** Nothing is waited for: the ordinary traffic, a little faster. */
const CRUISE = 0.02;
/** Something is waited for and nothing happens: the speed doubles every so often, up to this. */
const FASTEST = 1;
const DOUBLE_S = 0.4;

export class Pacing {
  constructor() {
    this.captionUntil = 0;
    this.watchUntil = 0;
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
    if (reached > this.reached) this.captionUntil = nowS + CAPTION_S;
    this.reached = reached;
    if (this.#somethingHappened(state)) this.watchUntil = nowS + WATCH_S;
    if (nowS < this.captionUntil) return CAPTION;
    const quiet = nowS - Math.max(this.captionUntil, this.watchUntil);
    if (quiet <= 0) return WATCH;
    const awaited =
      view.phase.running > 0 ||
      state.scripted ||
      view.shards.some((shard) => shard.availability !== 'writable');
    return Math.min(WATCH * 2 ** (quiet / DOUBLE_S), awaited ? FASTEST : CRUISE);
  }

  /** @param {State} state */
  #somethingHappened(state) {
    const before = this.seq;
    this.seq = state.events.findLast((event) => event.major)?.seq ?? 0;
    return this.seq !== before;
  }
}
