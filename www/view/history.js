// The timeline: the key space over time, with what could be done with which keys, who led, and all that happened. The cursor
// on it is the time, both ways.

import { byId, html, Keyed, setAttribute, setText, svg } from '../dom.js';
import { clock, hue, span } from '../format.js';

/** @import { Store } from '../state.js' */
/** @import { Change, Mark, Shard, State, View } from '../types.d.ts' */

/** @typedef {{ from: number, to: number, width: number, x(ns: number): number }} Scale */

/** Marks nearer than this hide the lesser one. */
const MARK_ROOM = 15;
const TOP = 16;
const BAND = 42;
const BOTTOM = TOP + BAND;
/** Owners' names nearer than this are left out. */
const OWNER_ROOM = 22;
/** The choices of the span: 0 what the page chooses, -1 all. */
/** @type {[string, number][]} */
const SPANS = [
  ['auto', 0],
  ['all', -1],
  ['10 s', 10e9],
  ['1 s', 1e9],
  ['200 ms', 200e6],
  ['50 ms', 50e6],
];
const STEPS_NS = [1, 2, 5].flatMap((n) => [1e6, 1e7, 1e8, 1e9, 1e10, 1e11].map((by) => n * by));

export class History {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    this.root = /** @type {SVGSVGElement} */ (/** @type {unknown} */ (byId('history')));
    this.cursor = /** @type {HTMLInputElement} */ (byId('cursor'));
    const [bands, shut, ticks, marks, owners] = ['bands', 'shut', 'ticks', 'marks', 'owners'].map(
      (name) => svg('g', { class: name }),
    );
    this.future = svg('rect', { class: 'future', y: TOP, height: BAND });
    const groups = /** @type {SVGGElement[]} */ ([bands, shut, ticks, marks, owners]);
    this.root.append(...groups, this.future);
    this.bands = keyed(groups[0], (shard) => `band ${hue(shard)}`);
    this.gaps = keyed(groups[1], (kind) => ['shut', 'readable hue-none'][kind] ?? '');
    this.ticks = new Keyed(
      /** @type {SVGGElement} */ (groups[2]),
      (/** @type {number} */ ns) => ns,
      () => tick(),
    );
    this.marks = new Keyed(
      /** @type {SVGGElement} */ (groups[3]),
      (/** @type {Mark} */ mark) => mark.seq,
      createMark,
    );
    this.owners = new Keyed(
      /** @type {SVGGElement} */ (groups[4]),
      (/** @type {Mark} */ mark) => mark.seq,
      createOwner,
    );
    this.width = 0;
    new ResizeObserver(([entry]) => {
      this.width = Math.floor(entry?.contentRect.width ?? 0);
      this.drawn = '';
      store.changed();
    }).observe(this.root);
    this.drawn = '';
    const select = /** @type {HTMLSelectElement} */ (byId('span'));
    for (const [word, ns] of SPANS) select.append(html('option', { value: ns }, word));
    select.addEventListener('change', () => store.set({ spanNs: Number(select.value) }));
    setAttribute(select, 'aria-label', 'Timeline shows');
  }

  /** @param {State} state */
  update(state) {
    const { view } = state;
    if (!view || this.width === 0) return;
    const scale = this.#scale(state, view.timeNs);
    this.#place(view.timeNs, scale);
    const { changes, marks } = state;
    // A pixel of time is the least that can be seen.
    const pixel = (scale.to - scale.from) / this.width;
    const key = [
      this.width,
      Math.round(scale.to / pixel),
      Math.round(scale.from / pixel),
      changes.at(-1)?.number,
      marks.at(-1)?.seq,
      marks.length,
      view.shards.length,
    ].join();
    const future = Math.max(0, scale.x(scale.to) - scale.x(view.timeNs));
    setAttribute(this.future, 'x', scale.x(view.timeNs).toFixed(1));
    setAttribute(this.future, 'width', future.toFixed(1));
    if (key === this.drawn) return;
    this.drawn = key;
    this.#draw(state, view, scale);
  }

  /**
   * @param {State} state
   * @param {number} now
   * @returns {Scale}
   */
  #scale({ headNs, spanNs, phaseEndNs }, now) {
    const to = Math.max(headNs, now, 1e6);
    let from = 0;
    const first = phaseEndNs[1];
    // Filling the key space takes longer than all the rest: once that is over, the rest gets the room.
    if (spanNs === 0 && first !== undefined && now > first)
      from = Math.max(0, first - (to - first) * 0.12 - 5e6);
    if (spanNs > 0) from = Math.max(0, Math.min(to - spanNs, now - spanNs * 0.1));
    const end = spanNs > 0 ? Math.max(from + spanNs, 1) : to;
    const { width } = this;
    return { from, to: end, width, x: (ns) => ((ns - from) / (end - from)) * width };
  }

  /**
   * @param {number} now
   * @param {Scale} scale
   */
  #place(now, scale) {
    const { cursor } = this;
    if (cursor.disabled) cursor.disabled = false;
    const [min, max] = [String(scale.from), String(scale.to)];
    if (cursor.min !== min) cursor.min = min;
    if (cursor.max !== max) cursor.max = max;
    if (Number(cursor.value) !== now) cursor.value = String(now);
    setAttribute(cursor, 'aria-valuetext', clock(now));
  }

  /**
   * @param {State} state
   * @param {View} view
   * @param {Scale} scale
   */
  #draw({ changes, marks }, view, scale) {
    const { first, last } = view.keySpace;
    const y = (/** @type {number} */ key) => TOP + ((key - first) / (last - first + 1)) * BAND;
    const lives = livesOf(view.shards, marks);
    const paths = pathsOf(changes, lives, scale, y);
    this.bands.update([...paths.bands], ({ element }, [, d]) => setAttribute(element, 'd', d));
    this.gaps.update(
      [
        [0, paths.shut],
        [1, paths.readable],
      ],
      ({ element }, [, d]) => setAttribute(element, 'd', d),
    );
    const steps = scale.to - scale.from;
    const step =
      STEPS_NS.sort((a, b) => a - b).find((ns) => (ns / steps) * this.width > 90) ?? 1e11;
    const at = [];
    for (let ns = Math.ceil(scale.from / step) * step; ns < scale.to; ns += step) at.push(ns);
    this.ticks.update(at, ({ element, text }, ns) => {
      setAttribute(element, 'transform', `translate(${scale.x(ns).toFixed(1)} ${BOTTOM})`);
      setAttribute(text, 'text-anchor', anchorAt(scale.x(ns), this.width, 24));
      setText(text, step < 1e9 ? `${(ns / 1e9).toFixed(step < 1e7 ? 3 : 2)} s` : span(ns));
    });
    const inside = marks.filter((m) => m.timeNs >= scale.from && m.timeNs <= scale.to);
    this.marks.update(roomy(inside, scale), ({ element, text }, mark) => {
      const x = scale.x(mark.timeNs);
      setAttribute(element, 'transform', `translate(${x.toFixed(1)} 0)`);
      setAttribute(text, 'text-anchor', anchorAt(x, this.width, 8));
    });
    const leads = inside.filter((m) => m.name === 'role_changed' && / leads /.test(m.text));
    this.owners.update(leads, (drawn, mark) => {
      const life = lives.find((l) => l.shard.id === mark.shard);
      const x = scale.x(mark.timeNs);
      const [top, bottom] = life
        ? [y(life.rangeAt(mark.timeNs)[0]), y(life.rangeAt(mark.timeNs)[1] + 1)]
        : [TOP, BOTTOM];
      const next = leads.find((m) => m.shard === mark.shard && m.timeNs > mark.timeNs);
      const crowded = next && scale.x(next.timeNs) - x < OWNER_ROOM;
      setAttribute(drawn.element, 'transform', `translate(${x.toFixed(1)} ${top.toFixed(1)})`);
      setAttribute(drawn.line, 'd', `M0 0V${(bottom - top).toFixed(1)}`);
      setAttribute(drawn.text, 'y', ((bottom - top) / 2 + 3.5).toFixed(1));
      setText(drawn.text, crowded || bottom - top < 12 ? '' : `n${mark.node}`);
    });
  }
}

