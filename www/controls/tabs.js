// The tabs below the scene: logs, numbers, the trace as text.

import { buttonById, byId, setAttribute } from '../dom.js';

/** @import { Store } from '../state.js' */
/** @import { State } from '../types.d.ts' */

/** @type {[State['tab'], string][]} */
const TABS = [
  ['log', 'strips'],
  ['numbers', 'numbers'],
  ['text', 'text'],
];

/** @param {Store} store */
export function wireTabs(store) {
  const buttons = TABS.map(([tab]) => buttonById(`tab-${tab}`));
  const panels = TABS.map(([, panel]) => byId(panel));
  buttons.forEach((button, i) => {
    const tab = TABS[i]?.[0] ?? 'log';
    button.addEventListener('click', () => store.set({ tab }));
    button.addEventListener('keydown', (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      const to = buttons[(i + by + buttons.length) % buttons.length];
      to?.focus();
      to?.click();
    });
  });
  return {
    /** @param {State} state */
    update({ tab }) {
      TABS.forEach(([name], i) => {
        const [button, panel] = [buttons[i], panels[i]];
        if (!button || !panel) return;
        setAttribute(button, 'aria-selected', String(name === tab));
        setAttribute(button, 'tabindex', name === tab ? null : -1);
        if (panel.hidden !== (name !== tab)) panel.hidden = name !== tab;
      });
    },
  };
}
