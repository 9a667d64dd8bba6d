// The log tails of one shard, a strip a replica, all aligned by index: dashed is not committed, solid is committed, filled
// is applied. A split stands at the same index in all of them.

import { byId, html, Keyed, setAttribute, setText } from '../dom.js';
import { hue, roleWord } from '../format.js';

/** @import { Store } from '../state.js' */
/** @import { Log, LogEntry, Replica, Shard, State, View } from '../types.d.ts' */

/** @typedef {{ index: number, text: string }} Mark */

/** @type {Record<LogEntry['kind'], string>} */
export const GLYPHS = { data: '·', membership: '⚙', split: '✂', blank: '∅' };

/** Width of one entry with its gap. */
const CELL = 24;
/** Width of what stands for the entries before the first shown. */
const STUB = 78;
/** Entries by which the window leaps when its end is reached, so that it does not creep with each write. */
const LEAP = 6;

export class Logs {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    this.title = byId('logs-title');
    this.reach = byId('log-span');
    const strips = byId('strips');
    this.tabs = new Keyed(
      byId('log-tabs'),
      (/** @type {Shard} */ shard) => shard.id,
      (shard) => this.#tab(shard),
    );
    this.strips = new Keyed(
      strips,
      (/** @type {Log} */ log) => log.replica,
      () => new Strip(),
    );
    this.room = 20;
    new ResizeObserver(([entry]) => {
      const names = Number.parseFloat(getComputedStyle(strips).getPropertyValue('--names'));
      this.room = Math.max(6, Math.floor(((entry?.contentRect.width ?? 0) - names - STUB) / CELL));
      this.seen = null;
      this.store.changed();
    }).observe(strips);
    this.shard = 0;
    this.base = 0;
    /** @type {View | null} */
    this.seen = null;
    this.asked = 0;
  }

  /** @param {State} state */
  update({ view, logShard }) {
    if (!view || (view === this.seen && logShard === this.asked)) return;
    this.seen = view;
    this.asked = logShard;
    const shard = view.shards.find((s) => s.id === logShard) ?? view.shards.at(-1);
    this.tabs.update(view.shards, ({ element }, s) =>
      setAttribute(element, 'aria-pressed', String(s === shard)),
    );
    if (!shard) {
      setText(this.reach, 'begins with the first shard');
      this.strips.update([], () => {});
      return;
    }
    const logs = view.logs.filter((log) => log.shard === shard.id);
    this.#window(shard.id, view);
    this.strips.update(logs, (strip, log) => {
      const replica = view.replicas.find((r) => r.id === log.replica);
      if (replica) strip.draw(log, replica, view, this.base, this.room);
    });
  }

  /**
   * Which indexes are shown: the last ones, moved on in leaps.
   * @param {number} shard
   * @param {View} view
   */
  #window(shard, view) {
    const last = Math.max(
      0,
      ...view.replicas.filter((r) => r.shard === shard).map((r) => r.lastLog),
    );
    const least = Math.max(0, last - this.room);
    if (shard !== this.shard || this.base > last || last > this.base + this.room) {
      this.base = last <= this.room ? 0 : least + LEAP;
      this.shard = shard;
    }
    setText(this.reach, last > 0 ? `index ${this.base + 1} to ${last}` : 'empty so far');
  }

  /** @param {Shard} shard */
  #tab(shard) {
    const element = html(
      'button',
      { type: 'button', class: hue(shard.id), 'aria-pressed': 'false' },
      shard.name,
    );
    element.addEventListener('click', () => this.store.set({ logShard: shard.id }));
    return { element };
  }
}

class Strip {
  constructor() {
    this.node = html('b');
    this.role = html('span', { class: 'soft' });
    this.stub = html('span', { class: 'stub' });
    const cells = html('div');
    const marks = html('div');
    this.track = html('div', { class: 'track' }, cells, marks);
    this.element = html(
      'div',
      {},
      this.node,
      this.role,
      html('div', { class: 'frame' }, this.stub, this.track),
    );
    this.cells = new Keyed(
      cells,
      (/** @type {LogEntry} */ entry) => entry.index,
      (entry) => new Cell(entry),
    );
    this.marks = new Keyed(marks, (/** @type {Mark} */ mark) => mark.index, createMark);
  }

  /**
   * @param {Log} log
   * @param {Replica} replica
   * @param {View} view
   * @param {number} base the entry before the first shown
   * @param {number} room how many entries there is room for
   */
  draw(log, replica, view, base, room) {
    setAttribute(this.element, 'class', `strip ${hue(log.shard)} ${replica.role}`);
    setText(this.node, view.nodes.find((n) => n.id === log.node)?.name ?? '');
    setText(this.role, roleWord(replica.role));
    const shown = log.entries.filter((entry) => entry.index > base && entry.index <= base + room);
    const first = shown[0]?.index ?? Math.max(log.purged, replica.lastLog) + 1;
    const covered = Math.max(0, first - 1);
    const width = `${STUB + Math.max(0, Math.min(room, covered - base)) * CELL - 4}px`;
    if (this.stub.style.width !== width) this.stub.style.width = width;
    setText(this.stub, stubText(log, replica, covered));
    const start = `translateX(${STUB - base * CELL}px)`;
    if (this.track.style.transform !== start) this.track.style.transform = start;
    this.cells.update(shown, (cell, entry) => cell.draw(entry, replica));
    this.marks.update(matchMarks(replica, view, base, room), (mark, { text }) =>
      setText(mark.element, text),
    );
  }
}

/**
 * What a leader knows of the others: at the highest entry that each is known to hold, their names.
 * @param {Replica} replica
 * @param {View} view
 * @param {number} base
 * @param {number} room
 * @returns {Mark[]}
 */
function matchMarks(replica, view, base, room) {
  if (replica.role !== 'leader') return [];
  /** @type {Map<number, string[]>} */
  const names = new Map();
  for (const { node, matched } of replica.progress) {
    if (matched <= base || matched > base + room) continue;
    const name = view.nodes.find((n) => n.id === node)?.name ?? '';
    names.set(matched, [...(names.get(matched) ?? []), name]);
  }
  return [...names]
    .sort(([a], [b]) => a - b)
    .map(([index, held]) => ({ index, text: held.join(' ') }));
}

/** @param {Mark} mark */
function createMark({ index }) {
  const element = html('i');
  element.style.setProperty('--index', String(index - 1));
  return { element };
}

/**
 * @param {Log} log
 * @param {Replica} replica
 * @param {number} covered
 */
function stubText(log, replica, covered) {
  if (replica.lastLog === 0) return 'no log yet';
  if (covered === 0) return '';
  return log.purged >= covered ? `≤ ${covered} ▤` : `≤ ${covered}`;
}

class Cell {
  /** @param {LogEntry} entry */
  constructor(entry) {
    this.element = html('span', {});
    this.element.style.setProperty('--index', String(entry.index - 1));
  }

  /**
   * @param {LogEntry} entry
   * @param {Replica} replica
   */
  draw({ index, term, kind }, replica) {
    const state =
      index <= replica.applied ? 'applied' : index <= replica.committed ? 'committed' : 'open';
    setAttribute(this.element, 'class', `${state} ${kind}`);
    setText(this.element, GLYPHS[kind]);
    setAttribute(
      this.element,
      'title',
      `${index}: ${kind}, term ${term}, ${state === 'open' ? 'not committed' : state}`,
    );
  }
}
