// Numbers: what each phase and each fault cost, each shard's availability, and what was sent, by kind.

import { byId, html, Keyed, setAttribute, setText } from '../dom.js';
import { bytes, count, hue, span } from '../format.js';

/** @import { State, View } from '../types.d.ts' */

/** @typedef {{ key: string, hue?: string, cells: string[] }} Row */

export class Numbers {
  constructor() {
    const root = byId('numbers');
    const table = (/** @type {string} */ caption, /** @type {string[]} */ heads) => {
      const made = new Table(caption, heads);
      root.append(made.element);
      return made;
    };
    this.phases = table('Phases', [
      'phase',
      'time',
      'messages',
      'bytes',
      'longest unwritable',
      'clients had',
      'after',
    ]);
    this.shards = table('Shards', ['shard', 'now', 'for', 'longest gap', 'load', 'answers after']);
    this.faults = table('Faults', ['what happened', 'noticed after', 'writable after']);
    this.traffic = table('Sent', ['kind', 'messages', 'bytes']);
    /** @type {View | null} */
    this.seen = null;
  }

  /** @param {State} state */
  update({ view, tab }) {
    if (!view || tab !== 'numbers' || view === this.seen) return;
    this.seen = view;
    this.phases.draw(phaseRows(view), 'none is complete yet');
    this.shards.draw(shardRows(view), 'there is none yet');
    this.faults.draw(faultRows(view), 'nothing has broken yet');
    const kinds = view.traffic.map(({ kind, messages, bytes: sent }) => ({
      key: kind,
      cells: [kind.replace('_', '-'), count(messages), bytes(sent)],
    }));
    this.traffic.draw(kinds, 'nothing yet');
  }
}

/**
 * @param {View} view
 * @returns {Row[]}
 */
function phaseRows({ phase: { costs, names } }) {
  return costs.map((cost) => {
    const trips = cost.roundTripNs > 0 ? cost.unwritableNs / cost.roundTripNs : 0;
    const gap =
      cost.unwritableNs > 0
        ? `${span(cost.unwritableNs)}, ${trips.toFixed(1)} round trips`
        : 'none';
    const cells = [
      span(cost.durationNs),
      count(cost.messages),
      bytes(cost.bytes),
      gap,
      cost.operations > 0 ? `${count(cost.operationsPerSecond)} op/s` : '–',
      cost.operations > 0 ? span(cost.latencyNs) : '–',
    ];
    return { key: String(cost.phase), cells: [`${cost.phase} ${names[cost.phase - 1]}`, ...cells] };
  });
}

/**
 * @param {View} view
 * @returns {Row[]}
 */
function shardRows({ shards }) {
  return shards.map((shard) => ({
    key: shard.name,
    hue: hue(shard.id),
    cells: [
      shard.name,
      shard.availability,
      span(shard.sinceNs),
      shard.longestGapNs > 0 ? span(shard.longestGapNs) : 'none',
      `${count(shard.opsPerSecond)} op/s`,
      shard.latencyNs > 0 ? span(shard.latencyNs) : '–',
    ],
  }));
}

/**
 * @param {View} view
 * @returns {Row[]}
 */
function faultRows({ incidents }) {
  return incidents.map(({ what, atNs, hit, noticedNs, recoveredNs }) => ({
    key: `${atNs} ${what}`,
    cells: [
      `${(atNs / 1e9).toFixed(3)} ${what}`,
      noticedNs === null ? '–' : span(noticedNs),
      hit ? (recoveredNs === null ? 'not yet' : span(recoveredNs)) : 'no key was hit',
    ],
  }));
}

class Table {
  /**
   * @param {string} caption
   * @param {string[]} heads
   */
  constructor(caption, heads) {
    const columns = heads.map((head) => html('th', { scope: 'col' }, head));
    const body = html('tbody');
    this.none = html('tfoot', {}, html('tr', {}, html('td', { colspan: heads.length })));
    this.element = html(
      'table',
      {},
      html('caption', {}, caption),
      html('thead', {}, html('tr', {}, ...columns)),
      body,
      this.none,
    );
    this.rows = new Keyed(
      body,
      (/** @type {Row} */ row) => row.key,
      (row) => createRow(row),
    );
  }

  /**
   * @param {Row[]} rows
   * @param {string} none what is said if there are none
   */
  draw(rows, none) {
    this.rows.update(rows, ({ cells }, row) => {
      row.cells.forEach((text, i) => {
        const cell = cells[i];
        if (cell) setText(cell, text);
      });
    });
    this.none.hidden = rows.length > 0;
    setText(/** @type {Element} */ (this.none.querySelector('td')), none);
  }
}

/** @param {Row} row */
function createRow({ hue: look, cells }) {
  const drawn = cells.map((_, i) => (i === 0 ? html('th', { scope: 'row' }) : html('td')));
  const element = html('tr', {}, ...drawn);
  setAttribute(element, 'class', look ?? null);
  return { cells: drawn, element };
}
