// The key space: one bar, the ranges to scale, the heat of the keys above, and below each range whether it can be written.

import { byId, html, Keyed, setAttribute, setText } from '../dom.js';
import { count, hue, range, span } from '../format.js';
import { shardOf } from '../selection.js';

/** @import { Shard, State, View } from '../types.d.ts' */

const HEAT_H = 22;
/** Operations a second in one bucket that fill the height, at least: a lone one is no peak. */
const HEAT_LEAST = 4;

export class KeySpace {
  constructor() {
    this.canvas = /** @type {HTMLCanvasElement} */ (byId('heat'));
    this.root = byId('ranges');
    this.ranges = new Keyed(
      this.root,
      (/** @type {Shard} */ shard) => shard.id,
      (shard) => new Range(shard),
    );
    this.drawnFor = '';
    this.width = 0;
    new ResizeObserver(([entry]) => {
      this.width = Math.floor(entry?.contentRect.width ?? 0);
      this.seen = null;
    }).observe(this.canvas);
    const system = matchMedia('(prefers-color-scheme: dark)');
    this.theme = () => document.documentElement.dataset.theme ?? String(system.matches);
    /** @type {Map<string, string>} */
    this.colours = new Map();
    /** @type {View | null} */
    this.seen = null;
    /** @type {State['selection'] | null} */
    this.about = null;
  }

  /** @param {State} state */
  update({ view, selection }) {
    if (!view || (view === this.seen && selection === this.about)) return;
    this.seen = view;
    this.about = selection;
    const chosen = shardOf(view, selection);
    const { first, last } = view.keySpace;
    const free = view.shards.length === 0 ? `keys ${first} to ${last}, of no shard yet` : null;
    setAttribute(this.root, 'data-empty', free);
    this.ranges.update(view.shards, (drawn, shard) => {
      drawn.draw(shard, first, last);
      drawn.bar.classList.toggle('chosen', shard.id === chosen);
    });
    const ranges = view.shards.map((shard) => `${shard.id}:${shard.first}`).join();
    const key = `${this.width} ${this.theme()} ${ranges} ${view.keySpace.heat.join()}`;
    if (key === this.drawnFor) return;
    this.drawnFor = key;
    this.#heat(view);
  }

  /** @param {View} view */
  #heat(view) {
    const { width, canvas } = this;
    const context = canvas.getContext('2d');
    if (!context || width === 0) return;
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(HEAT_H * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, HEAT_H);
    const { first, last, heat } = view.keySpace;
    const most = Math.max(HEAT_LEAST, ...heat);
    const step = width / heat.length;
    const keys = (last - first + 1) / heat.length;
    heat.forEach((value, i) => {
      const key = first + i * keys;
      context.fillStyle = this.#colour(view.shards.find((s) => key >= s.first && key <= s.last));
      context.globalAlpha = 0.3 + 0.45 * (value / most);
      const tall = value === 0 ? 1 : 2 + (HEAT_H - 3) * (value / most);
      context.fillRect(i * step + 1, HEAT_H - tall, Math.max(1, step - 2), tall);
    });
  }

  /**
   * A canvas knows no `light-dark()`: the colour is asked of an element that has the shard's class, and kept.
   * @param {Shard | undefined} shard
   */
  #colour(shard) {
    const name = `${this.theme()} ${shard ? hue(shard.id) : ''}`;
    const known = this.colours.get(name);
    if (known) return known;
    const probe = shard ? this.root.querySelector(`.${hue(shard.id)} b`) : null;
    const { color } = getComputedStyle(probe ?? document.body);
    this.colours.set(name, color);
    return color;
  }
}

class Range {
  /** @param {Shard} shard */
  constructor(shard) {
    this.name = html('b', {}, shard.name);
    this.keys = html('code');
    this.facts = html('span', { class: 'facts' });
    this.hot = html('span', { class: 'hot' }, 'hot');
    this.bar = html('div', { class: 'bar' }, this.name, this.keys, this.facts, this.hot);
    this.line = html('div', { class: 'line' });
    this.since = html('span');
    this.gap = html('span', { class: 'gap' });
    this.state = html('p', {}, this.since, this.gap);
    this.element = html(
      'div',
      { class: `range ${hue(shard.id)}` },
      this.bar,
      this.line,
      this.state,
    );
  }

  /**
   * @param {Shard} shard
   * @param {number} first first key of the key space
   * @param {number} last
   */
  draw(shard, first, last) {
    const keys = last - first + 1;
    const share = ((shard.last - shard.first + 1) / keys) * 100;
    const { style } = this.element;
    const left = `${(((shard.first - first) / keys) * 100).toFixed(3)}%`;
    const width = `${share.toFixed(3)}%`;
    this.element.classList.toggle('tiny', share < 5);
    if (style.left !== left) style.left = left;
    if (style.width !== width) style.width = width;
    setText(this.keys, range([shard.first, shard.last]));
    const leader = shard.leader === null ? 'no leader' : `leader n${shard.leader}`;
    setText(
      this.facts,
      `epoch ${shard.version}.${shard.confVer} · ${leader} · ${count(shard.opsPerSecond)} op/s`,
    );
    this.hot.hidden = !shard.hot;
    setAttribute(this.line, 'class', `line ${shard.availability}`);
    const words = { writable: 'writable', readable: 'only readable', unavailable: 'not writable' };
    const word = words[shard.availability];
    setText(this.since, shard.sinceNs > 0 ? `${word} for ${span(shard.sinceNs)}` : `${word} now`);
    setText(this.gap, shard.longestGapNs > 0 ? ` · longest gap ${span(shard.longestGapNs)}` : '');
  }
}
