// The first things told to somebody who has never been here: a few captions before the first one, each pointing at what it
// speaks of. They stand where captions stand, so they block nothing. Data, and what remembers that they were seen.

import { remember, remembered } from '../memory.js';

/** @import { Caption } from '../types.d.ts' */

const SEEN = 'shardscope-tour';

/** @type {[id: string, points: string, text: string][]} */
const STOPS = [
  [
    'tour-nodes',
    '#scene',
    'Five machines, side by side: **a column is a node, a row is a shard**. In each there runs the real OpenRaft, compiled for this tab; nothing is acted out.',
  ],
  [
    'tour-keys',
    '#keys',
    'All keys, to scale. Above them how hot each is, below whether it can be **written just now**. Drag the handle to choose a key, to split there or to write it.',
  ],
  [
    'tour-time',
    '.history',
    'Time is virtual, and yours: play it slower than life, step, **go back**. Colour is a shard that can be written, red a gap; what happened stands above.',
  ],
  [
    'tour-break',
    '.acts',
    'Select a node, a replica, a message, a cell of the table, and **break it** here. The checkers at the top right watch every step.',
  ],
  [
    'tour-begin',
    '#next-phase',
    'Nothing runs yet. **Next phase** lets the first three form one raft group, and six clients begin to read and write keys 1 to 200.',
  ],
];

/** @type {Caption[]} */
export const TOUR = STOPS.map(([id, , text]) => ({
  id,
  phase: 0,
  text,
  call: '',
  tikv: '',
  reached: true,
}));

/** Whether the tour was seen to its end, or skipped by going on. */
export function tourSeen() {
  return remembered(SEEN) !== '';
}

export function rememberTour() {
  remember(SEEN, 'seen');
}

/**
 * Marks what a stop of the tour speaks of, and nothing else.
 * @param {string} id
 */
export function pointAt(id) {
  for (const element of document.querySelectorAll('.pointed')) element.classList.remove('pointed');
  const stop = STOPS.find(([name]) => name === id);
  if (stop) document.querySelector(stop[1])?.classList.add('pointed');
}
