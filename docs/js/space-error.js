/** Something that the visitor is told in one sentence. */
export class SpaceError extends Error {
  name = "SpaceError";

  /**
   * @param {string} key of the sentence, such as "site.offline"
   * @param {object} values of its placeholders, see `say`
   * @param {{cause?: unknown, ofPhoto?: boolean}} options ofPhoto: the same photo would fail again
   */
  constructor(key, values = {}, { cause, ofPhoto = false } = {}) {
    super(key ?? values.said, { cause });
    this.key = key;
    this.values = values;
    this.said = values.said;
    this.ofPhoto = ofPhoto;
  }

  /** @param {string} said what the Space says, in its own words */
  static quoting(said, options) {
    return new SpaceError(null, { said }, options);
  }
}
