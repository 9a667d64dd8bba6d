// The cluster as one SVG: cards, chips, clients and what travels between them, in layers.
// Owns the drawing surface, its size and what a click selects. The parts it is made of draw one layer each.

import { svg } from '../dom.js';
import { selected } from '../selection.js';
import { Cards } from './cards.js';
import { Chips } from './chips.js';
import { Clients } from './clients.js';
import { Geometry } from './geometry.js';
import { Messages } from './messages.js';

/** @import { Store } from '../state.js' */
/** @import { State, View } from '../types.d.ts' */

/** Narrower than this, the scene is turned on its side. */
const TURN_BELOW = 600;

export class Scene {
  /**
   * @param {HTMLElement} root
   * @param {Store} store
   */
  constructor(root, store) {
    this.root = root;
    this.store = store;
    const [cards, arcs, chips, clients, links, heads, dots] = layers();
    this.surface = svg(
      'svg',
      { role: 'group', 'aria-label': 'Nodes, replicas and messages' },
      definitions(),
      ...[cards, arcs, chips, clients, links, heads, dots],
    );
    root.append(this.surface);
    this.cards = new Cards(cards, links, heads);
    this.chips = new Chips(chips);
    this.clients = new Clients(clients);
    this.messages = new Messages(arcs, dots);
    /** @type {Geometry | null} */
    this.geometry = null;
    /** @type {unknown[]} */
    this.seen = [];
    /** @type {Geometry | null} */
    this.laidOut = null;
    root.addEventListener('scroll', () => {
      const { scrollLeft, scrollTop } = root;
      root.classList.toggle('scrolled', scrollLeft + scrollTop > 0);
      root.style.setProperty('--scroll-x', `${scrollLeft}px`);
      root.style.setProperty('--scroll-y', `${scrollTop}px`);
      this.seen = [];
      this.messages.forget();
      store.changed();
    });
    this.shape = '';
    this.size = { width: 0, height: 0 };
    new ResizeObserver(([entry]) => this.#resize(entry)).observe(root);
    this.surface.addEventListener('click', (event) => this.#pick(event.target));
  }

  /** @param {State} state */
  update(state) {
    const { view } = state;
    if (!view || this.size.width === 0 || (state.still && state.playing)) return;
    const geometry = this.#fit(view);
    const still = !state.playing;
    this.root.classList.toggle('paused', still);
    this.root.classList.toggle('arrows', still || state.calm);
    const inSight = this.#inSight(geometry);
    const seen = [view, geometry, state.selection];
    // Only what travels moves between two views.
    if (seen.some((item, i) => item !== this.seen[i])) {
      this.seen = seen;
      this.cards.update(view, geometry, state.selection);
      this.chips.update(view, geometry, state.selection, inSight);
      this.clients.update(view, geometry, state.selection);
    }
    this.messages.update(state, view, geometry, inSight);
  }

  /**
   * @param {View} view
   * @returns {Geometry}
   */
  #fit(view) {
    const { width, height } = this.size;
    const turned = width < TURN_BELOW;
    const counts = [view.nodes.length, view.shards.length, view.clients.length];
    const shape = [width, height, turned, ...counts].join();
    if (this.geometry && shape === this.shape) return this.geometry;
    const [nodes = 0, shards = 0, clients = 0] = counts;
    // Positions ease when a shard comes or goes; a change of size is no news.
    const resized = this.geometry?.size.width !== width || this.geometry?.size.height !== height;
    this.root.classList.toggle('no-ease', resized);
    this.shape = shape;
    this.geometry = new Geometry({ width, height, turned, nodes, shards, clients });
    const [wide, tall] = [Math.round(this.geometry.width), Math.round(this.geometry.height)];
    this.surface.setAttribute('viewBox', `0 0 ${wide} ${tall}`);
    this.surface.setAttribute('width', String(wide));
    this.surface.setAttribute('height', String(tall));
    this.root.classList.toggle('turned', turned);
    this.root.classList.toggle('roomy', this.geometry.roomy);
    return this.geometry;
  }

  /**
   * Which shards can be seen, of many; after a change of size all are drawn once.
   * @param {Geometry} geometry
   * @returns {(row: number) => boolean}
   */
  #inSight(geometry) {
    const { width, height } = this.size;
    const fits = geometry.turned ? geometry.width <= width : geometry.height <= height;
    if (fits || geometry !== this.laidOut) {
      this.laidOut = geometry;
      return () => true;
    }
    // One more on either side, so that none comes into sight empty.
    const { scrollLeft, scrollTop } = this.root;
    return (shard) => {
      const { x, y, w, h } = geometry.label(shard);
      return geometry.turned
        ? x + w > scrollLeft - geometry.colW && x < scrollLeft + width + geometry.colW
        : y + h > scrollTop - geometry.rowH && y < scrollTop + height + geometry.rowH;
    };
  }

  /** @param {ResizeObserverEntry | undefined} entry */
  #resize(entry) {
    if (!entry) return;
    this.size = {
      width: Math.floor(entry.contentRect.width),
      height: Math.floor(entry.contentRect.height),
    };
    this.store.changed();
  }

  /** @param {EventTarget | null} target */
  #pick(target) {
    const picked = target instanceof Element ? target.closest('[data-pick]') : null;
    const pick = picked?.getAttribute('data-pick');
    const { view } = this.store.state;
    if (pick && view) this.store.set(selected(view, pick));
  }
}

/** What is drawn, each above those before it. */
function layers() {
  const layer = (/** @type {string} */ name) => svg('g', { class: `layer-${name}` });
  return /** @type {const} */ ([
    layer('cards'),
    layer('arcs'),
    layer('chips'),
    layer('clients'),
    layer('links'),
    layer('heads'),
    layer('dots'),
  ]);
}

/** Shapes that are referred to: the hatch of a node that is down, the disc that a learner fills. */
function definitions() {
  const hatch = svg('pattern', {
    id: 'hatch',
    width: 7,
    height: 7,
    patternUnits: 'userSpaceOnUse',
    patternTransform: 'rotate(45)',
  });
  hatch.append(svg('path', { d: 'M0 0V7', class: 'hatch' }));
  const disc = svg('clipPath', { id: 'disc' }, svg('circle', { r: 1 }));
  return svg('defs', {}, hatch, disc);
}
