// The page's one store. Every change goes through `set` or `receive`; everyone else reads.
// It must not touch the document. Written by main.js and controls/, read by all parts.

/** @import { EventView, Mark, Report, State, Violation } from './types.d.ts' */

/** Events kept: more than a person scrolls through, little enough to hold for hours. */
export const EVENTS_MAX = 2000;
/** Marks kept on the timeline: more cannot be told apart on a screen. */
const MARKS_MAX = 300;
/** Changes of availability kept: as many as the engine keeps. */
const CHANGES_MAX = 4096;

/** What the timeline draws for a major event, by its name and text: glyph and rank (higher wins the room). */
/** @type {[RegExp, string, number][]} */
const GLYPHS = [
  [/^violation/, '!', 9],
  [/^phase_completed/, '', 8],
  [/^node_crashed/, '✕', 7],
  [/^split_applied/, '✂', 6],
  [/^link_(cut|held|slowed|spoiled)|^node_paused|^disk_(held|filled)|^apply_held/, '⌁', 6],
  [/^links?_(healed|released)|^node_(re|sta)|^disk_(rel|freed)|^apply_rel/, '↑', 5],
  [/^role_changed.* leads /, 'L', 4],
  [/^membership_applied/, '+', 3],
  [/^snapshot_installed/, 'S', 2],
  [/^replica_destroyed/, '†', 2],
];

/**
 * @param {EventView} event
 * @returns {Mark}
 */
function markOf(event) {
  const found = GLYPHS.find(([name]) => name.test(`${event.name} ${event.text}`));
  const glyph = found?.[1] === '' ? (/\d/.exec(event.text)?.[0] ?? '·') : (found?.[1] ?? '');
  const { seq, timeNs, text, name, node, shard } = event;
  return { seq, timeNs, glyph, text, rank: found?.[2] ?? 0, name, node, shard };
}

/**
 * @template {{ seq: number }} T
 * @param {T[]} list by sequence number
 * @param {T} one takes the place of the one with its number, if there is one
 */
function inserted(list, one) {
  const others = list.filter(({ seq }) => seq !== one.seq);
  return [...others, one].sort((a, b) => a.seq - b.seq);
}

export class Store {
  /** @param {Partial<State>} initial */
  constructor(initial) {
    /** @type {State} */
    this.state = {
      view: null,
      events: [],
      playing: false,
      behind: false,
      headNs: 0,
      shownNs: 0,
      speed: 0.01,
      speedAsked: 0,
      selection: { kind: 'node', id: 1, node: 1 },
      logShard: 0,
      captionId: '',
      marks: [],
      changes: [],
      spanNs: 0,
      key: 0,
      commands: [],
      tab: 'log',
      scripted: false,
      phaseEndNs: [],
      problem: '',
      notice: '',
      panic: null,
      calm: false,
      still: false,
      ...initial,
    };
    /** Called after each change; the loop draws the next frame then. */
    this.changed = () => {};
    /** Whether somebody did something since the last frame: what it did is seen in the next one. */
    this.acted = false;
  }

  /** @param {Partial<State>} patch */
  set(patch) {
    Object.assign(this.state, patch);
    this.acted = true;
    this.changed();
  }

  /**
   * Takes in what the worker reports.
   * @param {Report} report
   * @param {boolean} [polled] whether time just went on, and nobody did anything
   */
  receive(report, polled = false) {
    const { state, acted } = this;
    const view = report.view ?? state.view;
    if (view && state.view && view.timeNs < state.view.timeNs) this.#rewind(view.eventSeq);
    const last = state.events.at(-1)?.seq ?? 0;
    const fresh = report.events.filter((event) => event.seq > last);
    if (fresh.length > 0) {
      state.events = [...state.events, ...fresh].slice(-EVENTS_MAX);
      this.#mark(fresh);
    }
    if (view?.safety.violation) this.#find(view.safety.violation);
    if (view && view.phase.completed > 0 && view.phase.running === 0) {
      state.phaseEndNs[view.phase.completed] ??= view.timeNs;
    }
    const known = state.changes.at(-1)?.number ?? 0;
    const changes = report.changes.filter((change) => change.number > known);
    if (changes.length > 0) state.changes = [...state.changes, ...changes].slice(-CHANGES_MAX);
    const { playing, behind, headNs, scripted, fault } = report;
    if (fault) state.problem = fault;
    this.set({ view, playing, behind, headNs, scripted });
    if (polled) this.acted = acted;
  }

  /** Forgets everything about a run, for another one. */
  forget() {
    this.set({
      view: null,
      events: [],
      marks: [],
      changes: [],
      phaseEndNs: [],
      captionId: '',
      headNs: 0,
      shownNs: 0,
      playing: false,
    });
  }

  /**
   * Time went back: what came after is not so yet. Marks stay: they are the run's future, and lead there.
   * @param {number} seq
   */
  #rewind(seq) {
    const { state } = this;
    state.events = state.events.filter((event) => event.seq <= seq);
    state.captionId = '';
  }

  /** @param {EventView[]} events */
  #mark(events) {
    const { state } = this;
    const known = state.marks.at(-1)?.seq ?? 0;
    const marks = events.filter((event) => event.major && event.seq > known).map(markOf);
    if (marks.length > 0) state.marks = [...state.marks, ...marks].slice(-MARKS_MAX);
  }

  /**
   * The event at which a property was found false is listed and marked, whatever it is.
   * @param {Violation} violation
   */
  #find({ id, name, event }) {
    const { state } = this;
    const isIt = (/** @type {{ name: string }} */ known) => known.name === 'violation';
    const text = `✗ ${id} ${name} does not hold: ${event.text}`;
    const found = { ...event, name: 'violation', text, major: true };
    if (!state.events.some(isIt)) state.events = inserted(state.events, found);
    if (!state.marks.some(isIt)) state.marks = inserted(state.marks, markOf(found));
  }

  /** A new command while time was back: the old future is gone. */
  forkAt(/** @type {number} */ timeNs) {
    const { state } = this;
    this.set({
      marks: state.marks.filter((mark) => mark.timeNs <= timeNs),
      changes: state.changes.filter((change) => change.timeNs <= timeNs),
      phaseEndNs: state.phaseEndNs.map((end) =>
        end <= timeNs ? end : /** @type {any} */ (undefined),
      ),
    });
  }
}
