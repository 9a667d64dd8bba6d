// The log tails, a strip a replica, by shard, all strips of a shard aligned by index: dashed is not committed, solid is
// committed, filled is applied. Where a split is in sight it is one cut through all strips of the parent, and the child's
// strips begin at it.

import { byId, html, Keyed, setAttribute, setText } from '../dom.js';
import { hue, roleWord } from '../format.js';
import { selected } from '../selection.js';

/** @import { Store } from '../state.js' */
/** @import { Log, LogEntry, Replica, Selection, Shard, State, View } from '../types.d.ts' */

/** @typedef {{ key: string, index: number, text: string, next: boolean }} Mark */
/** @typedef {{ base: number, lead: number }} Window `base` is the entry before the first shown, `lead` the cells before it */

/** @type {Record<LogEntry['kind'], string>} */
export const GLYPHS = { data: '·', membership: '⚙', split: '✂', blank: '∅' };

/** Width of one entry with its gap. */
const CELL = 23;
/** Width of what stands for the entries before the first shown. */
const STUB = 74;
/** Cells by which the window leaps when its end is reached, so that it does not creep with each write. */
const LEAP = 6;
/** Cells kept free on the right, for what the leader knows of the others. */
const MARGIN = 4;
/** Shards shown at once: of more, those around the selected one. */
const SHARDS_MAX = 12;
/** Height of a strip, and what stands between two shards. */
const STRIP = 24;
const GAP = 5;

