// Keys: single ones for the whole page, and the arrows' way through the cluster while the focus is in it.

import { buttonById, byId } from '../dom.js';

/** @import { Session } from '../session.js' */

/** How much more straying sideways counts than going ahead: what stands in line comes before what is near. */
const STRAY = 6;
/** Keys in these belong to them. */
const OWN_KEYS = 'input, textarea, select, [contenteditable]';

/**
 * @param {Session} session
 * @param {{
 *   captions: { move(by: 1 | -1): void },
 *   faults: { toggleCrash(): void },
 *   script: HTMLDialogElement,
 *   gallery: { open(): void },
 * }} parts
 */
export function wireKeyboard(session, { captions, faults, script, gallery }) {
  const help = /** @type {HTMLDialogElement} */ (byId('help-dialog'));
  const lettersOn = /** @type {HTMLInputElement} */ (byId('keys-on'));
  buttonById('help').addEventListener('click', () => help.showModal());
  /** @type {Record<string, () => unknown>} */
  const actions = {
    ' ': () => session.toggle(),
    ArrowRight: () => session.step(1),
    ArrowLeft: () => session.step(-1),
    n: () => captions.move(1),
    p: () => captions.move(-1),
    k: () => faults.toggleCrash(),
    f: () => script.showModal(),
    g: () => gallery.open(),
    '?': () => help.showModal(),
  };
  for (const phase of [1, 2, 3, 4]) actions[phase] = () => session.runTo(phase);
  document.addEventListener('keydown', (event) => {
    const { target, key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (
      !(target instanceof Element) ||
      target.closest(OWN_KEYS) ||
      document.querySelector('dialog[open]')
    )
      return;
    if (key.startsWith('Arrow') && target.closest('.scroll, [role="toolbar"], [role="tablist"]'))
      return;
    if (key === ' ' && target.closest('button, [role="button"]')) return;
    if (key.length === 1 && key !== ' ' && !lettersOn.checked) return;
    const action = actions[key.length === 1 ? key.toLowerCase() : key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/**
 * One tab stop for the whole scene; inside it the arrows go from node to node, down to its replicas, and from the last of
 * them to the clients and the messages.
 * @param {HTMLElement} scene
 */
export function wireRoving(scene) {
  const focusable = () =>
    /** @type {SVGGElement[]} */ ([...scene.querySelectorAll('[data-pick][role]')]);
  const stop = (/** @type {Element} */ element) => {
    for (const other of scene.querySelectorAll('[tabindex="0"]'))
      other.setAttribute('tabindex', '-1');
    element.setAttribute('tabindex', '0');
  };
  scene.addEventListener('focusin', (event) => {
    if (event.target instanceof Element && event.target.hasAttribute('data-pick'))
      stop(event.target);
  });
  scene.addEventListener('keydown', (event) => {
    const from = /** @type {SVGGElement | null} */ (event.target);
    if (!from?.hasAttribute('data-pick')) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      from.dispatchEvent(new MouseEvent('click', { bubbles: true }));
      return;
    }
    if (!event.key.startsWith('Arrow')) return;
    event.preventDefault();
    nearest(from, focusable(), event.key, !scene.classList.contains('paused'))?.focus();
  });
  return {
    /** Keeps exactly one way in, also after what had the focus is gone. */
    update() {
      if (scene.querySelector('[tabindex="0"]')) return;
      scene.querySelector('[data-pick^="node:"]')?.setAttribute('tabindex', '0');
    },
  };
}

/**
 * The next element in a direction: the nearest, where straying sideways counts for more.
 * @param {Element} from
 * @param {SVGGElement[]} all
 * @param {string} key
 * @param {boolean} moving whether messages are under way, and no place to stop at
 */
function nearest(from, all, key, moving) {
  const middle = (/** @type {Element} */ element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  };
  const here = middle(from);
  const dx = key === 'ArrowLeft' ? -1 : key === 'ArrowRight' ? 1 : 0;
  const dy = key === 'ArrowUp' ? -1 : key === 'ArrowDown' ? 1 : 0;
  let best;
  let least = Number.POSITIVE_INFINITY;
  for (const element of all) {
    if (element === from || (moving && element.classList.contains('dot'))) continue;
    const { x, y } = middle(element);
    const ahead = (x - here.x) * dx + (y - here.y) * dy;
    const aside = Math.abs((x - here.x) * dy) + Math.abs((y - here.y) * dx);
    const cost = ahead + STRAY * aside;
    if (ahead > 4 && cost < least) {
      least = cost;
      best = element;
    }
  }
  return best;
}