/** @typedef {{ shard: Shard, bornNs: number, rangeAt(ns: number): [number, number] }} Life */

/**
 * Since when each shard is there, and which keys it held when.
 * @param {Shard[]} shards
 * @param {Mark[]} marks
 * @returns {Life[]}
 */
function livesOf(shards, marks) {
  const born = (/** @type {Shard} */ { name }) =>
    marks.find((m) => m.name === 'split_applied' && m.text.includes(`| ${name} `))?.timeNs;
  const lives = shards.map((shard) => ({ shard, bornNs: shard.origin ? (born(shard) ?? 0) : 0 }));
  return lives.map(({ shard, bornNs }) => ({
    shard,
    bornNs,
    /** @param {number} ns */
    rangeAt(ns) {
      // What its children hold now it held until they were born, and what theirs hold, too.
      let { last } = shard;
      const grows = (/** @type {number} */ parent) => {
        for (const child of lives) {
          if (child.shard.origin?.parent !== parent || child.bornNs <= ns) continue;
          last = Math.max(last, child.shard.last);
          grows(child.shard.id);
        }
      };
      grows(shard.id);
      return /** @type {[number, number]} */ ([shard.first, last]);
    },
  }));
}

/**
 * The bands of the shards, and over them where nothing could be written.
 * @param {Change[]} changes
 * @param {Life[]} lives
 * @param {Scale} scale
 * @param {(key: number) => number} y
 */
