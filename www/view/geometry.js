// Where everything in the scene stands, for a size, a number of nodes, shards and clients. Pure: numbers in, numbers out.
// Upright, a column is a node and a row is a shard; on a phone it is turned on its side. Used by the parts of the scene.

/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ x: number, y: number, w: number, h: number }} Box */
/** @typedef {{ from: Point, bend: Point, to: Point }} Curve */
/** @typedef {{ width: number, height: number, turned: boolean, nodes: number, shards: number, clients: number }} Size */

const HEAD = 34;
const CLIENT_H = 46;
/** Between nodes and clients: room for what travels there. */
const CHANNEL = 40;
/** Rows are no lower than this; of more than a few shards each row is condensed, and the scene scrolls. */
const ROW_MIN = 60;
const ROW_CONDENSED = 44;
const ROWS_ROOMY = 6;
/** Turned, a shard is no narrower than `column`: of more than a few the scene scrolls sideways. */
const TURNED = { head: 52, top: 40, row: 72, gap: 8, lane: 30, edge: 22, client: 48, column: 132 };
/** A client narrower than this says less; with more than a few, they stand in two columns on a phone. */
const CLIENT_ROOMY = 168;
const CLIENTS_IN_A_COLUMN = 3;

export class Geometry {
  /** @param {Size} size */
  constructor(size) {
    const { nodes, shards, turned } = size;
    // Half a stroke on either side.
    const width = size.width - 1;
    this.size = size;
    this.turned = turned;
    this.roomy = !turned && width >= 900;
    this.gutter = turned ? TURNED.head : this.roomy ? 84 : 74;
    this.gap = turned ? TURNED.gap : this.roomy ? 14 : 8;
    this.rows = Math.max(1, shards);
    if (turned) {
      this.height = this.#turnedHeight();
      const { head, edge, column } = TURNED;
      this.colW = Math.max(column, (width - head - edge) / this.rows);
      this.width = Math.max(size.width, head + this.rows * this.colW + edge);
      this.rowH = TURNED.row;
      this.chipW = Math.min(this.colW - TURNED.lane - 4, 190);
      this.chipH = TURNED.row - 14;
    } else {
      this.width = size.width;
      const least = this.rows > ROWS_ROOMY ? ROW_CONDENSED : ROW_MIN;
      this.height = Math.max(size.height, HEAD + this.rows * least + CHANNEL + CLIENT_H);
      this.colW = (width - this.gutter - this.gap * (nodes - 1)) / nodes;
      this.rowH = (this.cardH - HEAD) / this.rows;
      this.chipW = this.colW - 12;
      this.chipH = Math.min(74, Math.max(26, this.rowH * 0.56));
    }
    this.disc = Math.max(7, Math.min(21, this.chipH / 2 - 7, this.chipW / 7));
    /** From a chip's edge to its disc's rim, and from there to the text. */
    this.inset = this.roomy ? 11 : 7;
    this.lane = this.turned ? TURNED.lane : Math.min(88, this.rowH - this.chipH - 6);
  }

  /** Height of a node's card, upright. */
  get cardH() {
    return this.height - CHANNEL - CLIENT_H;
  }

