// Asks the server. Every function throws an Error whose message is a sentence for the person.

const PATIENCE = 15000; // milliseconds

async function ask(path, sent) {
  const options = { signal: AbortSignal.timeout(PATIENCE) };
  if (sent) {
    Object.assign(options, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(sent),
    });
  }
  const response = await fetch(path, options).catch(() => {
    throw new Error("The server does not answer. What was saved stays saved; is recognizer review still running?");
  });
  const answer = await response.json().catch(() => {
    throw new Error(`The server failed (${response.status}); its terminal says why.`);
  });
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

export const fetchQueue = (filter) => ask(`/api/queue?${new URLSearchParams(filter)}`);

export const fetchDetail = (id) => ask(`/api/photos/${id}`);

// choices: [{photo, action, label}, …]
export const decide = (choices, by) => ask("/api/decisions", { choices, by });

export const undo = (by) => ask("/api/undo", { by });

// Each of these returns how far the blind sample is: {drawn, answered, photos, corrections}.
export const fetchBlind = () => ask("/api/blind");

export const answerBlind = (photo, seen, label, by) => ask("/api/blind", { photo, seen, label, by });

export const undoBlind = (by) => ask("/api/blind/undo", { by });

export const photoAddress = (id) => `/photo/${id}.jpg`;

export const thumbAddress = (id) => `/thumb/${id}.jpg`;
