// The clients and what they believe: range → shard @ epoch → leader. A belief that is behind is marked. Placement stands
// beside them, with what it is doing.

import { Keyed, place, setAttribute, setBox, setText, spot, svg } from '../dom.js';
import { hue, shortShard } from '../format.js';

/** @import { Client, Route, Selection, View } from '../types.d.ts' */
/** @import { Geometry } from './geometry.js' */

/** How long a repair stays in sight, in virtual time. */
const REPAIR_SHOWN_NS = 150e6;
/** A character of the small monospaced text, in pixels. */
const CHARACTER = 6.7;

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
    this.placement.draw(view, geometry);
  }
}

class Pill {
  /** @param {Client} client */
  constructor(client) {
    this.back = svg('rect', { class: 'back', x: 0, y: 0 });
    this.name = svg('text', { class: 'name' }, `client ${client.id}`);
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
      this.back.setAttribute('rx', String(h / 2));
      const inset = geometry.roomy ? 22 : 18;
      spot(this.name, inset, h / 2 - 4);
      spot(this.pending, w - inset, h / 2 - 4);
      spot(this.belief, inset, h / 2 + 13);
    }
    setAttribute(this.element, 'class', `client${chosen ? ' chosen' : ''}`);
    setAttribute(this.element, 'aria-label', `client ${client.id}`);
    setAttribute(this.element, 'aria-pressed', String(chosen));
    const again = client.attempts > 1 ? ` ×${client.attempts}` : '';
    setText(this.pending, client.pending ? client.pending + again : 'idle');
    this.#believe(client, view, w - 44);
  }

  /**
   * @param {Client} client
   * @param {View} view
   * @param {number} room in pixels
   */
  #believe(client, view, room) {
    const names = new Map(view.shards.map((shard) => [shard.id, shortShard(shard.name)]));
    const fresh = client.lastRepairNs !== null && client.lastRepairNs < REPAIR_SHOWN_NS;
    let left = room;
    /** @type {Route[]} */
    const shown = [];
    for (const route of client.routes) {
      left -= 8 * CHARACTER;
      if (left < 0) break;
      shown.push(route);
    }
    this.routes.update(shown, ({ element }, route) => {
      const state = route.stale ? ' stale' : fresh ? ' repaired' : '';
      setAttribute(element, 'class', `${hue(route.shard)}${state}`);
      setAttribute(element, 'dx', route === shown[0] ? 0 : CHARACTER * 1.5);
      const leader = route.leader === null ? '?' : `n${route.leader}`;
      setText(
        element,
        `${names.get(route.shard) ?? route.shard}@${route.version}→${leader}${route.stale ? '?' : ''}`,
      );
    });
    setAttribute(this.belief, 'data-empty', client.routes.length === 0 ? '' : null);
  }
}

class PlacementPill {
  constructor() {
    this.back = svg('rect', { class: 'back', x: 0, y: 0, rx: 8 });
    this.name = svg('text', { class: 'name' }, 'placement');
    this.note = svg('text', { class: 'belief' });
    this.title = svg('title');
    this.element = svg(
      'g',
      { class: 'client scheduler' },
      this.title,
      this.back,
      this.name,
      this.note,
    );
  }

  /**
   * @param {View} view
   * @param {Geometry} geometry
   */
  draw(view, geometry) {
    const { x, y, w, h } = geometry.client(view.clients.length);
    place(this.element, x, y);
    setBox(this.back, { x: 0, y: 0, w, h });
    spot(this.name, 16, h / 2 - 4);
    spot(this.note, 16, h / 2 + 13);
    const note = view.placementNote || 'at rest';
    const room = Math.floor((w - 30) / 5.9);
    setText(this.note, note.length > room ? `${note.slice(0, room - 1).trimEnd()}…` : note);
    setText(this.title, `placement: ${note}`);
  }
}
