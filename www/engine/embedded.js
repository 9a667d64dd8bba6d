// Where the engine comes from: beside the page as files, or, in the single file that `cargo xtask dist` writes as well, from
// blocks of text in the page itself. Used by main.js and client.js.

/** @param {string} id */
function block(id) {
  return document.getElementById(id)?.textContent ?? '';
}

/** The address of the worker's script. */
export function workerAddress() {
  const script = block('embedded-worker');
  if (!script) return { url: new URL('engine/worker.js', document.baseURI), type: 'module' };
  return { url: URL.createObjectURL(new Blob([script])), type: 'classic' };
}

/**
 * What the worker loads the engine from: the address of its bindings, or the module itself.
 * @returns {Promise<string | ArrayBuffer>}
 */
export async function engineSource() {
  const packed = block('embedded-engine');
  if (!packed) return new URL('pkg/shardscope_web.js', document.baseURI).href;
  const bytes = Uint8Array.from(atob(packed.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
}
