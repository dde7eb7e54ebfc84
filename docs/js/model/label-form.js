/** A network's output to Gradio's Label form, by the rules of recognizer/calibration/abstain.py. */
const NOT_SURE = "Not sure";

/**
 * @param {{classes: {name: string}[], threshold: number, distance: {limit: number}}} facts of model.json
 * @param {{probabilities: number[], energy: number}} output of the network, for one photo
 * @returns {{label: string, far: boolean, confidences: {label: string, confidence: number}[]}} likeliest first
 */
export function labelForm({ classes, threshold, distance }, { probabilities, energy }) {
  const confidences = classes
    .map(({ name }, at) => ({ label: name, confidence: probabilities[at] }))
    .sort((one, other) => other.confidence - one.confidence);
  const far = energy > distance.limit;
  const answered = confidences[0].confidence >= threshold && !far;
  return { label: answered ? confidences[0].label : NOT_SURE, far, confidences };
}
