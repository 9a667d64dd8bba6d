// Making and changing elements. Owns the rule that a frame touches only what differs.
// Knows nothing of the simulation. Used by everything under view/ and controls/.

const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {Record<string, string | number | boolean>} Attributes */

/**
 * @template {Element} E
 * @param {E} element
 * @param {Attributes} attributes
 * @param {(Node | string)[]} children
 * @returns {E}
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/**
 * An HTML element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {(Node | string)[]} children
 */
export function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {(Node | string)[]} children
 */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * The element with this id: the page cannot work without it.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element;
}

/**
 * @param {string} id
 */
export function buttonById(id) {
  return /** @type {HTMLButtonElement} */ (byId(id));
}

/**
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | number | null} value null takes it away
 */
export function setAttribute(element, name, value) {
  if (value === null) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, String(value));
  }
}

/**
 * Enables a button, or disables it and says why.
 * @param {HTMLButtonElement} button
 * @param {string} reason '' if it can act
 * @param {string} [title] what it does
 */
export function setReason(button, reason, title = '') {
  if (button.disabled !== (reason !== '')) button.disabled = reason !== '';
  setAttribute(button, 'title', reason || title || null);
}

/**
 * Places an SVG group by CSS, so that it can ease.
 * @param {SVGElement} element
 * @param {number} x
 * @param {number} y
 */
export function place(element, x, y) {
  const value = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  if (element.style.transform !== value) element.style.transform = value;
}

/**
 * A list of things drawn that follows a list of items by key: each is made once, kept and removed, never rebuilt.
 * @template T
 * @template {{ element: Element }} D
 */
export class Keyed {
  /**
   * @param {Element} parent
   * @param {(item: T) => string | number} key
   * @param {(item: T) => D} create
   */
  constructor(parent, key, create) {
    this.parent = parent;
    this.key = key;
    this.create = create;
    /** @type {Map<string | number, D>} */
    this.drawn = new Map();
  }

  /**
   * @param {Iterable<T>} items in the order in which they are to stand
   * @param {(drawn: D, item: T) => void} update
   */
  update(items, update) {
    const gone = new Set(this.drawn.keys());
    /** @type {Element | null} */
    let after = null;
    for (const item of items) {
      const key = this.key(item);
      let drawn = this.drawn.get(key);
      if (drawn === undefined) {
        drawn = this.create(item);
        this.drawn.set(key, drawn);
      }
      gone.delete(key);
      const { element } = drawn;
      /** @type {Element | null} */
      const next = after === null ? this.parent.firstElementChild : after.nextElementSibling;
      if (next !== element) this.parent.insertBefore(element, next);
      after = element;
      update(drawn, item);
    }
    for (const key of gone) {
      this.drawn.get(key)?.element.remove();
      this.drawn.delete(key);
    }
  }
}

/**
 * A rectangle's place and size.
 * @param {SVGElement} rect
 * @param {{ x: number, y: number, w: number, h: number }} box
 */
export function setBox(rect, { x, y, w, h }) {
  for (const [name, value] of Object.entries({ x, y, width: w, height: h })) {
    setAttribute(rect, name, value.toFixed(1));
  }
}

/**
 * Where an SVG text begins.
 * @param {SVGElement} text
 * @param {number} x
 * @param {number} y
 */
export function spot(text, x, y) {
  setAttribute(text, 'x', x.toFixed(1));
  setAttribute(text, 'y', y.toFixed(1));
}
