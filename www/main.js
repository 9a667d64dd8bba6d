// Start-up: reads the address, starts the engine, puts the parts together. Everything else is told what it needs here.

import { Faults } from './controls/faults.js';
import { askedScenario, begin as tell, wireGallery } from './controls/gallery.js';
import { wireKeyboard, wireRoving } from './controls/keyboard.js';
import { Keys } from './controls/keys.js';
import { wirePictures } from './controls/pictures.js';
import { wirePlayback } from './controls/playback.js';
import { wireScript } from './controls/script.js';
import { readShared, wireShare } from './controls/share.js';
import { wireTabs } from './controls/tabs.js';
import { wireTheme } from './controls/theme.js';
import { byId } from './dom.js';
import { EngineClient } from './engine/client.js';
import { engineSource } from './engine/embedded.js';
import { SPEEDS } from './engine/pacing.js';
import { Loop } from './loop.js';
import { Session } from './session.js';
import { Store } from './state.js';
import { Captions } from './view/captions.js';
import { Events } from './view/events.js';
import { Found } from './view/found.js';
import { fillGlossary, wireAbout } from './view/glossary.js';
import { Header } from './view/header.js';
import { History } from './view/history.js';
import { Inspector } from './view/inspector.js';
import { KeySpace } from './view/keyspace.js';
import { fillLegend } from './view/legend.js';
import { Logs } from './view/logs.js';
import { Notices } from './view/notices.js';
import { Numbers } from './view/numbers.js';
import { Placement } from './view/placement.js';
import { Scene } from './view/scene.js';
import { Text } from './view/text.js';
import { Transport } from './view/transport.js';

/** The seed of a run that names none. */
const SEED = '7';

const address = new URLSearchParams(location.search);

/** The speed asked for in the address, in virtual seconds a second; 0 if it is left to the page. */
function askedSpeed() {
  const word = address.get('speed') ?? 'auto';
  if (word === 'auto') return 0;
  const speed = SPEEDS.get(word);
  if (speed === undefined)
    throw new Error(
      `There is no speed "${word}": it can be auto, ${[...SPEEDS.keys()].join(', ')}.`,
    );
  return speed;
}

/** How many shards the address asks for; 0 if it leaves that to the page. */
function askedShards() {
  const word = address.get('shards') ?? '0';
  const shards = Number(word);
  if (!/^\d+$/.test(word) || shards > 1024)
    throw new Error(
      `There cannot be "${word}" shards: it can be 1 to 1024, and at most one a key.`,
    );
  return shards;
}

/** What an address may say, beside a recording or a scenario behind the #. */
const PARAMETERS = ['seed', 'speed', 'shards', 'still', 'embed', 'scenario'];

/** A sentence about what the address says and nobody understands; '' if there is nothing. */
function unknown() {
  const words = [...address.keys()].filter((word) => !PARAMETERS.includes(word));
  if (words.length === 0) return '';
  const named = words.map((word) => `"${word}"`).join(', ');
  return `The address says ${named}, which means nothing here: it can say ${PARAMETERS.join(', ')}.`;
}

/** A module that does nothing but name a type with a `v128` in it: it is valid where there is SIMD. */
const SIMD = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b);

/** What this browser lacks, in a sentence; '' if nothing. */
function lacking() {
  if (typeof WebAssembly !== 'object')
    return 'ShardScope runs OpenRaft as WebAssembly, which this browser does not offer.';
  if (!WebAssembly.validate(SIMD))
    return 'ShardScope needs WebAssembly with SIMD: Chrome 91, Firefox 89, Safari 16.4, or newer.';
  if (typeof Worker !== 'function')
    return 'ShardScope runs OpenRaft in a worker, which this browser does not offer.';
  return '';
}

/**
 * Does something that may fail, and says so instead of stopping.
 * @template T
 * @param {Store} store
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T | undefined>}
 */
async function orSay(store, work) {
  try {
    return await work();
  } catch (error) {
    if (!store.state.panic)
      store.set({ problem: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/**
 * The run that the address asks for; a new one where it asks for nothing that can be had.
 * @param {Store} store
 * @param {Session} session
 */
async function begin(store, session) {
  const shared = await orSay(store, () => readShared(location.hash));
  if (shared) await orSay(store, () => session.replay(shared));
  if (!store.state.view)
    await orSay(store, () => session.start(address.get('seed') ?? SEED, askedShards()));
  if (!store.state.view) await session.start(SEED);
  const scenario = askedScenario(location);
  if (scenario) await tell(session, scenario);
}

async function main() {
  const still = address.has('still');
  const motion = matchMedia('(prefers-reduced-motion: reduce)');
  const store = new Store({ calm: motion.matches, still });
  motion.addEventListener('change', () => store.set({ calm: motion.matches }));
  document.body.classList.toggle('still', still);
  document.body.classList.toggle('embed', address.has('embed'));
  const notices = new Notices(store);
  store.changed = () => notices.update(store.state);
  await orSay(store, () => store.set({ speedAsked: askedSpeed() }));
  fillLegend();
  const missing = lacking();
  if (missing) return store.set({ problem: missing });

  const client = new EngineClient((panic) => store.set({ panic, playing: false }));
  const session = new Session(store, client);
  const captions = new Captions(store);
  const faults = new Faults(store, session);
  const scene = byId('scene');
  const found = new Found(store, session);
  const drawn = [new Header(), found, new Scene(scene, store), wireRoving(scene), notices];
  const read = [
    new KeySpace(),
    captions,
    new Inspector(store),
    faults,
    new Keys(store, session),
    new Placement(store),
    new Logs(store),
    new Numbers(),
    new Text(),
    wireTabs(store),
    new Events(),
    new Transport(),
    new History(store),
    wireShare(store, session),
  ];
  fillGlossary();
  wirePictures(store);
  const script = wireScript(session);
  const gallery = wireGallery(store, session);
  const loop = new Loop(store, session, client, drawn, read);
  wirePlayback(store, session);
  wireKeyboard(session, { captions, faults, script, gallery });
  wireTheme(store);
  Object.assign(globalThis, { shardscopeFrameStats: () => loop.statistics() });

  const versions = await orSay(store, async () => client.call('load', await engineSource()));
  if (!versions) return undefined;
  wireAbout(versions);
  store.set({ commands: await client.call('commands') });
  await orSay(store, () => begin(store, session));
  captions.begin();
  if (unknown()) store.set({ notice: unknown() });
  performance.mark('ready');
  document.body.dataset.ready = String(store.state.view !== null);
  return undefined;
}

main();
