// A run as a link: its recording, deflated, behind the #. Reading one back never half-loads.

import { buttonById, byId } from '../dom.js';
import { askedScenario } from './gallery.js';

/** @import { Session } from '../session.js' */
/** @import { Store } from '../state.js' */

/** A link longer than this is cut by chat programs and some servers' logs; a recording of commands stays far below. */
const HASH_MAX = 200_000;

/**
 * @param {Store} store
 * @param {Session} session
 */
export function wireShare(store, session) {
  /** Steps at which the address was last made to say where the run is; -1 if it does not. */
  let saidAt = location.hash.length > 1 && !askedScenario(location) ? -2 : -1;
  buttonById('share').addEventListener('click', async () => {
    const hash = await pack(await session.recording());
    history.replaceState(null, '', `#${hash}`);
    saidAt = store.state.view?.steps ?? -1;
    const copied = await navigator.clipboard?.writeText(location.href).then(
      () => true,
      () => false,
    );
    store.set({
      notice: copied
        ? 'Link copied: it replays this run up to here'
        : 'The address bar now holds the link',
    });
  });
  const copyDigest = async () => {
    const digest = store.state.view?.digest ?? '';
    const copied = await navigator.clipboard?.writeText(digest).then(
      () => true,
      () => false,
    );
    if (copied) store.set({ notice: 'Digest copied' });
  };
  byId('digest').addEventListener('click', copyDigest);
  // The address must not promise what the page no longer shows.
  return {
    update(/** @type {import('../types.d.ts').State} */ { view }) {
      if (!view || saidAt === -1) return;
      if (saidAt === -2) saidAt = view.steps;
      if (view.steps === saidAt) return;
      saidAt = -1;
      history.replaceState(null, '', location.pathname + location.search);
    },
  };
}

/**
 * The run that an address holds.
 * @param {string} hash with its #
 * @returns {Promise<string>} the recording; '' if it holds none
 * @throws {Error} with a sentence if it is damaged
 */
export async function readShared(hash) {
  if (hash.length < 2 || hash.startsWith('#scenario=')) return '';
  try {
    if (hash.length > HASH_MAX) throw new Error('too long');
    const recording = await unpack(hash.slice(1));
    JSON.parse(recording);
    return recording;
  } catch {
    throw new Error('The recording in this link is damaged, so a new run was started instead.');
  }
}

/** @param {string} text */
async function pack(text) {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @param {string} packed */
async function unpack(packed) {
  const binary = atob(packed.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return new Response(
    new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')),
  ).text();
}
