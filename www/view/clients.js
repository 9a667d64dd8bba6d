// The clients and what they believe: range → shard @ epoch → leader. A belief that is behind is marked. Placement stands
// beside them, with what it is doing.

import { Keyed, place, setAttribute, setBox, setText, spot, svg } from '../dom.js';
import { hue, shortShard } from '../format.js';

/** @import { Client, Route, Selection, View } from '../types.d.ts' */
/** @import { Geometry } from './geometry.js' */

/** How long a repair stays in sight, in virtual time. */
const REPAIR_SHOWN_NS = 150e6;
/** A character of the small monospaced text, in pixels: with room, and without. */
const CHARACTER = 6.7;
const CHARACTER_TIGHT = 5.9;

export class Clients {
  /** @param {SVGGElement} root */
  constructor(root) {
    const pills = svg('g');
    this.pills = new Keyed(
      pills,
      (/** @type {Client} */ client) => client.id,
      (client) => new Pill(client),
    );
    this.placement = new PlacementPill();
    root.append(pills, this.placement.element);
  }

  /**
   * @param {View} view
   * @param {Geometry} geometry
   * @param {Selection} selection
   */
  update(view, geometry, selection) {
    this.pills.update(view.clients, (pill, client) => {
      const chosen = selection.kind === 'client' && selection.id === client.id;
      pill.draw(client, view, geometry, chosen);
    });
    this.placement.draw(view, geometry, selection.kind === 'placement');
  }
}

class Pill {
  /** @param {Client} client */
  constructor(client) {
    this.back = svg('rect', { class: 'back', x: 0, y: 0 });
    this.name = svg('text', { class: 'name' });
    this.pending = svg('text', { class: 'pending' });
    this.belief = svg('text', { class: 'belief' });
    this.routes = new Keyed(
      this.belief,
      (/** @type {Route} */ route) => route.first,
      () => ({ element: svg('tspan') }),
    );
    this.element = svg('g', { role: 'button', tabindex: -1, 'data-pick': `client:${client.id}` });
    this.element.append(this.back, this.name, this.pending, this.belief);
    /** @type {Geometry | null} */
    this.fitted = null;
  }

  /**
   * @param {Client} client
   * @param {View} view
   * @param {Geometry} geometry
   * @param {boolean} chosen
   */
  draw(client, view, geometry, chosen) {
    const { x, y, w, h } = geometry.client(client.id - 1);
    if (this.fitted !== geometry) {
      this.fitted = geometry;
      place(this.element, x, y);
      setBox(this.back, { x: 0, y: 0, w, h });
      const { tight } = geometry;
      this.back.setAttribute('rx', String(tight ? 10 : h / 2));
      const inset = insetOf(geometry);
      setText(this.name, tight ? `c${client.id}` : `client ${client.id}`);
      spot(this.name, inset, h / 2 - 4);
      spot(this.pending, w - inset, h / 2 - 4);
      spot(this.belief, inset, h / 2 + 13);
    }
    const { tight } = geometry;
    setAttribute(this.element, 'class', `client${tight ? ' tight' : ''}${chosen ? ' chosen' : ''}`);
    setAttribute(this.element, 'aria-label', `client ${client.id}`);
    setAttribute(this.element, 'aria-pressed', String(chosen));
    const again = client.attempts > 1 && w > 112 ? ` ×${client.attempts}` : '';
    setText(this.pending, client.pending ? client.pending + again : 'idle');
    this.#believe(client, view, w - 2 * insetOf(geometry), tight ? CHARACTER_TIGHT : CHARACTER);
  }

  /**
   * @param {Client} client
   * @param {View} view
   * @param {number} room in pixels
   * @param {number} character its width in pixels
   */
  #believe(client, view, room, character) {
    const names = new Map(view.shards.map((shard) => [shard.id, shortShard(shard.name)]));
    const fresh = client.lastRepairNs !== null && client.lastRepairNs < REPAIR_SHOWN_NS;
    let left = room;
    /** @type {Route[]} */
    const shown = [];
    for (const route of client.routes) {
      left -= 6 * character;
      if (left < 0) break;
      left -= character;
      shown.push(route);
    }
    this.routes.update(shown, ({ element }, route) => {
      const state = route.stale ? ' stale' : fresh ? ' repaired' : '';
      setAttribute(element, 'class', `${hue(route.shard)}${state}`);
      setAttribute(element, 'dx', route === shown[0] ? 0 : character);
      const leader = route.leader === null ? '?' : `n${route.leader}`;
      setText(
        element,
        `${names.get(route.shard) ?? route.shard}@${route.version}→${leader}${route.stale ? '?' : ''}`,
      );
    });
    setAttribute(this.belief, 'data-empty', client.routes.length === 0 ? '' : null);
  }
}

/** @param {Geometry} geometry */
function insetOf(geometry) {
  if (geometry.tight) return geometry.client(0).w < 112 ? 8 : 12;
  return geometry.roomy ? 22 : 18;
}

class PlacementPill {
  constructor() {
    this.back = svg('rect', { class: 'back', x: 0, y: 0, rx: 8 });
    this.name = svg('text', { class: 'name' }, 'placement');
    this.note = svg('text', { class: 'belief' });
    this.title = svg('title');
    this.element = svg(
      'g',
      { role: 'button', tabindex: -1, 'data-pick': 'placement:0' },
      this.title,
      this.back,
      this.name,
      this.note,
    );
  }

  /**
   * @param {View} view
   * @param {Geometry} geometry
   * @param {boolean} chosen
   */
  draw(view, geometry, chosen) {
    const { x, y, w, h } = geometry.client(view.clients.length);
    const look = `client scheduler${view.placementDown ? ' down' : ''}${chosen ? ' chosen' : ''}`;
    setAttribute(this.element, 'class', look);
    setAttribute(this.element, 'aria-label', `placement, ${view.placementDown ? 'down' : 'up'}`);
    setAttribute(this.element, 'aria-pressed', String(chosen));
    place(this.element, x, y);
    setBox(this.back, { x: 0, y: 0, w, h });
    const inset = Math.min(16, insetOf(geometry));
    spot(this.name, inset, h / 2 - 4);
    spot(this.note, inset, h / 2 + 13);
    const note = view.placementDown ? 'down' : view.placementNote || 'at rest';
    const room = Math.floor((w - 2 * inset) / 5.9);
    setText(this.note, note.length > room ? `${note.slice(0, room - 1).trimEnd()}…` : note);
    setText(this.title, `placement: ${note}`);
  }
}
