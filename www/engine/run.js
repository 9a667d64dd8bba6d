// One run of the engine, with the way back and forth in its time.
// Owns the engine object and the recording that leads to the latest time seen ("head"); stepping back keeps that future,
// and going forward again submits its commands at the very steps where they were, until a new command replaces it.
// Knows nothing of the page, of wall time or of messages between threads. Used by worker.js.

/** @import { Command, Engine, EngineModule, View } from '../types.d.ts' */

/** @typedef {{ timeNs: number, steps: number, command: Command }} Timed */

/**
 * The commands of a recording, in order.
 * @param {string} recording
 * @returns {Timed[]}
 */
function commandsOf(recording) {
  return JSON.parse(recording).commands;
}

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
    const { timeNs, steps } = this.view();
    this.timeNs = timeNs;
    this.steps = steps;
    /** The recording of the whole run, also of what lies ahead after stepping back. Kept as text for a panic. */
    this.recording = engine.recording();
    this.commands = commandsOf(this.recording);
    this.submitted = this.commands.length;
    this.headNs = timeNs;
    this.headSteps = steps;
  }

  /**
   * @param {EngineModule} module
   * @param {string} seed
   */
  static start(module, seed) {
    return new Run(module, new module.Engine({ seed }));
  }

  /**
   * @param {EngineModule} module
   * @param {string} recording
   * @param {number} steps
   */
  static replay(module, recording, steps) {
    return new Run(module, module.Engine.replay(recording, steps));
  }

  /** The view of this instant, made once however often it is asked for. */
  view() {
    this.seen ??= this.engine.view();
    return this.seen;
  }

  /** @param {Command} command */
  submit(command) {
    this.engine.submit(command);
    this.recording = this.engine.recording();
    this.commands = commandsOf(this.recording);
    this.submitted = this.commands.length;
    this.headNs = this.timeNs;
    this.headSteps = this.steps;
    this.seen = null;
  }

  /**
   * Goes on to a time, or until so many steps were made.
   * @param {number} untilNs
   * @param {number} stepsMax
   */
  advance(untilNs, stepsMax) {
    let left = stepsMax;
    while (this.timeNs < untilNs && left > 0) {
      this.#resubmit();
      const next = this.commands[this.submitted];
      const before = this.steps;
      const until = next ? Math.min(untilNs, next.timeNs) : untilNs;
      const steps = next ? Math.min(left, Math.max(1, next.steps - before)) : left;
      this.#moved(this.engine.advance(until - this.timeNs, steps));
      left -= Math.max(1, this.steps - before);
    }
    this.#resubmit();
  }

  /** One message delivered or timer fired. Returns false if nothing is left to happen. */
  step() {
    this.#resubmit();
    const next = this.commands[this.submitted];
    if (next && next.steps <= this.steps) {
      this.#moved(this.engine.advance(next.timeNs - this.timeNs, 1));
      this.#resubmit();
    }
    const moved = this.engine.step();
    this.seen = null;
    this.#moved(this.view());
    return moved;
  }

  /** The same run, one step earlier. */
  back() {
    if (this.steps > 0) this.#restart(this.steps - 1);
  }

  /**
   * The same run at another time.
   * @param {number} timeNs
   */
  seek(timeNs) {
    const target = Math.min(Math.max(0, timeNs), this.headNs);
    if (target < this.timeNs) {
      const before = this.commands.filter((timed) => timed.timeNs <= target).at(-1);
      this.#restart(before?.steps ?? 0);
    }
    this.advance(target, Number.MAX_SAFE_INTEGER);
  }

  free() {
    this.engine.free();
  }

  /** @param {number} steps */
  #restart(steps) {
    const engine = this.module.Engine.replay(this.recording, steps);
    this.engine.free();
    this.engine = engine;
    this.seen = null;
    const view = this.view();
    this.timeNs = view.timeNs;
    this.steps = view.steps;
    this.submitted = commandsOf(engine.recording()).length;
  }

  /** Submits what the future holds for this very step. */
  #resubmit() {
    for (;;) {
      const next = this.commands[this.submitted];
      if (!next || next.steps > this.steps || next.timeNs > this.timeNs) return;
      this.engine.submit(next.command);
      this.submitted += 1;
      this.seen = null;
    }
  }

  /** @param {{ timeNs: number, steps: number }} progress */
  #moved({ timeNs, steps }) {
    if (timeNs !== this.timeNs || steps !== this.steps) this.seen = null;
    this.timeNs = timeNs;
    this.steps = steps;
    if (timeNs > this.headNs) {
      this.headNs = timeNs;
      this.headSteps = steps;
    } else {
      this.headSteps = Math.max(this.headSteps, steps);
    }
  }
}
