/** Waiting with an end. */

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
