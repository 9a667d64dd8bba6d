// The legend in the help: the very shapes of the scene, each with its word.

import { byId, html, svg } from '../dom.js';
import { CROWN, LETTERS as ROLES, VOTE_DOTS } from './chips.js';
import { GLYPHS } from './logs.js';
import { LETTERS as KINDS } from './messages.js';

/** @type {[string, string][]} */
const ROLE_WORDS = [
  ['leader', 'leader; the rim is how fresh its lease is'],
  ['follower', 'follower; the rim is the election time left'],
  ['candidate', 'candidate: asks for votes'],
  ['learner', 'learner: fills as it catches up, has no vote'],
  ['uninitialized', 'made by a message, waits for its data'],
  ['asleep', 'on the disk of a node that is down'],
  ['tombstone', 'destroyed: its id never comes back'],
];

/** @type {[import('./chips.js').Vote, string][]} */
const VOTE_WORDS = [
  ['counted', 'given, and counted'],
  ['given', 'given, and not heard of yet'],
  ['refused', 'refused'],
  ['open', 'not asked, or not answered'],
];

/** @type {[string, string][]} */
const KIND_WORDS = [
  ['append', 'append: entries'],
  ['heartbeat', 'heartbeat: an append without entries'],
  ['vote', 'vote (P: pre-vote)'],
  ['snapshot', 'snapshot'],
  ['transfer', 'transfer of leadership'],
  ['write', 'a client writes'],
  ['read', 'a client reads'],
  ['read_index', 'a follower asks from where on it may answer a read'],
  ['placement', 'from or to placement'],
];

/** @type {[string, string, string][]} */
const ENTRY_WORDS = [
  ['open', 'data', 'not committed'],
  ['committed', 'data', 'committed'],
  ['applied', 'data', 'applied'],
  ['applied', 'split', 'split'],
  ['applied', 'membership', 'change of membership'],
  ['applied', 'blank', "a new leader's blank entry"],
];

/** @type {[string, string][]} */
const TIME_WORDS = [
  ['band hue-0', 'could be written: the colour is the shard'],
  ['readable hue-none', 'only read: a split or a hand-over is under way'],
  ['shut', 'neither: no leader with a majority'],
];

export function fillLegend() {
  const root = byId('legend');
  root.append(html('h3', {}, 'Replicas'));
  for (const [role, word] of ROLE_WORDS) root.append(html('p', {}, badge(role), word));
  root.append(html('h3', {}, "A candidate's votes"));
  for (const [vote, word] of VOTE_WORDS) {
    root.append(
      html('p', {}, html('span', { class: 'glyph', 'aria-hidden': 'true' }, VOTE_DOTS[vote]), word),
    );
  }
  root.append(html('h3', {}, 'Messages: the letter says what, the colour which shard'));
  for (const [kind, word] of KIND_WORDS) {
    root.append(html('p', {}, dot(KINDS[/** @type {keyof typeof KINDS} */ (kind)], false), word));
  }
  root.append(
    html('p', {}, dot('+', true), 'a reply that says yes'),
    html('p', {}, dot('−', true), 'a reply that says no'),
  );
  root.append(html('h3', {}, 'Timeline: the key space over time'));
  for (const [look, word] of TIME_WORDS) root.append(html('p', {}, band(look), word));
  root.append(html('h3', {}, 'Log entries'));
  for (const [state, kind, word] of ENTRY_WORDS) {
    const glyph = GLYPHS[/** @type {keyof typeof GLYPHS} */ (kind)];
    root.append(
      html(
        'p',
        { class: 'hue-0' },
        html('span', { class: `cell ${state}`, 'aria-hidden': 'true' }, glyph),
        word,
      ),
    );
  }
}

/** @param {string} look */
function band(look) {
  const box = svg('rect', { class: look, width: 26, height: 14, rx: 2 });
  return svg('svg', { class: 'timeline-key', width: 26, height: 14, 'aria-hidden': 'true' }, box);
}

/** @param {string} role */
function badge(role) {
  const letter = ROLES[/** @type {keyof typeof ROLES} */ (role)];
  return svg(
    'svg',
    {
      class: `badge-key ${role} hue-0`,
      width: 26,
      height: 26,
      viewBox: '-13 -13 26 26',
      'aria-hidden': 'true',
    },
    role === 'candidate'
      ? svg('path', { d: 'M0-12 10.4-6V6L0 12-10.4 6V-6z' })
      : svg('circle', { r: 11 }),
    letter === ''
      ? svg('path', { class: 'crown', d: CROWN, transform: 'scale(0.6)' })
      : svg('text', { 'text-anchor': 'middle', y: 4 }, letter),
  );
}

/**
 * @param {string} letter
 * @param {boolean} reply
 */
function dot(letter, reply) {
  return svg(
    'svg',
    {
      class: `badge-key ${reply ? 'reply' : 'request'} hue-0`,
      width: 26,
      height: 26,
      viewBox: '-13 -13 26 26',
      'aria-hidden': 'true',
    },
    svg('circle', { r: 9 }),
    svg('text', { 'text-anchor': 'middle', y: 4 }, letter),
  );
}
