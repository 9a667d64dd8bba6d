// One run of the engine, with the way back and forth in its time.
// Owns the engine object and the recording that leads to the latest time seen ("head"). Stepping back keeps that future:
// going forward again submits its commands at the very places where they were, until a new command replaces it.
// Knows nothing of the page, of wall time or of messages between threads. Used by worker.js.

/** @import { Command, Engine, EngineModule, View } from '../types.d.ts' */

/**
 * A recording as far as it is read here: see core/src/recording.rs. A place in a run is a time and a number of timers
 * fired, for several may fire at one instant.
 * @typedef {{ fired: number, time_ns: number }} Place
 * @typedef {{ commands: (Place & { command: Command })[], end: Place }} Recording
 */

/** As many timers as the engine counts: until the time asked for. */
const TIMERS_MAX = 0xffffffff;

export class Run {
  /**
   * @param {EngineModule} module
   * @param {Engine} engine
   */
  constructor(module, engine) {
    this.module = module;
    this.engine = engine;
    /** @type {View | null} */
    this.seen = null;
    this.timeNs = 0;
    this.steps = 0;
    this.headNs = 0;
    /** How often a property was found false up to here. */
    this.violations = 0;
    this.#moved(engine.advance(0, 0));
    /** What leads to the head, or, at the head, to where its last command was. Kept as text, for a panic. */
    this.recording = engine.recording();
    this.commands = this.#read().commands;
    /** How many of the commands the engine has had. */
    this.submitted = this.commands.length;
  }

  /**
   * @param {EngineModule} module
   * @param {string} seed
   * @param {string} [scenario] of the gallery; none for the four phases
   * @param {number} [shards] how many there are at the start
   */
  static start(module, seed, scenario, shards) {
    const options = { seed, ...(scenario ? { scenario } : {}), ...(shards ? { shards } : {}) };
    return new Run(module, new module.Engine(options));
  }

  /**
   * @param {EngineModule} module
   * @param {string} recording
   */
  static replay(module, recording) {
    return new Run(module, module.Engine.replay(recording, Number.POSITIVE_INFINITY));
  }

  /** Whether there is a future: time was taken back. */
  get isBack() {
    return this.timeNs < this.headNs || this.submitted < this.commands.length;
  }

  /** The view of this instant, made once however often it is asked for. */
  view() {
    this.seen ??= this.engine.view();
    return this.seen;
  }

  /** @param {Command} command */
  submit(command) {
    this.engine.submit(command);
    this.seen = null;
    this.recording = this.engine.recording();
    this.commands = this.#read().commands;
    this.submitted = this.commands.length;
    this.headNs = this.timeNs;
  }

  /**
   * Goes on to a time, or until so many timers fired.
   * @param {number} untilNs
   * @param {number} timersMax
   */
  advance(untilNs, timersMax) {
    const next = this.commands[this.submitted];
    if (next && next.time_ns <= untilNs) {
      if (this.#approach(next, timersMax)) this.#resubmit();
    } else {
      this.#moved(this.engine.advance(Math.max(0, untilNs - this.timeNs), timersMax));
    }
  }

  /**
   * The same as `advance`, at the head, but to the very step at which an event happens.
   * @param {{ name: string, node: number | null }} awaited
   * @param {number} sinceSeq
   * @param {number} untilNs
   * @param {number} timersMax
   * @returns {boolean} whether it happened
   */
  advanceTo({ name, node }, sinceSeq, untilNs, timersMax) {
    const duration = Math.max(0, untilNs - this.timeNs);
    const progress = this.engine.advanceTo(name, node ?? 0, sinceSeq, duration, timersMax);
    this.#moved(progress);
    return progress.found;
  }

  /**
   * Goes on to the place of a command that is to come; false if it is not there yet: so many timers did not suffice, or
   * something was found on the way.
   * @param {Place} next
   * @param {number} timersMax
   */
  #approach(next, timersMax) {
    // To the last nanosecond before it first: at its own instant, timers may fire on either side of it.
    const before = next.time_ns - 1;
    if (this.timeNs < before) this.#moved(this.engine.advance(before - this.timeNs, timersMax));
    if (this.timeNs < before) return false;
    const timers = next.fired - this.#read().end.fired;
    if (this.timeNs < next.time_ns || timers > 0) {
      this.#moved(this.engine.advance(next.time_ns - this.timeNs, Math.max(1, timers)));
    }
    // The engine stops early where a property is found false.
    return this.timeNs === next.time_ns && this.#read().end.fired >= next.fired;
  }

  /** One message delivered or timer fired, with the commands of the future that come before it. */
  step() {
    const before = this.steps;
    while (this.submitted < this.commands.length) {
      const { fired, time_ns: timeNs } = /** @type {Place} */ (this.commands[this.submitted]);
      if (this.timeNs >= timeNs && this.#read().end.fired >= fired) {
        this.#resubmit();
        continue;
      }
      this.#moved(this.engine.advance(timeNs - this.timeNs, 1));
      if (this.steps > before) return;
    }
    this.engine.step();
    this.#moved(this.engine.advance(0, 0));
  }

  /** The same run, one step earlier. */
  back() {
    if (this.steps > 0) this.#restart(this.steps - 1);
  }

  /**
   * The same run at another time, at most the head's. What was asked for at that very time has not been asked for yet,
   * unless it is the head.
   * @param {number} timeNs
   */
  seek(timeNs) {
    const target = Math.min(Math.max(0, Math.round(timeNs)), this.headNs);
    if (target < this.timeNs) this.#restart(0);
    for (;;) {
      const next = this.commands[this.submitted];
      if (target < this.headNs && next?.time_ns === target) {
        if (this.#approach(next, TIMERS_MAX)) return;
        continue;
      }
      if (this.timeNs >= target && (!next || next.time_ns > target)) return;
      this.advance(target, TIMERS_MAX);
    }
  }

  free() {
    this.engine.free();
  }

  /** @param {number} steps */
  #restart(steps) {
    if (!this.isBack) this.recording = this.engine.recording();
    const engine = this.module.Engine.replay(this.recording, steps);
    this.engine.free();
    this.engine = engine;
    this.seen = null;
    this.#moved(engine.advance(0, 0));
    this.submitted = this.#read().commands.length;
  }

  #resubmit() {
    const next = this.commands[this.submitted];
    if (!next) return;
    this.engine.submit(next.command);
    this.submitted += 1;
    this.seen = null;
  }

  /** @returns {Recording} */
  #read() {
    return JSON.parse(this.engine.recording());
  }

  /** @param {{ timeNs: number, steps: number, violations: number }} place */
  #moved({ timeNs, steps, violations }) {
    if (timeNs !== this.timeNs || steps !== this.steps) this.seen = null;
    this.timeNs = timeNs;
    this.steps = steps;
    this.violations = violations;
    this.headNs = Math.max(this.headNs, timeNs);
  }
}
