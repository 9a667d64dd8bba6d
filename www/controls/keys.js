// The key that is meant: a slider over the key space, and what can be done with that key.

import { byId, html, setAttribute, setReason, setText } from '../dom.js';

/** @import { Session } from '../session.js' */
/** @import { Store } from '../state.js' */
/** @import { Command, State, View } from '../types.d.ts' */

/** The acts: label, what it does, and the command for a key. */
/** @type {[string, string, (key: number, view: View) => Command][]} */
const ACTS = [
  [
    'Split here',
    'Cut the shard so that this is the first key of the new one',
    (key, view) => ({ type: 'split', shard: shardAt(key, view)?.id ?? 0, key }),
  ],
  [
    'Write',
    'Client 1 writes the number of this step to the key',
    (key, view) => ({ type: 'write', key, value: view.steps }),
  ],
  ['Read', 'Client 1 reads the key', (key) => ({ type: 'read', key })],
  ['Delete', 'Client 1 deletes the key', (key) => ({ type: 'delete', key })],
];
/** The acts that an engine may lack. */
const NEEDS = ['Delete'];

/**
 * @param {number} key
 * @param {View} view
 */
function shardAt(key, view) {
  return view.shards.find((shard) => key >= shard.first && key <= shard.last);
}

export class Keys {
  /**
   * @param {Store} store
   * @param {Session} session
   */
  constructor(store, session) {
    this.store = store;
    this.slider = /** @type {HTMLInputElement} */ (byId('key'));
    this.of = html('span');
    this.in = html('span', { class: 'in' });
    byId('key-of').append(this.of, this.in);
    this.buttons = ACTS.map(([label, , command]) => {
      const button = html('button', { type: 'button', disabled: true }, label);
      button.addEventListener('click', () => {
        const { view, key } = store.state;
        if (view) session.submit(command(key, view));
      });
      return button;
    });
    byId('key-tools').append(...this.buttons);
    this.slider.addEventListener('input', () => {
      const { view } = store.state;
      const key = Number(this.slider.value);
      const shard = view ? shardAt(key, view) : undefined;
      const node = shard?.leader ?? 0;
      store.set({
        key,
        ...(shard
          ? { selection: { kind: 'shard', id: shard.id, node }, logShard: shard.id }
          : undefined),
      });
    });
  }

  /** @param {State} state */
  update({ view, key, commands }) {
    if (!view) return;
    const { first, last } = view.keySpace;
    const { slider } = this;
    if (slider.max !== String(last)) {
      setAttribute(slider, 'min', first);
      setAttribute(slider, 'max', last);
    }
    if (key < first || key > last) {
      this.store.set({ key: first + Math.floor((last - first + 1) / 2) });
      return;
    }
    const none = view.shards.length === 0;
    if (slider.disabled !== none) slider.disabled = none;
    if (Number(slider.value) !== key) slider.value = String(key);
    const shard = shardAt(key, view);
    const within = shard ? ` in ${shard.name}` : '';
    setText(this.of, `Key ${key}`);
    setText(this.in, within);
    setAttribute(slider, 'aria-valuetext', `key ${key}${within}`);
    this.buttons.forEach((button, i) => {
      const label = ACTS[i]?.[0] ?? '';
      button.hidden = NEEDS.includes(label) && !commands.includes(label.toLowerCase());
      const edge = i === 0 && shard?.first === key ? `${shard.name} begins with this key` : '';
      setReason(button, shard ? edge : 'No shard holds it yet', ACTS[i]?.[1]);
    });
  }
}
