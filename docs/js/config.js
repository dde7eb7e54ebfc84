/** The Space that answers: `owner/name` on Hugging Face, or the http(s) address of a running app. */
export const SPACE = "ethnic-group-recognizer/ethnic-group-recognizer";