function pathsOf(changes, lives, scale, y) {
  const box = (
    /** @type {number} */ a,
    /** @type {number} */ b,
    /** @type {[number, number]} */ keys,
  ) => {
    const [left, right] = [scale.x(Math.max(a, scale.from)), scale.x(Math.min(b, scale.to))];
    if (right <= left) return '';
    const [top, bottom] = [y(keys[0]), y(keys[1] + 1)];
    const n = (/** @type {number} */ value) => value.toFixed(1);
    return `M${n(left)} ${n(top)}H${n(Math.max(right, left + 1.5))}V${n(bottom)}H${n(left)}z`;
  };
  const births = lives.map((life) => life.bornNs).sort((a, b) => a - b);
  /** @type {Map<number, string>} */
  const bands = new Map();
  for (const { shard, bornNs, rangeAt } of lives) {
    const cuts = [bornNs, ...births.filter((ns) => ns > bornNs), scale.to];
    const d = cuts.map((from, i) =>
      i + 1 < cuts.length ? box(from, cuts[i + 1] ?? 0, rangeAt(from)) : '',
    );
    bands.set(shard.id, d.join(''));
  }
  const gap = { shut: '', readable: '' };
  changes.forEach((change, i) => {
    if (change.availability === 'writable') return;
    const overlaps = (/** @type {Change} */ c) => c.first <= change.last && c.last >= change.first;
    const end = changes.slice(i + 1).find(overlaps)?.timeNs ?? scale.to;
    const kind = change.availability === 'readable' ? 'readable' : 'shut';
    gap[kind] += box(change.timeNs, end, [change.first, change.last]);
  });
  return { bands, ...gap };
}

/**
 * The marks for which there is room, the weightier first.
 * @param {Mark[]} marks
 * @param {Scale} scale
 */
function roomy(marks, scale) {
  /** @type {Mark[]} */
  const taken = [];
  for (const mark of marks.filter((m) => m.rank > 4).sort((a, b) => b.rank - a.rank)) {
    const x = scale.x(mark.timeNs);
    if (taken.every((other) => Math.abs(scale.x(other.timeNs) - x) >= MARK_ROOM)) taken.push(mark);
  }
  return taken.sort((a, b) => a.timeNs - b.timeNs);
}

/**
 * @param {SVGGElement | undefined} root
 * @param {(key: number) => string} look
 */
function keyed(root, look) {
  return new Keyed(
    /** @type {SVGGElement} */ (root),
    (/** @type {[number, string]} */ [key]) => key,
    ([key]) => ({ element: svg('path', { class: look(key) }) }),
  );
}

/**
 * So that text at an end of the timeline is not cut.
 * @param {number} x
 * @param {number} width
 * @param {number} half about half of the text
 */
function anchorAt(x, width, half) {
  return x < half ? 'start' : x > width - half ? 'end' : 'middle';
}

function tick() {
  const text = svg('text', { y: 12 });
  return { text, element: svg('g', {}, svg('path', { class: 'axis', d: 'M0 0V3' }), text) };
}

/** @param {Mark} mark */
function createMark({ name, glyph, text, timeNs }) {
  const kind =
    name === 'phase_completed'
      ? 'phase'
      : /crash|cut|pause|held|lost|violation/.test(name)
        ? 'fault'
        : '';
  const sign = svg('text', { y: 11 }, glyph);
  const title = svg('title', {}, `${clock(timeNs)} ${text}`);
  const line = svg('path', { d: `M0 ${TOP}V${BOTTOM}` });
  return { text: sign, element: svg('g', { class: `mark ${kind}` }, title, line, sign) };
}

/** @param {Mark} mark */
function createOwner({ shard, text, timeNs }) {
  const line = svg('path', { class: 'lead' });
  const name = svg('text', { class: 'owner', x: 4 });
  const title = svg('title', {}, `${clock(timeNs)} ${text}`);
  return { line, text: name, element: svg('g', { class: hue(shard) }, title, line, name) };
}
