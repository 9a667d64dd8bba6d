// The script dialog: text that can be read, edited and run; a mistake is told with its line, and nothing runs then.

import { buttonById, byId, setText } from '../dom.js';

/** @import { Session } from '../session.js' */

/** What stands in the dialog at first. */
const EXAMPLE = `# A fault script: change it, and run it.
phase 1
after 50 ms crash n1
when role_changed on n2
after 300 ms restart n1
split shard_a 101
when split_applied on n3 cut n3 n1
after 500 ms heal
`;

/** @param {Session} session */
export function wireScript(session) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('script-dialog'));
  const text = /** @type {HTMLTextAreaElement} */ (byId('script-text'));
  const fault = byId('script-fault');
  text.value = EXAMPLE;
  const run = async (/** @type {boolean} */ afresh) => {
    setText(fault, '');
    try {
      await session.follow(text.value, afresh);
      dialog.close();
    } catch (error) {
      const says = error instanceof Error ? error.message : String(error);
      setText(fault, `Nothing was run. ${says[0]?.toUpperCase()}${says.slice(1)}.`);
      text.setAttribute('aria-invalid', 'true');
      selectLine(text, Number(/line (\d+)/.exec(says)?.[1] ?? 0));
    }
  };
  text.addEventListener('input', () => text.removeAttribute('aria-invalid'));
  buttonById('script').addEventListener('click', () => dialog.showModal());
  buttonById('script-run').addEventListener('click', () => run(false));
  buttonById('script-again').addEventListener('click', () => run(true));
  buttonById('script-this').addEventListener('click', async () => {
    text.value = (await session.script()) || '# Nothing was done yet.\n';
    setText(fault, '');
  });
  return dialog;
}

/**
 * @param {HTMLTextAreaElement} text
 * @param {number} line from 1
 */
function selectLine(text, line) {
  if (line < 1) return;
  const lines = text.value.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, before) => sum + before.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
}
