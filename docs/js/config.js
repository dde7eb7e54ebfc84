/** The Space that answers: `owner/name` on Hugging Face, or the http(s) address of a running app; or null. */
export const SPACE = "ethnic-group-recognizer/ethnic-group-recognizer";
/** The folder beside this site with a model that answers in the visitor's browser; or null. */
export const MODEL = null;
/** Where the source code is, for the foot of the pages; null finds it where this site is served by GitHub Pages. */
export const REPOSITORY = null;
