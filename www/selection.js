// What is selected: from what was picked in the scene or the tables, to the thing and the node that it is on.
// Pure. Used by view/ and controls/.

/** @import { Selection, State, View } from './types.d.ts' */

/**
 * A selection by its name, such as `replica:7`, `link:1-4` or `place:2-5`; a shard or a replica brings its log into sight.
 * @param {View} view
 * @param {string} pick
 * @returns {Partial<State>}
 */
export function selected(view, pick) {
  const [word = '', ids = ''] = pick.split(':');
  const kind = /** @type {Selection['kind']} */ (word);
  const [id = 0, node = 0] = ids.split('-').map(Number);
  if (kind === 'node') return { selection: { kind, id, node: id } };
  if (kind === 'placement') return { selection: { kind, id, node: 0 } };
  if (kind === 'link') return { selection: { kind, id: node, node: id } };
  if (kind === 'shard') {
    const leader = view.shards.find((shard) => shard.id === id)?.leader ?? 0;
    return { selection: { kind, id, node: leader }, logShard: id };
  }
  if (kind === 'place') {
    const here = view.replicas.find((r) => r.shard === id && r.node === node);
    if (here && here.role !== 'tombstone')
      return { selection: { kind: 'replica', id: here.id, node }, logShard: id };
    return { selection: { kind, id, node }, logShard: id };
  }
  const replica = kind === 'replica' ? view.replicas.find((r) => r.id === id) : undefined;
  if (!replica) return { selection: { kind, id, node: 0 } };
  return { selection: { kind, id, node: replica.node }, logShard: replica.shard };
}

/**
 * The shard that a selection is about; 0 if about none.
 * @param {View} view
 * @param {Selection} selection
 */
export function shardOf(view, { kind, id }) {
  if (kind === 'shard' || kind === 'place') return id;
  if (kind === 'replica') return view.replicas.find((r) => r.id === id)?.shard ?? 0;
  if (kind === 'message') return view.messages.find((m) => m.id === id)?.shard ?? 0;
  return 0;
}

/**
 * What is selected, in a few words.
 * @param {View} view
 * @param {Selection} selection
 */
export function nameOf(view, { kind, id, node }) {
  const shard = view.shards.find((s) => s.id === shardOf(view, { kind, id, node }))?.name;
  if (kind === 'node') return `n${id}`;
  if (kind === 'placement') return 'placement';
  if (kind === 'link') return `n${node} → n${id}`;
  if (kind === 'place' || kind === 'replica') return shard ? `${shard} on n${node}` : `n${node}`;
  if (kind === 'client') return `client ${id}`;
  return kind === 'message' ? 'message' : (shard ?? 'shard');
}
