/** The service: everything that the page knows comes from /api/v1, and every fault is a problem and a remedy. */

const ROOT = "/api/v1";

/** What could not be done: `problem` and `remedy` in words, `status` (0: the service was not reached), `body`. */
export class Problem extends Error {
  constructor(problem, remedy = "", status = 0, body = {}) {
    super(problem);
    Object.assign(this, { name: "Problem", problem, remedy, status, body });
  }
}

/** The address of something under /api/v1, for a picture or a link. */
export function url(path) {
  return path.startsWith(ROOT) ? path : ROOT + path;
}

/** name=value&...: of what is neither null, undefined nor ''. */
export function query(params) {
  const kept = Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString();
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(url(path), { credentials: "same-origin", redirect: "error", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The studio service does not answer.", "Start it with 'answerprint studio', then this page goes on by itself.");
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  const said = typeof body.problem === "string" ? body.problem : `The studio service answered ${response.status}.`;
  throw new Problem(said, typeof body.remedy === "string" ? body.remedy : "", response.status, body);
}

/** The JSON document at `path`. Raises Problem, and AbortError where `signal` ended it. */
export async function get(path, { signal } = {}) {
  return (await ask(path, { signal, headers: { Accept: "application/json" } })).json();
}

/** The response itself, for what is not JSON: headers and arrayBuffer(). */
export function bytes(path, { signal } = {}) {
  return ask(path, { signal });
}

/** Sends `body` as JSON and returns the document that comes back. */
export async function post(path, body) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  return (await ask(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

/**
 * What changes, as it does: listener({kind: "takes", ids}), {kind: "open"} when nothing is missed from now
 * on, {kind: "gone"} when the service is lost, and {kind: "back"} when it is there again: what was shown
 * meanwhile may be old. Returns what ends it.
 */
export function events(listener) {
  let lost = false;
  let source = null;
  let again = 0;
  const open = () => {
    source = new EventSource(url("/events"));
    source.addEventListener("open", () => {
      listener({ kind: lost ? "back" : "open" });
      lost = false;
    });
    source.addEventListener("takes", (event) => listener({ kind: "takes", ids: JSON.parse(event.data).ids }));
    source.addEventListener("error", () => {
      if (!lost) listener({ kind: "gone" });
      lost = true;
      // A browser tries again by itself, unless the service answered with something that is no stream.
      if (source.readyState === EventSource.CLOSED) again = setTimeout(open, 2000);
    });
  };
  open();
  return () => {
    clearTimeout(again);
    source.close();
  };
}
