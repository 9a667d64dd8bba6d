// The thread that the engine runs in. Owns the one Run and the clock that drives it; answers calls of client.js.
// It must not know the document. A slice of work never takes much longer than SLICE_MS, so answers come at once.

import { Agenda } from './agenda.js';
import { Run } from './run.js';

/** @import { Command, EngineModule, Report, View } from '../types.d.ts' */

/** Longest stretch of work before messages are looked at again. */
const SLICE_MS = 8;
/** Timers fired between two looks at the wall clock. */
const TIMERS_PER_LOOK = 64;
/** While a phase runs: virtual time between two looks whether it is complete, so that its end is not run past. */
const PHASE_LOOK_NS = 5e6;
/** Virtual time between two looks whether something happened. */
const EVENT_LOOK_NS = 1e6;
/** Wall time that one slice may account for: a tab that slept does not leap. */
const ELAPSED_MAX_MS = 100;
/** Wall time for which the clock must lag before that is said. */
const BEHIND_MS = 600;
/** Wall time without a poll after which nobody is looking. */
const UNSEEN_MS = 1000;
/** Wall time after which the clock goes on without being polled. */
const IDLE_MS = 40;

/** @type {EngineModule} */
let engineModule;
/** @type {Run} */
let run;
let seed = '';
let playing = false;
let stopAtPhaseEnd = false;
let speed = 0;
let behind = false;
/** Since when it has been behind without a break; 0 if it is not. */
let behindSince = 0;
let lastTick = 0;
let lastPoll = 0;
/** Whether `tick` will come again by itself. */
let ticking = false;
let dueNs = 0;
/** @type {View | null} */
let sent = null;
/** What a script still has to do. */
/** @type {Agenda | null} */
let agenda = null;
/** What stopped it; told once. */
let fault = '';
/** Number of the last change of availability that the page has. */
let changesSent = 0;

/**
 * Runs what is due by now.
 * @param {number} [since] stop early at an event after this one, so that the page can slow down where something happens
 */
function slice(since = Number.POSITIVE_INFINITY) {
  if (!playing) return;
  const now = performance.now();
  dueNs += Math.min(now - lastTick, ELAPSED_MAX_MS) * 1e6 * speed;
  lastTick = now;
  const until = Math.max(dueNs, run.timeNs);
  behind = false;
  while (playing && run.timeNs < until) {
    const phase = run.view().phase.running;
    const { violations } = run;
    const look = since < Number.POSITIVE_INFINITY ? EVENT_LOOK_NS : phase ? PHASE_LOOK_NS : until;
    advance(Math.min(until, run.timeNs + look), TIMERS_PER_LOOK);
    if (run.violations > violations) playing = false;
    if (phase && stopAtPhaseEnd && run.view().phase.running === 0) playing = false;
    if (look === EVENT_LOOK_NS && run.engine.eventsSince(since).length > 0) {
      dueNs = run.timeNs;
      break;
    }
    if (performance.now() - now > SLICE_MS && run.timeNs < until) {
      behind = true;
      behindSince ||= now;
      dueNs = run.timeNs;
      return;
    }
  }
  behindSince = 0;
}

/**
 * Goes on, by the script if there is one: at its end, or where a line of it is refused, play stops.
 * @param {number} until
 * @param {number} timers
 */
function advance(until, timers) {
  if (!agenda || run.isBack) return run.advance(until, timers);
  try {
    agenda.advance(until, timers);
    if (agenda.isDone) endScript();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error;
    endScript();
    fault = error instanceof Error ? error.message : String(error);
  }
}

function endScript() {
  agenda = null;
  playing = false;
}

/** Keeps the clock going between polls, for a while: a page that nobody sees does not poll, and its time stands still. */
function tick() {
  ticking = playing && performance.now() - lastPoll < UNSEEN_MS;
  if (!ticking) return;
  if (behind || performance.now() - lastTick > IDLE_MS) guarded(() => slice());
  if (behind) wake.port2.postMessage(0);
  else setTimeout(tick, IDLE_MS);
}

const wake = new MessageChannel();
wake.port1.onmessage = tick;

/** @param {Run} next */
function replaceRun(next) {
  run?.free();
  run = next;
  seed = run.view().seed;
  playing = false;
  sent = null;
  agenda = null;
  fault = '';
  changesSent = 0;
}

