// The toolbar: what can be done to what is selected, and, where something cannot, why.

import { buttonById, byId, html, Keyed, setReason, setText } from '../dom.js';
import { nameOf } from '../selection.js';
import { ACTS } from './acts.js';

/** @import { Session } from '../session.js' */
/** @import { Store } from '../state.js' */
/** @import { Node, State, View } from '../types.d.ts' */
/** @import { Act } from './acts.js' */

export class Faults {
  /**
   * @param {Store} store
   * @param {Session} session
   */
  constructor(store, session) {
    this.store = store;
    this.session = session;
    this.name = byId('acts-on');
    this.crash = buttonById('crash');
    this.restart = buttonById('restart');
    this.isolate = buttonById('isolate');
    this.heal = buttonById('heal');
    for (const type of ['crash', 'restart', 'isolate']) {
      buttonById(type).addEventListener('click', () => this.#act(type));
    }
    this.heal.addEventListener('click', () => session.submit({ type: 'heal' }));
    this.more = new Keyed(
      byId('more'),
      (/** @type {Act} */ act) => act.id,
      (act) => this.#button(act),
    );
    wireToolbar(byId('faults'));
  }

  /** @param {State} state */
  update(state) {
    const { view, selection, commands } = state;
    if (!view) return;
    setText(this.name, nameOf(view, selection));
    const node = selectedNode(state, view);
    const none = node ? '' : 'Select a node first';
    const name = node?.name ?? '';
    const down = node?.status === 'down';
    setReason(
      this.crash,
      none || (down ? `${name} is down already` : ''),
      `Stop ${name} at once: what its disk has not flushed is lost (K)`,
    );
    setReason(
      this.restart,
      none || (down ? '' : `${name} is not down`),
      `Start ${name} again from its disk (K)`,
    );
    setReason(
      this.isolate,
      none || (node?.isolated ? `${name} is isolated already` : ''),
      `Cut every link to and from ${name}`,
    );
    setReason(
      this.heal,
      view.links.length > 0 ? '' : 'Every link is clean',
      'Make every link clean again',
    );
    const known = ACTS[selection.kind].filter((act) => !act.needs || commands.includes(act.needs));
    this.more.update(known, ({ element }, act) => {
      const { label, title, reason } = act.deed(view, selection);
      setText(element, label);
      setReason(element, reason?.(view, selection) ?? '', title);
    });
  }

  /** Crashes the selected node, or starts it again. */
  toggleCrash() {
    const { state } = this.store;
    const node = state.view ? selectedNode(state, state.view) : undefined;
    if (node) this.#act(node.status === 'down' ? 'restart' : 'crash');
  }

  /** @param {Act} act */
  #button(act) {
    const element = html('button', { type: 'button' });
    element.addEventListener('click', () => {
      const { view, selection } = this.store.state;
      if (view) this.session.submit(act.deed(view, selection).command(view, selection));
    });
    return { element };
  }

  /** @param {string} type */
  #act(type) {
    const { state } = this.store;
    const node = state.view ? selectedNode(state, state.view) : undefined;
    if (node) this.session.submit({ type, node: node.id });
  }
}

/**
 * Left and right go through a toolbar's buttons, beside Tab.
 * @param {HTMLElement} toolbar
 */
function wireToolbar(toolbar) {
  toolbar.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined || !(event.target instanceof HTMLButtonElement)) return;
    event.preventDefault();
    const buttons = [...toolbar.querySelectorAll('button')].filter((button) => !button.disabled);
    const at = buttons.indexOf(event.target);
    buttons[(at + by + buttons.length) % buttons.length]?.focus();
  });
}

/**
 * The node that is meant: the selected one, or that of the selected replica, or of the selected shard's leader.
 * @param {State} state
 * @param {View} view
 * @returns {Node | undefined}
 */
function selectedNode({ selection }, view) {
  return view.nodes.find((node) => node.id === selection.node);
}
