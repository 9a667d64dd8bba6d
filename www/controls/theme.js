// Light or dark: as the system says, until the user switches.

import { buttonById } from '../dom.js';
import { remember, remembered } from '../memory.js';

/** @import { Store } from '../state.js' */

const KEY = 'shardscope-theme';

/** @param {Store} store */
export function wireTheme(store) {
  const button = buttonById('theme');
  const system = matchMedia('(prefers-color-scheme: dark)');
  const kept = remembered(KEY);
  if (kept === 'light' || kept === 'dark') document.documentElement.dataset.theme = kept;
  const dark = () =>
    (document.documentElement.dataset.theme ?? (system.matches ? 'dark' : 'light')) === 'dark';
  const show = () => {
    button.setAttribute('aria-pressed', String(dark()));
    // All that is drawn on a canvas is drawn anew.
    if (store.state.view) store.set({ view: { ...store.state.view } });
  };
  button.addEventListener('click', () => {
    const next = dark() ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    remember(KEY, next);
    show();
  });
  system.addEventListener('change', show);
  show();
}
