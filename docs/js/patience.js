/** Waiting with an end. */
import { SpaceError } from "./space-error.js";

/** @param {number} milliseconds */
export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * @param {Promise} promise
 * @param {number} milliseconds
 * @param {string} sentence what the visitor reads when it takes longer
 */
export function within(promise, milliseconds, sentence) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new SpaceError(sentence)), milliseconds);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
