// What this browser remembers of the user's choices. Where storage is denied, nothing is remembered and nothing breaks.

/**
 * @param {string} key
 * @returns {string} '' if there is nothing
 */
export function remembered(key) {
  try {
    return localStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Denied, or full: the choice holds for this visit.
  }
}
