// The faults toolbar: what can be done to the selected node, and, where something cannot, why.

import { buttonById, setReason } from '../dom.js';

/** @import { Session } from '../session.js' */
/** @import { Store } from '../state.js' */
/** @import { Node, State, View } from '../types.d.ts' */

export class Faults {
  /**
   * @param {Store} store
   * @param {Session} session
   */
  constructor(store, session) {
    this.store = store;
    this.session = session;
    this.crash = buttonById('crash');
    this.restart = buttonById('restart');
    this.isolate = buttonById('isolate');
    this.heal = buttonById('heal');
    for (const type of ['crash', 'restart', 'isolate']) {
      buttonById(type).addEventListener('click', () => this.#act(type));
    }
    this.heal.addEventListener('click', () => session.submit({ type: 'heal' }));
  }

  /** @param {State} state */
  update(state) {
    const { view } = state;
    if (!view) return;
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
  }

  /** Crashes the selected node, or starts it again. */
  toggleCrash() {
    const { state } = this.store;
    const node = state.view ? selectedNode(state, state.view) : undefined;
    if (node) this.#act(node.status === 'down' ? 'restart' : 'crash');
  }

  /** @param {string} type */
  #act(type) {
    const { state } = this.store;
    const node = state.view ? selectedNode(state, state.view) : undefined;
    if (node) this.session.submit({ type, node: node.id });
  }
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
