/** Connecting to a Space that may be asleep. Its first visitor wakes it; that takes a minute or two. */
import { pause } from "./patience.js";
import { SpaceError } from "./space-error.js";

const HUB = "https://huggingface.co/api/spaces";
const WAKING = ["SLEEPING", "STOPPED", "BUILDING", "APP_STARTING", "RUNNING_APP_STARTING", "RUNNING", "RUNNING_BUILDING"];
const RETRY_MS = 3000;
const PATIENCE_MS = 5 * 60 * 1000;

/**
 * Tries again for as long as Hugging Face says that the Space is on its way.
 *
 * @param {string} reference a Space id or an app's address
 * @param {() => Promise} attempt connects once
 * @param {() => void} onWaking called when the Space turns out to be asleep
 * @throws {SpaceError} where the Space does not exist or runs no program, is paused, broken, or asleep for five minutes
 */
export async function connectPatiently(reference, attempt, onWaking) {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof SpaceError) throw error;
      await mustBeOnItsWay(reference, error);
    }
    onWaking();
    await pause(RETRY_MS);
  }
  throw new SpaceError("site.not_awake", { space: reference });
}

async function mustBeOnItsWay(reference, cause) {
  const lookup = lookupAddress(reference);
  if (!navigator.onLine) throw new SpaceError("site.offline", {}, { cause });
  if (!lookup) throw new SpaceError("site.nothing_there", { space: reference }, { cause });
  const { sdk, runtime } = await lookUp(reference, lookup);
  if (sdk === "static") throw new SpaceError("site.static_space", { space: reference }, { cause });
  const stage = runtime?.stage ?? "no stage";
  if (stage === "PAUSED") throw new SpaceError("site.paused", { space: reference }, { cause });
  if (!WAKING.includes(stage)) throw new SpaceError("site.fault", { space: reference, stage }, { cause });
}

function lookupAddress(reference) {
  if (!reference.startsWith("http")) return `${HUB}/${reference}`;
  const host = new URL(reference).hostname;
  return host.endsWith(".hf.space") ? `${HUB}/by-subdomain/${host.replace(/(\.static)?\.hf\.space$/, "")}` : null;
}

async function lookUp(reference, lookup) {
  const response = await fetch(lookup).catch((cause) => {
    throw new SpaceError("site.hub_unreachable", {}, { cause });
  });
  if ([401, 404].includes(response.status)) throw new SpaceError("site.no_such_space", { space: reference });
  if (!response.ok) throw new SpaceError("site.hub_error", { status: String(response.status) });
  return response.json();
}
