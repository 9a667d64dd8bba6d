// One frame: ask for the next view, move the drawn time towards it, let every part draw what changed.
// It runs only while something changes. Measures its own script time for those who ask.

import { Pacing } from './engine/pacing.js';

/** @import { EngineClient } from './engine/client.js' */
/** @import { Session } from './session.js' */
/** @import { Store } from './state.js' */
/** @import { Part } from './types.d.ts' */

/** The drawn time may trail the view by no more wall time than this. */
const TRAIL_MS = 60;
/**
 * Panels drawn in one frame while playing: text that changes faster cannot be read, and no frame has to draw them all, but
 * for the one behind something that was done.
 */
const PANELS_A_FRAME = 2;
/** Frames kept for the statistics. */
const FRAMES_MAX = 2400;

export class Loop {
  /**
   * @param {Store} store
   * @param {Session} session
   * @param {EngineClient} client
   * @param {Part[]} scene what is drawn in every frame
   * @param {Part[]} panels what is read
   */
  constructor(store, session, client, scene, panels) {
    this.store = store;
    this.session = session;
    this.client = client;
    this.scene = scene;
    this.panels = panels;
    this.nextPanel = 0;
    this.pacing = new Pacing();
    this.asked = false;
    this.last = 0;
    /** Script time of the last frames that drew something, in milliseconds. */
    /** @type {number[]} */
    this.frames = [];
    this.frame = this.frame.bind(this);
    store.changed = () => this.wake();
  }

  wake() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(this.frame);
  }

  /** @param {number} at */
  frame(at) {
    const start = performance.now();
    this.asked = false;
    const { state } = this.store;
    const elapsed = Math.min(100, at - this.last);
    this.last = at;
    if (state.view) {
      state.speed = this.pacing.speed(state, at / 1000);
      state.shownNs = shownTime(
        state.shownNs,
        state.view.timeNs,
        state.playing ? elapsed * 1e6 * state.speed : -1,
        state.speed,
      );
    }
    if (state.playing && !document.hidden) this.session.poll();
    for (const part of this.scene) part.update(state);
    const panels = state.playing && !this.store.acted ? PANELS_A_FRAME : this.panels.length;
    this.store.acted = false;
    for (let i = 0; i < panels; i += 1) {
      this.panels[this.nextPanel]?.update(state);
      this.nextPanel = (this.nextPanel + 1) % this.panels.length;
    }
    if (state.playing) this.wake();
    this.#measure(performance.now() - start);
  }

  /** Script time of frames: how many, and what all but one in twenty stay under. */
  statistics() {
    const sorted = [...this.frames].sort((a, b) => a - b);
    const at = (/** @type {number} */ part) => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
    return { frames: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
  }

  /** @param {number} drawMs */
  #measure(drawMs) {
    this.frames.push(drawMs + this.client.receiveMs);
    this.client.receiveMs = 0;
    if (this.frames.length > FRAMES_MAX) this.frames.shift();
  }
}

/**
 * The time to draw: it goes on evenly at the speed, never beyond the view and never far behind it.
 * @param {number} shownNs
 * @param {number} viewNs
 * @param {number} stepNs negative while paused: then it is the view's
 * @param {number} speed
 */
function shownTime(shownNs, viewNs, stepNs, speed) {
  if (stepNs < 0 || viewNs < shownNs) return viewNs;
  return Math.min(viewNs, Math.max(shownNs + stepNs, viewNs - TRAIL_MS * 1e6 * speed));
}