export class Logs {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    this.reach = byId('log-span');
    this.root = byId('strips');
    const list = html('div');
    this.scissors = html('span', { class: 'scissors', hidden: true });
    this.root.append(list, this.scissors);
    this.tabs = new Keyed(
      byId('log-shards'),
      (/** @type {Shard} */ shard) => shard.id,
      (shard) => this.#tab(shard),
    );
    this.strips = new Keyed(
      list,
      (/** @type {Log} */ log) => log.replica,
      (log) => new Strip(log, store),
    );
    this.room = 20;
    this.names = 150;
    /** @type {Map<number, number>} */
    this.bases = new Map();
    new ResizeObserver(([entry]) => {
      const width = entry?.contentRect.width ?? 0;
      // Another tab is open.
      if (width === 0) return;
      this.names = Number.parseFloat(getComputedStyle(this.root).getPropertyValue('--names'));
      const room = Math.max(6, Math.floor((width - this.names - STUB) / CELL) - MARGIN);
      if (room === this.room) return;
      this.room = room;
      this.bases.clear();
      this.seen = null;
      this.store.changed();
    }).observe(this.root);
    /** @type {View | null} */
    this.seen = null;
    this.asked = 0;
    /** @type {Selection | null} */
    this.about = null;
  }

  /** @param {State} state */
  update({ view, logShard, selection, tab }) {
    this.reach.hidden = tab !== 'log';
    if (!view || tab !== 'log') return;
    if (view === this.seen && logShard === this.asked && selection === this.about) return;
    this.seen = view;
    this.asked = logShard;
    this.about = selection;
    const shards = this.#shown(view, logShard);
    this.tabs.update(view.shards.length > SHARDS_MAX ? view.shards : [], ({ element }, s) =>
      setAttribute(element, 'aria-pressed', String(shards.includes(s))),
    );
    const asked = shards.find((shard) => shard.id === logShard) ?? shards.at(-1);
    setText(this.reach, asked ? spanOf(view, asked) : 'begins with the first shard');
    /** @type {Map<number, Window>} */
    const windows = new Map();
    for (const shard of shards) windows.set(shard.id, this.#window(shard, view, windows));
    const logs = shards.flatMap((s) => view.logs.filter((log) => log.shard === s.id));
    let last = 0;
    this.strips.update(logs, (strip, log) => {
      const replica = view.replicas.find((r) => r.id === log.replica);
      const shard = shards.find((s) => s.id === log.shard);
      const window = windows.get(log.shard);
      if (replica && shard && window)
        strip.draw(log, replica, shard, view, window, this.room, log.shard !== last, selection);
      last = log.shard;
    });
    this.#cut(shards, logs, windows);
  }

  /**
   * @param {View} view
   * @param {number} asked
   */
  #shown({ shards }, asked) {
    if (shards.length <= SHARDS_MAX) return shards;
    const at = Math.max(
      0,
      shards.findIndex((shard) => shard.id === asked),
    );
    const from = Math.max(0, Math.min(at - SHARDS_MAX / 2, shards.length - SHARDS_MAX));
    return shards.slice(from, from + SHARDS_MAX);
  }

  /**
   * Which entries of a shard are shown: the last ones, moved on in leaps. A child begins where its parent was cut, as long
   * as the cut is in sight and there is room for all that the child has since.
   * @param {Shard} shard
   * @param {View} view
   * @param {Map<number, Window>} windows of those before it
   * @returns {Window}
   */
  #window(shard, view, windows) {
    const last = lastOf(view, shard.id);
    const parent = shard.origin ? windows.get(shard.origin.parent) : undefined;
    if (shard.origin && parent) {
      const lead = shard.origin.index - parent.base + parent.lead;
      if (lead > 0 && lead + last - shard.origin.first <= this.room + 1)
        return { base: shard.origin.first, lead };
    }
    const first = shard.origin?.first ?? 0;
    let base = this.bases.get(shard.id) ?? first;
    if (base > last || last > base + this.room)
      base =
        last - first <= this.room
          ? first
          : last - this.room + Math.min(LEAP, Math.floor(this.room / 2));
    this.bases.set(shard.id, base);
    return { base, lead: 0 };
  }

  /**
   * The newest split in sight, as a line through the parent's strips.
   * @param {Shard[]} shards
   * @param {Log[]} logs
   * @param {Map<number, Window>} windows
   */
  #cut(shards, logs, windows) {
    const child = shards.filter((s) => (windows.get(s.id)?.lead ?? 0) > 0).at(-1);
    this.scissors.hidden = !child;
    const rows = logs.filter((log) => log.shard === child?.origin?.parent);
    const above = rows[0] ? logs.indexOf(rows[0]) : -1;
    if (!child?.origin || above < 0) return;
    const groups = new Set(logs.slice(0, above + 1).map((log) => log.shard)).size;
    const below = logs.findLastIndex((log) => log.shard === child.id);
    const gaps = new Set(logs.slice(above, below + 1).map((log) => log.shard)).size - 1;
    const x = this.names + STUB + (windows.get(child.id)?.lead ?? 0) * CELL - 3;
    const top = above * STRIP + groups * GAP - 2;
    this.scissors.style.transform = `translate(${x}px, ${top}px)`;
    this.scissors.style.height = `${(below - above + 1) * STRIP + gaps * GAP}px`;
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

/**
 * @param {View} view
 * @param {number} shard
 */
function lastOf(view, shard) {
  return Math.max(0, ...view.replicas.filter((r) => r.shard === shard).map((r) => r.lastLog));
}

/**
 * @param {View} view
 * @param {Shard} shard
 */
function spanOf(view, { id, name }) {
  const last = lastOf(view, id);
  return last > 0 ? `${name} up to index ${last}` : `${name} is empty so far`;
}

class Strip {
  /**
   * @param {Log} log
   * @param {Store} store
   */
  constructor(log, store) {
    this.of = html('span', { class: 'of' });
    this.node = html('b');
    this.role = html('span', { class: 'soft' });
    this.stub = html('span', { class: 'stub' });
    const cells = html('div');
    const marks = html('div');
    this.track = html('div', { class: 'track' }, cells, marks);
    this.element = html(
      'div',
      {},
      this.of,
      this.node,
      this.role,
      html('div', { class: 'frame' }, this.stub, this.track),
    );
    this.element.addEventListener('click', () => {
      const { view } = store.state;
      if (view) store.set(selected(view, `replica:${log.replica}`));
    });
    this.cells = new Keyed(
      cells,
      (/** @type {LogEntry} */ entry) => entry.index,
      (entry) => new Cell(entry),
    );
    this.marks = new Keyed(
      marks,
      (/** @type {Mark} */ mark) => mark.key,
      () => ({ element: html('i') }),
    );
  }

