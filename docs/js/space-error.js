/** Something that the visitor is told in one sentence. */
export class SpaceError extends Error {
  name = "SpaceError";
}