/**
 * @param {number} since sequence number of the last event that the page has
 * @returns {Report}
 */
function report(since) {
  const view = run.view();
  const news = view === sent ? null : view;
  sent = view;
  const events = view.eventSeq > since ? run.engine.eventsSince(since) : [];
  const lags = playing && behindSince > 0 && performance.now() - behindSince > BEHIND_MS;
  const changes = news ? run.engine.availabilitySince(changesSent + 1) : [];
  changesSent = changes.at(-1)?.number ?? changesSent;
  const refused = fault;
  fault = '';
  return {
    view: news,
    events,
    changes,
    playing,
    behind: lags,
    headNs: run.headNs,
    scripted: agenda !== null,
    fault: refused,
  };
}

/** What client.js can call, by name. Each may throw an Error with a sentence. */
const calls = {
  /** From the address of the bindings; in a single file they are there already, and the module is given. */
  async load(/** @type {string | ArrayBuffer} */ source) {
    try {
      const beside = typeof source === 'string';
      engineModule = beside ? await import(source) : Reflect.get(globalThis, 'shardscopeBindings');
      await (beside ? engineModule.default() : engineModule.default({ module_or_path: source }));
    } catch (error) {
      throw new Error(
        `The engine could not be loaded: ${error instanceof Error ? error.message : error}.`,
      );
    }
    return engineModule.Engine.versions();
  },
  start(/** @type {string} */ asked, /** @type {string} */ scenario, /** @type {number} */ shards) {
    replaceRun(Run.start(engineModule, asked, scenario, shards));
    const script = run.view().scenario?.script;
    if (script) agenda = new Agenda(run, engineModule.Engine.readScript(script));
    return report(0);
  },
  commands() {
    return engineModule.Engine.commands();
  },
  gallery() {
    return engineModule.Engine.gallery();
  },
  /** Makes a script what is done next; one with a mistake is refused whole. */
  follow(/** @type {string} */ text, /** @type {boolean} */ afresh) {
    const steps = engineModule.Engine.readScript(text);
    if (afresh) replaceRun(Run.start(engineModule, seed));
    agenda = new Agenda(run, steps);
    return report(0);
  },
  script() {
    return run.engine.script();
  },
  replay(/** @type {string} */ recording) {
    replaceRun(Run.replay(engineModule, recording));
    return report(0);
  },
  play(/** @type {boolean} */ on, /** @type {boolean} */ onlyThisPhase) {
    if (on && !playing) {
      lastTick = performance.now();
      dueNs = run.timeNs;
    }
    playing = on;
    stopAtPhaseEnd = onlyThisPhase;
  },
  poll(/** @type {number} */ since, /** @type {number} */ at, /** @type {boolean} */ careful) {
    speed = at;
    lastPoll = performance.now();
    if (playing && !ticking) {
      ticking = true;
      setTimeout(tick, IDLE_MS);
    }
    slice(careful ? since : undefined);
    return report(since);
  },
  submit(/** @type {Command} */ command, /** @type {number} */ since) {
    const forked = run.isBack;
    run.submit(command);
    if (forked) {
      agenda = null;
      changesSent = run.engine.availabilitySince(0).at(-1)?.number ?? 0;
    }
    return { ...report(since), forked };
  },
  step(/** @type {number} */ since) {
    run.step();
    return report(since);
  },
  back(/** @type {number} */ since) {
    run.back();
    return report(since);
  },
  seek(/** @type {number} */ timeNs, /** @type {number} */ since) {
    run.seek(timeNs);
    dueNs = run.timeNs;
    return report(since);
  },
  recording() {
    return run.engine.recording();
  },
};

/**
 * Runs work that may panic: a panic leaves the engine unusable, so the loop stops and the page is told all it can say.
 * @param {() => unknown} work
 */
function guarded(work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) {
      playing = false;
      const text = engineModule.lastPanic() || error.message;
      postMessage({ type: 'panic', text, seed, recording: run?.recording ?? '' });
    }
    throw error;
  }
}

addEventListener('message', async ({ data: { id, name, args } }) => {
  try {
    const call = /** @type {Record<string, (...args: any[]) => unknown>} */ (calls)[name];
    const value = await guarded(() => call?.(...args));
    postMessage({ type: 'answer', id, value });
  } catch (error) {
    postMessage({
      type: 'answer',
      id,
      error: error instanceof Error ? error.message : String(error),
    });
  }
});