  #turnedHeight() {
    const { top, row, gap, client } = TURNED;
    const lines = Math.ceil((this.size.clients + 1) / this.clientColumns);
    return top + this.size.nodes * (row + gap) + 10 + lines * (client + gap);
  }

  /** How many clients stand side by side on a phone. */
  get clientColumns() {
    return this.size.clients > CLIENTS_IN_A_COLUMN ? 2 : 1;
  }

  /** Whether clients have too little room for their whole names. */
  get tight() {
    return this.client(0).w < CLIENT_ROOMY;
  }

  /**
   * @param {number} node from 0 on
   * @returns {Box}
   */
  card(node) {
    if (this.turned) {
      const y = TURNED.top + node * (this.rowH + this.gap);
      return { x: 0, y, w: this.width - TURNED.edge, h: this.rowH };
    }
    const x = this.gutter + node * (this.colW + this.gap);
    return { x, y: 0.5, w: this.colW, h: this.cardH };
  }

  /**
   * The part of a card that names the node.
   * @param {number} node
   * @returns {Box}
   */
  head(node) {
    const card = this.card(node);
    return this.turned ? { ...card, w: TURNED.head } : { ...card, h: HEAD };
  }

  /**
   * Where a replica's chip stands: its left upper corner.
   * @param {number} node
   * @param {number} shard
   * @returns {Point}
   */
  chip(node, shard) {
    const card = this.card(node);
    if (this.turned) {
      const x = TURNED.head + shard * this.colW + TURNED.lane;
      return { x, y: card.y + (card.h - this.chipH) / 2 };
    }
    const top = Math.max(this.lane + 4, (this.rowH - this.chipH) / 2);
    return { x: card.x + 6, y: HEAD + shard * this.rowH + top };
  }

  /**
   * Where a shard's name stands.
   * @param {number} shard
   * @returns {Box}
   */
  label(shard) {
    if (this.turned)
      return { x: TURNED.head + shard * this.colW + TURNED.lane, y: 0, w: this.chipW, h: 34 };
    return { x: 0, y: this.chip(0, shard).y, w: this.gutter - 10, h: this.chipH };
  }

  /**
   * @param {number} client from 0 on; the last is placement
   * @returns {Box}
   */
  client(client) {
    const { width, height, clients } = this.size;
    const all = clients + 1;
    if (this.turned) {
      const columns = this.clientColumns;
      const lines = Math.ceil(all / columns) - Math.floor(client / columns);
      const y = this.height - lines * (TURNED.client + this.gap) + this.gap;
      const w = (width - TURNED.edge - this.gap * (columns - 1)) / columns;
      return { x: (client % columns) * (w + this.gap), y, w, h: TURNED.client };
    }
    const gap = this.roomy && all <= CLIENTS_IN_A_COLUMN + 1 ? 16 : 8;
    const left = this.roomy ? this.gutter : 0;
    const w = (width - left - gap * (all - 1)) / all;
    const y = Math.max(height, this.height) - CLIENT_H - 0.5;
    return { x: left + client * (w + gap), y, w, h: CLIENT_H };
  }

  /**
   * The middle of a replica's disc.
   * @param {number} node
   * @param {number} shard
   * @returns {Point}
   */
  badge(node, shard) {
    const chip = this.chip(node, shard);
    return { x: chip.x + this.disc + this.inset, y: chip.y + this.chipH / 2 };
  }

  /**
   * The way of a message between two nodes, in its shard's lane.
   * @param {number} a node
   * @param {number} b node
   * @param {number} shard
   * @returns {Curve}
   */
  hop(a, b, shard) {
    const from = this.badge(a, shard);
    const to = this.badge(b, shard);
    const far = this.size.nodes > 2 ? (Math.abs(a - b) - 1) / (this.size.nodes - 2) : 0;
    // There and back keep apart, so that two dots never hide each other.
    const rise = (this.lane - (this.turned ? 12 : 20)) * (0.55 + 0.45 * far) * (a < b ? 1 : 0.72);
    if (this.turned) {
      const x = this.chip(a, shard).x - 5;
      return {
        from: { x, y: from.y },
        bend: { x: x - rise * 2, y: (from.y + to.y) / 2 },
        to: { x, y: to.y },
      };
    }
    const y = this.chip(a, shard).y - 6;
    return {
      from: { x: from.x, y },
      bend: { x: (from.x + to.x) / 2, y: y - rise * 2 },
      to: { x: to.x, y },
    };
  }

  /**
   * The way of a message between a client and a node, as it goes up.
   * @param {number} client
   * @param {number} node
   * @returns {Curve}
   */
  call(client, node) {
    const pill = this.client(client);
    const card = this.card(node);
    if (this.turned) {
      const x = this.size.width - TURNED.edge;
      const from = { x: pill.x + pill.w, y: pill.y + pill.h / 2 };
      const to = { x, y: card.y + card.h / 2 };
      return { from, bend: { x: x + TURNED.edge + 2, y: (from.y + to.y) / 2 }, to };
    }
    const from = { x: pill.x + pill.w / 2, y: pill.y - 2 };
    const side = (client - (this.size.clients - 1) / 2) * Math.min(26, this.colW / 8);
    const to = { x: card.x + card.w / 2 + side, y: card.y + card.h + 2 };
    return { from, bend: { x: (from.x + 2 * to.x) / 3, y: (from.y + to.y) / 2 + 6 }, to };
  }

  /**
   * The way of a message between a client and placement.
   * @param {number} a client
   * @param {number} b client
   * @returns {Curve}
   */
  ask(a, b) {
    const [from, to] = [this.client(a), this.client(b)];
    if (this.turned) {
      const x = from.x + from.w;
      const [y1, y2] = [from.y + from.h / 2, to.y + to.h / 2];
      return {
        from: { x, y: y1 },
        bend: { x: x + TURNED.edge, y: (y1 + y2) / 2 },
        to: { x, y: y2 },
      };
    }
    const [x1, x2] = [from.x + from.w / 2, to.x + to.w / 2];
    return {
      from: { x: x1, y: from.y },
      bend: { x: (x1 + x2) / 2, y: from.y - 40 },
      to: { x: x2, y: to.y },
    };
  }
}

/**
 * The point of a curve at a part of its way.
 * @param {Curve} curve
 * @param {number} u 0 to 1
 * @returns {Point}
 */
export function along({ from, bend, to }, u) {
  const v = 1 - u;
  return {
    x: v * v * from.x + 2 * u * v * bend.x + u * u * to.x,
    y: v * v * from.y + 2 * u * v * bend.y + u * u * to.y,
  };
}

/** @param {Curve} curve */
export function pathOf({ from, bend, to }) {
  const n = (/** @type {number} */ value) => value.toFixed(1);
  return `M${n(from.x)} ${n(from.y)}Q${n(bend.x)} ${n(bend.y)} ${n(to.x)} ${n(to.y)}`;
}
