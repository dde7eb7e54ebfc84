/** Waiting with an end, and not twice for the same. */

export const STALLED_MS = 60 * 1000; // without a byte for so long, a download does not go on

/** @param {number} milliseconds */
export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * @param {Promise} promise
 * @param {number} milliseconds
 * @param {Error} error thrown when it takes longer
 */
export function within(promise, milliseconds, error) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(error), milliseconds);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

/** Asks at most once; a failed try is forgotten, so that the next call tries anew. */
export function once(ask) {
  let asked = null;
  return () => {
    asked ??= ask().catch((error) => {
      asked = null;
      throw error;
    });
    return asked;
  };
}
