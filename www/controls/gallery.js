// The gallery: the built-in scenarios as links. The link is the whole of it: following it, now or from elsewhere, runs it.

import { buttonById, byId, html, Keyed, setAttribute } from '../dom.js';

/** @import { Session } from '../session.js' */
/** @import { Store } from '../state.js' */
/** @import { Scenario } from '../types.d.ts' */

/** What an address says that asks for a scenario. */
const PREFIX = '#scenario=';

/**
 * The scenario that the address asks for; '' if none.
 * @param {Location} address
 */
export function askedScenario({ hash, search }) {
  if (hash.startsWith(PREFIX)) return decodeURIComponent(hash.slice(PREFIX.length));
  return new URLSearchParams(search).get('scenario') ?? '';
}

/**
 * @param {Store} store
 * @param {Session} session
 */
export function wireGallery(store, session) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('gallery-dialog'));
  const cards = new Keyed(
    byId('gallery-list'),
    (/** @type {Scenario} */ scenario) => scenario.name,
    (scenario) => card(scenario),
  );
  /** @type {Scenario[]} */
  let known = [];
  const open = async () => {
    if (known.length === 0) known = await session.gallery();
    cards.update(known, ({ link }, { name }) =>
      setAttribute(link, 'aria-current', name === store.state.view?.scenario?.name ? 'true' : null),
    );
    dialog.showModal();
  };
  buttonById('gallery').addEventListener('click', open);
  dialog.addEventListener('click', async (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link) return;
    event.preventDefault();
    dialog.close();
    history.replaceState(null, '', link.hash);
    await begin(session, link.hash.slice(PREFIX.length));
  });
  addEventListener('hashchange', () => {
    if (location.hash.startsWith(PREFIX)) begin(session, askedScenario(location));
  });
  return { open };
}

/**
 * @param {Session} session
 * @param {string} name
 */
export async function begin(session, name) {
  if (await session.tell(name)) await session.play();
}

/** @param {Scenario} scenario */
function card({ name, title, about, property, isFoundFalse }) {
  const link = html(
    'a',
    { href: PREFIX + name },
    html('b', {}, title),
    html('span', {}, about),
    html('small', isFoundFalse ? { class: 'false' } : {}, property),
  );
  return { link, element: html('li', {}, link) };
}
