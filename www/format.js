// Numbers and names as the page writes them. Pure.

/** @import { Role } from './types.d.ts' */

const THIN = '\u2009';

/**
 * 18233 as `18 233`.
 * @param {number} n
 */
export function count(n) {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

/**
 * @param {number} n
 * @param {string} one
 * @param {string} many
 */
export function plural(n, one, many) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/**
 * A point in time: `12.402 s`.
 * @param {number} ns
 */
export function clock(ns) {
  return `${(ns / 1e9).toFixed(3)} s`;
}

/**
 * A duration with the digits that matter: `850 µs`, `9.2 ms`, `38 ms`, `1.24 s`.
 * @param {number} ns
 */
export function span(ns) {
  const abs = Math.abs(ns);
  if (abs < 999_500) return `${Math.round(ns / 1e3)} µs`;
  if (abs < 9.95e6) return `${(ns / 1e6).toFixed(1)} ms`;
  if (abs < 999.5e6) return `${Math.round(ns / 1e6)} ms`;
  return abs < 99.5e9 ? `${(ns / 1e9).toFixed(abs < 9.995e9 ? 2 : 1)} s` : `${count(ns / 1e9)} s`;
}

/**
 * How far a clock is off: `+1.8 ms`.
 * @param {number} ns
 */
export function offset(ns) {
  const ms = ns / 1e6;
  return `${ms < 0 ? '−' : '+'}${Math.abs(ms).toFixed(1)} ms`;
}

/**
 * @param {number} n
 */
export function bytes(n) {
  if (n < 1000) return `${n} B`;
  return n < 1e6 ? `${(n / 1e3).toFixed(n < 1e4 ? 1 : 0)} KB` : `${(n / 1e6).toFixed(1)} MB`;
}

/**
 * @param {[number, number] | null} range first key, and last key inclusive
 */
export function range(range) {
  return range ? `[${range[0]}..${range[1]}]` : 'none yet';
}

/**
 * A speed as a person says it: `1/50`, `10`.
 * @param {number} speed
 */
export function speed(speed) {
  if (speed >= 0.95) return `${Math.round(speed)}`;
  const parts = 1 / speed;
  const step = parts >= 300 ? 100 : parts >= 30 ? 10 : parts >= 12 ? 5 : 1;
  return `1/${Math.max(2, Math.round(parts / step) * step)}`;
}

/**
 * The word for a role.
 * @param {Role} role
 */
export function roleWord(role) {
  if (role === 'uninitialized') return 'no data yet';
  if (role === 'asleep') return 'on disk';
  return role === 'tombstone' ? 'destroyed' : role;
}

/**
 * `shard_a` as `a`.
 * @param {string} name
 */
export function shortShard(name) {
  return name.replace(/^shard_/, '');
}

/**
 * The class that gives a shard its hue and dash: by id, so that it never changes.
 * @param {number | null} shard
 */
export function hue(shard) {
  return shard === null ? 'hue-none' : `hue-${(shard - 1) % 8}`;
}
