// What the page asks of the engine, and what becomes of the answers: the only caller of the worker after start-up.
// Owns which phase is to be reached and whether the user plays. Called by controls/ and loop.js; writes to the store.

/** @import { EngineClient } from './engine/client.js' */
/** @import { Store } from './state.js' */
/** @import { Command, Report } from './types.d.ts' */

export class Session {
  /**
   * @param {Store} store
   * @param {EngineClient} client
   */
  constructor(store, client) {
    this.store = store;
    this.client = client;
    /** The phase up to which the user asked to run; 0 if to none. */
    this.target = 0;
    this.polling = false;
    /** How many shards a new run begins with; 0 leaves that to the engine. */
    this.shards = 0;
    /** @type {number | null} */
    this.seeking = null;
    /** @type {number | null} */
    this.sought = null;
  }

  /**
   * @param {string} seed
   * @param {number} [shards] how many there are at the start
   */
  async start(seed, shards) {
    this.target = 0;
    this.shards = shards ?? 0;
    const report = await this.client.call('start', seed, '', this.shards);
    this.store.forget();
    this.store.receive(report);
  }

  /** The same run, or scenario, from its beginning, with the same seed. */
  async again() {
    const { view } = this.store.state;
    if (view?.scenario) await this.tell(view.scenario.name);
    else await this.start(view?.seed ?? '', this.shards);
  }

  /**
   * A scenario of the gallery, at its beginning.
   * @param {string} name
   */
  async tell(name) {
    this.target = 0;
    const seed = this.store.state.view?.seed ?? '7';
    const report = await this.#ask('start', seed, name);
    if (!report) return false;
    this.store.forget();
    this.store.receive(report);
    return true;
  }

  /**
   * Runs a script, from now on or in a new run.
   * @param {string} text
   * @param {boolean} afresh
   * @throws {Error} with line and reason, if it has a mistake: then nothing has changed
   */
  async follow(text, afresh) {
    this.target = 0;
    const report = await this.client.call('follow', text, afresh);
    if (afresh) this.store.forget();
    this.store.receive(report);
    await this.#play(true, false);
  }

  /** @returns {Promise<string>} what was done so far, as a script */
  script() {
    return this.client.call('script');
  }

  /** @returns {Promise<import('./types.d.ts').Scenario[]>} the built-in scenarios */
  gallery() {
    return this.client.call('gallery');
  }

  /** @param {string} recording */
  async replay(recording) {
    const report = await this.client.call('replay', recording);
    this.store.forget();
    this.store.receive(report);
  }

  /** The next view, once a frame while playing: at most one request is under way. */
  async poll() {
    if (this.polling) return;
    this.polling = true;
    try {
      const { speed, speedAsked } = this.store.state;
      const careful = speedAsked === 0;
      const report = await this.client.call('poll', this.#since(), speed, careful);
      this.store.receive(report, true);
      await this.#goOn();
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.polling = false;
    }
  }

  play() {
    this.target = 0;
    return this.#play(true, false);
  }

  pause() {
    this.target = 0;
    return this.#play(false, false);
  }

  toggle() {
    return this.store.state.playing ? this.pause() : this.play();
  }

  /** @param {1 | -1} direction */
  async step(direction) {
    if (this.store.state.playing) await this.pause();
    await this.#ask(direction > 0 ? 'step' : 'back', this.#since());
  }

  /**
   * Goes to another time of this run; of many wishes in a row only the last is carried out.
   * @param {number} timeNs
   */
  async seek(timeNs) {
    this.sought = timeNs;
    if (this.seeking !== null) return;
    while (this.sought !== null) {
      this.seeking = this.sought;
      this.sought = null;
      await this.#ask('seek', this.seeking, this.#since());
    }
    this.seeking = null;
  }

  /**
   * @param {Command} command
   * @returns {Promise<boolean>} whether it was accepted
   */
  async submit(command) {
    const report = await this.#ask('submit', command, this.#since());
    if (report?.forked) this.store.forkAt(report.view?.timeNs ?? 0);
    return report !== null;
  }

  /** The next phase, played to its end. */
  nextPhase() {
    const { view } = this.store.state;
    return view ? this.runTo(view.phase.completed + 1) : Promise.resolve();
  }

  /**
   * Runs the phases up to this one; a phase that lies behind is gone back to.
   * @param {number} phase
   */
  async runTo(phase) {
    const { view, phaseEndNs } = this.store.state;
    if (!view) return;
    const end = phaseEndNs[phase];
    if (phase <= view.phase.completed) {
      if (end !== undefined && end < view.timeNs) await this.seek(end);
      return;
    }
    this.target = phase;
    await this.#goOn();
  }

  /** @returns {Promise<string>} this run up to here, as text */
  recording() {
    return this.client.call('recording');
  }

  /** Begins the next phase while the target is not reached; a run that was playing goes on after it. */
  async #goOn() {
    const { view, playing } = this.store.state;
    if (!view || this.target === 0) return;
    if (view.phase.completed >= this.target) {
      this.target = 0;
      return;
    }
    if (view.phase.running === 0 && !(await this.submit({ type: 'next_phase' }))) {
      this.target = 0;
      return;
    }
    if (!playing) await this.#play(true, true);
  }

  /**
   * @param {boolean} on
   * @param {boolean} untilPhaseEnd
   */
  async #play(on, untilPhaseEnd) {
    await this.client.call('play', on, untilPhaseEnd);
    this.store.set({ playing: on });
  }

  #since() {
    return this.store.state.view?.eventSeq ?? 0;
  }

  /**
   * @param {string} name
   * @param {unknown[]} args
   * @returns {Promise<(Report & { forked?: boolean }) | null>} `null` if it was refused
   */
  async #ask(name, ...args) {
    try {
      const report = await this.client.call(name, ...args);
      this.store.receive(report);
      return report;
    } catch (error) {
      this.#refuse(error);
      return null;
    }
  }

  /** @param {unknown} error */
  #refuse(error) {
    if (this.store.state.panic) return;
    this.store.set({ problem: error instanceof Error ? error.message : String(error) });
  }
}