  /**
   * @param {Log} log
   * @param {Replica} replica
   * @param {Shard} shard
   * @param {View} view
   * @param {Window} window
   * @param {number} room how many entries there is room for
   * @param {boolean} first whether it is the first of its shard
   * @param {Selection} selection
   */
  draw(log, replica, shard, view, { base, lead }, room, first, selection) {
    const { kind, id } = selection;
    const chosen =
      (kind === 'replica' && id === replica.id) || (kind === 'node' && id === log.node);
    const look = `strip ${hue(log.shard)} ${replica.role}${first ? ' first' : ''}${chosen ? ' chosen' : ''}`;
    setAttribute(this.element, 'class', look);
    setText(this.of, shard.name);
    setText(this.node, view.nodes.find((n) => n.id === log.node)?.name ?? '');
    setText(this.role, roleWord(replica.role));
    const end = base + room - lead;
    const shown = log.entries.filter((entry) => entry.index > base && entry.index <= end);
    const covered = Math.max(0, (shown[0]?.index ?? Math.max(log.purged, replica.lastLog) + 1) - 1);
    const gap = Math.max(0, Math.min(end, covered) - base);
    const left = lead * CELL;
    const width = `${STUB + gap * CELL - 3}px`;
    if (this.stub.style.width !== width) this.stub.style.width = width;
    const at = `translateX(${left}px)`;
    if (this.stub.style.transform !== at) this.stub.style.transform = at;
    setText(this.stub, stubText(log, replica, covered, shard));
    const start = `translateX(${STUB + left - base * CELL}px)`;
    if (this.track.style.transform !== start) this.track.style.transform = start;
    this.cells.update(shown, (cell, entry) => cell.draw(entry, replica));
    this.marks.update(known(replica, view, base, end), ({ element }, { index, text, next }) => {
      setAttribute(element, 'class', next ? 'next' : '');
      element.style.setProperty('--index', String(index - 1));
      setText(element, text);
    });
  }
}

/**
 * What a leader knows of the others: `=` at the highest entry that each is known to hold (match), and `→` at the first that
 * those who lag are to get next.
 * @param {Replica} replica
 * @param {View} view
 * @param {number} base
 * @param {number} end
 * @returns {Mark[]}
 */
function known(replica, view, base, end) {
  if (replica.role !== 'leader') return [];
  /** @type {Map<number, string[]>} */
  const names = new Map();
  for (const { node, matched } of replica.progress) {
    if (node === replica.node || matched <= base || matched > end) continue;
    const name = view.nodes.find((n) => n.id === node)?.name ?? '';
    names.set(matched, [...(names.get(matched) ?? []), name]);
  }
  const found = [...names].sort(([a], [b]) => a - b);
  return found.map(([index, held], i) => {
    const last = i === found.length - 1 && index >= replica.lastLog;
    const text = last ? `= ${held.join(' ')}` : held.join(' ');
    return { key: held.join(), index, text, next: !last };
  });
}

/**
 * @param {Log} log
 * @param {Replica} replica
 * @param {number} covered
 * @param {Shard} shard
 */
function stubText(log, replica, covered, { origin }) {
  if (replica.lastLog === 0) return 'no log yet';
  if (covered === 0) return '';
  if (origin && covered === origin.first) return '✂ born';
  return log.purged >= covered ? `▤ ≤ ${covered}` : `≤ ${covered}`;
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
