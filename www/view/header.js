// The phase stepper and the safety line.

import { byId, setAttribute, setReason, setText } from '../dom.js';
import { plural } from '../format.js';

/** @import { State, View } from '../types.d.ts' */

export class Header {
  constructor() {
    this.phases = [...byId('phases').querySelectorAll('button')];
    this.next = /** @type {HTMLButtonElement} */ (byId('next-phase'));
    this.safety = byId('safety');
    this.verdict = /** @type {HTMLElement} */ (this.safety.children[0]);
    this.detail = /** @type {HTMLElement} */ (this.safety.children[1]);
  }

  /** @param {State} state */
  update({ view }) {
    if (!view) return;
    const { completed, running, names } = view.phase;
    const phase = running > 0 ? 'busy' : String(completed);
    if (document.body.dataset.phase !== phase) document.body.dataset.phase = phase;
    this.phases.forEach((button, i) => {
      drawPhase(button, i + 1, names[i] ?? '', view);
    });
    const all = names.length;
    const reason =
      running > 0
        ? `Phase ${running} is running`
        : completed >= all
          ? 'All phases are complete: Reset begins again'
          : '';
    setReason(this.next, reason, `Run phase ${completed + 1}, ${names[completed] ?? ''}`);
    this.#judge(view.safety);
  }

  /** @param {View['safety']} safety */
  #judge({ holds, properties, checks, violation }) {
    setAttribute(this.safety, 'class', `safety ${holds ? 'holds' : 'violated'}`);
    setText(this.verdict, holds ? 'SAFETY HOLDS' : 'VIOLATION');
    const found = violation ? `${violation.id} ${violation.name}: ${violation.text}` : '';
    const text = holds
      ? `${plural(properties, 'property', 'properties')} · ${plural(checks, 'check', 'checks')}`
      : found;
    setText(this.detail, text);
    setAttribute(this.safety, 'title', holds ? null : found);
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {number} phase
 * @param {string} name
 * @param {View} view
 */
function drawPhase(button, phase, name, { phase: { completed, running, costs } }) {
  const done = phase <= completed;
  const [mark, label] = button.children;
  if (mark) setText(mark, done ? '✓' : String(phase));
  if (label && name) setText(label, name);
  setAttribute(button, 'class', done ? 'done' : phase === running ? 'running' : '');
  setAttribute(button, 'aria-current', phase === running ? 'step' : null);
  const end = costs.find((cost) => cost.phase === phase)?.digest;
  const back = `Go back to the end of phase ${phase}, where the digest was ${end}`;
  setAttribute(button, 'title', done ? back : `Run up to phase ${phase}`);
}
