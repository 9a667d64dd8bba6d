// What is happening: one caption at a time. It follows the newest that has come true, unless the user stepped back.

import { buttonById, byId, html, setAttribute, setReason, setText } from '../dom.js';
import { pointAt, rememberTour, TOUR, tourSeen } from './tour.js';

/** @import { Store } from '../state.js' */
/** @import { Caption, Scenario, State } from '../types.d.ts' */

export class Captions {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    this.title = byId('caption-title');
    this.place = byId('caption-place');
    this.text = byId('caption-text');
    this.call = byId('caption-call');
    this.previous = buttonById('caption-previous');
    this.next = buttonById('caption-next');
    this.previous.addEventListener('click', () => this.move(-1));
    this.next.addEventListener('click', () => this.move(1));
    this.shown = '';
    this.begun = false;
  }

  /** @param {State} state */
  update(state) {
    // The tour ends where something happens: from there on what is told follows that.
    const begun = hasBegun(state);
    if (begun && !this.begun && TOUR.some(({ id }) => id === state.captionId)) state.captionId = '';
    this.begun = begun;
    const told = toldOf(state);
    const at = indexOf(state, told);
    const caption = told[at];
    if (!caption) return;
    setReason(this.previous, at > 0 ? '' : 'This is the first');
    setReason(this.next, at < told.length - 1 ? '' : 'Nothing newer has happened yet');
    const { title, place } = headOf(caption, state);
    setText(this.title, title);
    setText(this.place, place);
    if (caption.id === this.shown) return;
    this.shown = caption.id;
    pointAt(caption.id);
    if (caption.phase > 0) rememberTour();
    this.text.replaceChildren(...strong(caption.text));
    const facts = [];
    if (caption.call) facts.push(callOf(caption.call, state.view?.openraft ?? ''));
    if (caption.tikv) facts.push(html('span', { class: 'soft' }, `TiKV: ${caption.tikv}`));
    this.call.replaceChildren(...facts);
    setAttribute(this.text, 'data-caption', caption.id);
  }

  /** Begins with the tour, for somebody who has not seen it. */
  begin() {
    if (!tourSeen()) this.store.set({ captionId: TOUR[0]?.id ?? '' });
  }

  /** @param {1 | -1} by */
  move(by) {
    const { state } = this.store;
    const told = toldOf(state);
    const to = Math.min(told.length - 1, Math.max(0, indexOf(state, told) + by));
    if (told[to]?.id === TOUR.at(-1)?.id) rememberTour();
    // At the end it follows the newest again.
    this.store.set({ captionId: to === told.length - 1 ? '' : (told[to]?.id ?? '') });
  }
}

/**
 * What can be read: the tour, and what has come true. Before the first phase the tour ends with what to do next.
 * @param {State} state
 */
function toldOf(state) {
  const { view } = state;
  const reached = view?.captions.filter((caption) => caption.reached) ?? [];
  if (view?.scenario) return reached.length > 0 ? reached : [openingOf(view.scenario)];
  return hasBegun(state) ? [...TOUR, ...reached] : TOUR;
}

/** @param {State} state */
function hasBegun({ view }) {
  return view !== null && (view.phase.completed > 0 || view.phase.running > 0);
}

/**
 * What is told of a scenario before its first caption has come true.
 * @param {Scenario} scenario
 * @returns {Caption}
 */
function openingOf({ name, about, property }) {
  const text = `${about} What it shows: **${property}**.`;
  return { id: `opening-${name}`, phase: 0, text, call: '', tikv: '', reached: true };
}

/**
 * Of what it tells, and its place there.
 * @param {Caption} caption
 * @param {State} state
 */
function headOf({ id, phase }, { view }) {
  const peers = view?.captions.filter((c) => c.phase === phase) ?? [];
  const placeIn = (/** @type {{ id: string }[]} */ list) => {
    const at = list.findIndex((c) => c.id === id);
    return at < 0 ? '' : `${at + 1} of ${list.length}`;
  };
  const tour = placeIn(TOUR);
  if (tour) return { title: 'What you see', place: tour };
  const title = phase > 0 ? `Phase ${phase}` : (view?.scenario?.title ?? '');
  return { title, place: placeIn(peers) };
}

/**
 * @param {State} state
 * @param {Caption[]} told
 */
function indexOf(state, told) {
  const found = told.findIndex((caption) => caption.id === state.captionId);
  return found < 0 ? told.length - 1 : found;
}

/**
 * The OpenRaft call behind a caption, with a link to what its documentation finds under that name.
 * @param {string} call
 * @param {string} version the exact one that runs here
 */
function callOf(call, version) {
  const code = html('code', {}, call);
  const name = /[A-Z]\w+::\w+/.exec(call)?.[0] ?? [...call.matchAll(/\.([a-z_]+)/g)].at(-1)?.[1];
  if (!name || !version) return code;
  const href = `https://docs.rs/openraft/${version}/openraft/?search=${encodeURIComponent(name)}`;
  const title = `${name} in the documentation of OpenRaft ${version}, in another tab`;
  return html('a', { href, title, target: '_blank', rel: 'noreferrer' }, code);
}

/**
 * Text in which `**…**` is strong and `` `…` `` is code, as nodes.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function strong(text) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((part) => {
    if (part.startsWith('**')) return html('strong', {}, part.slice(2, -2));
    return part.startsWith('`') ? html('code', {}, part.slice(1, -1)) : part;
  });
}
