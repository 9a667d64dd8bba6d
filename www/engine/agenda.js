// A script while it runs: what is done next, and what that waits for. Drives the Run to the very place of each command.
// Knows nothing of the page or of wall time. Used by worker.js.

/** @import { ScriptStep } from '../types.d.ts' */
/** @import { Run } from './run.js' */

export class Agenda {
  /**
   * @param {Run} run
   * @param {ScriptStep[]} steps
   */
  constructor(run, steps) {
    this.run = run;
    this.steps = [...steps];
    /** Whether the event that the next step waits for has happened. */
    this.met = false;
    /** Whether the step before was a phase, which runs to its end first. */
    this.phase = false;
    this.sinceNs = run.timeNs;
    this.sinceSeq = run.view().eventSeq;
  }

  get isDone() {
    return this.steps.length === 0;
  }

  /**
   * Goes on to a time, or until so many timers fired, or to where the next step is due: that is done then.
   * @param {number} untilNs
   * @param {number} timersMax
   * @throws {Error} with the line, if its command is refused
   */
  advance(untilNs, timersMax) {
    const { run } = this;
    const step = this.steps[0];
    if (!step) return;
    if (this.phase) {
      if (run.view().phase.running > 0) return run.advance(untilNs, timersMax);
      this.phase = false;
      this.sinceNs = run.timeNs;
    }
    if (step.when && !this.met) {
      this.met = run.advanceTo(step.when, this.sinceSeq, untilNs, timersMax);
      if (this.met) this.sinceNs = run.timeNs;
      return;
    }
    const due = this.sinceNs + step.afterNs;
    if (run.timeNs < due) run.advance(Math.min(untilNs, due), timersMax);
    if (run.timeNs >= due) this.#carryOut(step);
  }

  /** @param {ScriptStep} step */
  #carryOut(step) {
    const { run } = this;
    this.steps.shift();
    this.met = false;
    this.sinceNs = run.timeNs;
    this.sinceSeq = run.view().eventSeq;
    if (!step.command) return;
    try {
      run.submit(step.command);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error;
      throw new Error(`Line ${step.line}: ${error instanceof Error ? error.message : error}`);
    }
    this.phase = step.command.type === 'phase' || step.command.type === 'next_phase';
  }
}
