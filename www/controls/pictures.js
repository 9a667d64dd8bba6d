// Pictures to take away: the scene and the timeline as SVG or PNG, the trace as text. Colours are computed in, for a picture
// stands alone.

import { traceText } from '../view/text.js';

/** @import { Store } from '../state.js' */

/** What a drawing takes from the style sheets. */
const STYLES = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'opacity',
  'paint-order',
  'visibility',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'transform',
];
/** Pixels of a PNG for one of the page's: sharp on paper and on a projector. */
const SCALE = 2;

/** @param {Store} store */
export function wirePictures(store) {
  document.addEventListener('click', async (event) => {
    const button = event.target instanceof Element ? event.target.closest('[data-export]') : null;
    const [what = '', form = ''] = button?.getAttribute('data-export')?.split(' ') ?? [];
    if (!what) return;
    const time = Math.round((store.state.view?.timeNs ?? 0) / 1e6);
    const name = `shardscope-${what}-${time}ms.${form}`;
    if (what === 'trace') return save(new Blob([traceText(store.state)]), name);
    const drawing = document.querySelector(what === 'scene' ? '#scene svg' : '#history');
    if (!(drawing instanceof SVGSVGElement)) return;
    const picture = standalone(drawing);
    save(form === 'png' ? await png(picture) : new Blob([picture.text]), name);
  });
}

/**
 * A drawing as text that needs no style sheet.
 * @param {SVGSVGElement} drawing
 */
export function standalone(drawing) {
  const copy = /** @type {SVGSVGElement} */ (drawing.cloneNode(true));
  const { width, height } = drawing.getBoundingClientRect();
  const from = [...drawing.querySelectorAll('*')];
  [...copy.querySelectorAll('*')].forEach((element, i) => {
    const original = from[i];
    if (!original || element.tagName === 'title') return;
    const style = getComputedStyle(original);
    for (const name of STYLES) {
      const value = style.getPropertyValue(name);
      if (value && !(name === 'transform' && value === 'none'))
        /** @type {SVGElement} */ (element).style.setProperty(name, value);
    }
    for (const name of ['data-pick', 'tabindex', 'class', 'role']) element.removeAttribute(name);
  });
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(Math.ceil(width)));
  copy.setAttribute('height', String(Math.ceil(height)));
  const paper = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  paper.setAttribute('width', '100%');
  paper.setAttribute('height', '100%');
  paper.style.fill = getComputedStyle(document.body).backgroundColor;
  copy.prepend(paper);
  return { text: new XMLSerializer().serializeToString(copy), width, height };
}

/**
 * @param {{ text: string, width: number, height: number }} picture
 * @returns {Promise<Blob>}
 */
async function png({ text, width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.ceil(width * SCALE);
  canvas.height = Math.ceil(height * SCALE);
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  return /** @type {Blob} */ (blob);
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
