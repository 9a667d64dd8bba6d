// The page's end of the worker: calls that return promises, and the news of a panic.
// Knows nothing of what the calls mean. Used by main.js and controls/run.js.

import { workerAddress } from './embedded.js';

/** @import { Panic } from '../types.d.ts' */

export class EngineClient {
  /** @param {(panic: Panic) => void} onPanic */
  constructor(onPanic) {
    const { url, type } = workerAddress();
    this.worker = new Worker(url, { type: /** @type {WorkerType} */ (type) });
    this.calls = 0;
    /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
    this.open = new Map();
    /** Script time spent on taking in answers since it was last asked for, in milliseconds. */
    this.receiveMs = 0;
    this.worker.onmessage = (event) => {
      const start = performance.now();
      const { data } = event;
      if (data.type === 'panic') onPanic(data);
      else this.#settle(data);
      this.receiveMs += performance.now() - start;
    };
    this.worker.onerror = (event) => {
      const error = new Error(event.message || 'The engine could not be loaded.');
      for (const { reject } of this.open.values()) reject(error);
      this.open.clear();
    };
  }

  /**
   * @param {string} name one of the calls in worker.js
   * @param {unknown[]} args
   * @returns {Promise<any>} rejects with an Error whose message is a sentence
   */
  call(name, ...args) {
    this.calls += 1;
    const id = this.calls;
    return new Promise((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      this.worker.postMessage({ id, name, args });
    });
  }

  close() {
    this.worker.terminate();
    this.open.clear();
  }

  /** @param {{ id: number, value?: unknown, error?: string }} answer */
  #settle({ id, value, error }) {
    const call = this.open.get(id);
    this.open.delete(id);
    if (error === undefined) call?.resolve(value);
    else call?.reject(new Error(error));
  }
}
