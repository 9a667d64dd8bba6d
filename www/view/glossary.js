// The words of the page, each with its one meaning and TiKV's word for it; and what the About dialog says of this build.

import { buttonById, byId, html } from '../dom.js';
import { bytes } from '../format.js';

/** @type {[word: string, meaning: string][]} */
const WORDS = [
  ['node', 'a machine: up, paused or down; it owns a disk (TiKV: store)'],
  ['shard', 'a key range with a raft group of its own (TiKV: region)'],
  ['replica', 'one shard on one node, one life of it: its id never comes back (TiKV: peer)'],
  ['epoch', 'of a shard: splits counted . membership changes counted (TiKV: RegionEpoch)'],
  ['descriptor', 'id, range, epoch and replicas of a shard'],
  ['leader', 'the replica that proposes entries and answers reads; at most one a term'],
  ['learner', 'copies everything, votes on nothing'],
  ['candidate', 'asks for votes in the next term'],
  ['entry', 'what a log stores; committed once a majority has it on disk'],
  ['snapshot', 'range, epoch, data and sessions at one index, instead of the log up to it'],
  ['joint configuration', 'old and new voters decide together until a change is complete'],
  ['placement', 'the scheduler: allocates ids, drives steps to the wanted layout (TiKV: PD)'],
  ['router', 'what a client believes: range → shard @ version → leader'],
  ['link', 'one direction from a node to a node: cut loses messages, hold keeps them'],
  ['tombstone', 'what is left of a destroyed replica, so that no message revives it'],
  ['violation', 'a property found false: the run stops counting as safe'],
];

export function fillGlossary() {
  const list = byId('glossary');
  for (const [word, meaning] of WORDS) list.append(html('dt', {}, word), html('dd', {}, meaning));
}

/**
 * What this build is made of, and how much of it went over the wire.
 * @param {{ shardscope: string, openraft: string }} versions
 */
export function wireAbout({ shardscope, openraft }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('about-dialog'));
  const facts = byId('about-facts');
  buttonById('about').addEventListener('click', () => {
    facts.replaceChildren();
    const loaded = /** @type {PerformanceResourceTiming[]} */ (
      performance.getEntriesByType('resource')
    );
    const files = loaded.reduce((sum, entry) => sum + entry.encodedBodySize, 0);
    const rows = [
      ['ShardScope', shardscope],
      ['OpenRaft', `${openraft}, the crate as it is published, compiled for wasm32`],
      [
        'Loaded',
        files > 0
          ? `${bytes(files)} for the page as it was sent, and the engine beside it`
          : 'from one file',
      ],
      ['Kept', 'theme, and that the tour was seen: in this browser only'],
    ];
    for (const [name = '', value = ''] of rows)
      facts.append(html('dt', {}, name), html('dd', {}, value));
    dialog.showModal();
  });
}
