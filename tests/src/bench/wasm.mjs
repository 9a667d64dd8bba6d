// The run that the bench measures, in node, with the module and the bindings that the page ships.
// node wasm.mjs FOLDER SCRIPT: answers every line of its input, `first`, `speed`, `memory` or
// `replay FILE`, with a line of JSON. One process answers all, because node optimises a module while it runs.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

/**
 * @typedef {object} Script
 * @property {string} seed
 * @property {number} phaseNs
 * @property {number} loadNs
 * @property {number} settleNs
 * @property {number} idleNs
 * @property {number[]} minutes
 */

const [folder, text] = process.argv.slice(2);
/** @type {Script} */
const script = JSON.parse(text);
const pkg = resolve(folder, "pkg");
const { initSync, Engine } = await import(pathToFileURL(join(pkg, "shardscope_web.js")).href);
const { memory } = initSync({ module: readFileSync(join(pkg, "shardscope_web_bg.wasm")) });

const MOST_TIMERS = 0xffff_ffff;
const MINUTE_NS = 60e9;

function afterFourPhases() {
  const engine = new Engine({ seed: script.seed });
  for (let phase = 1; phase <= 4; phase += 1) {
    engine.submit({ type: "next_phase" });
    engine.advance(script.phaseNs, MOST_TIMERS);
  }
  return engine;
}

/** @param {number} repeats */
function story(repeats) {
  const started = performance.now();
  let engine = afterFourPhases();
  engine.advance(script.loadNs, MOST_TIMERS);
  for (let run = 1; run < repeats; run += 1) {
    engine.free();
    engine = afterFourPhases();
    engine.advance(script.loadNs, MOST_TIMERS);
  }
  return { engine, storyS: (performance.now() - started) / 1000 };
}

function first() {
  const { engine, storyS } = story(1);
  engine.free();
  return { storyS };
}

function speed() {
  const { engine, storyS } = story(script.repeats);
  engine.submit({ type: "load", on: false });
  engine.advance(script.settleNs, MOST_TIMERS);
  const started = performance.now();
  engine.advance(script.idleNs, MOST_TIMERS);
  const idleS = (performance.now() - started) / 1000;
  const digest = engine.digest();
  engine.free();
  return { storyS, idleS, digest };
}

function memoryAfterMinutes() {
  const engine = afterFourPhases();
  let passed = 0;
  const bytes = script.minutes.map((minutes) => {
    engine.advance((minutes - passed) * MINUTE_NS, MOST_TIMERS);
    passed = minutes;
    return memory.buffer.byteLength;
  });
  engine.free();
  return { bytes };
}

/** @param {string} file of recordings, one a line */
function replay(file) {
  const recordings = readFileSync(file, "utf8").trim().split("\n");
  const started = performance.now();
  const digests = recordings.map((recording) => {
    const engine = Engine.replay(recording, Number.MAX_SAFE_INTEGER);
    const digest = engine.digest();
    engine.free();
    return digest;
  });
  return { tookS: (performance.now() - started) / 1000, digests };
}

const measures = { first, speed, memory: memoryAfterMinutes, replay };

for await (const line of createInterface({ input: process.stdin })) {
  const [, what, file] = /^(\w+) ?(.*)$/.exec(line) ?? [];
  console.log(JSON.stringify(measures[/** @type {keyof typeof measures} */ (what)](file)));
}
