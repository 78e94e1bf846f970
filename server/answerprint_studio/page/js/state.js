/** Where the page is: all of it lives in the address, so that a link shows another person the same.
 *
 * #/wall?q=ada&state=to_review     #/take/ID?frame=1044&mode=wipe&b=plate
 */

const listeners = new Set();
let here = read();

function read() {
  const [path, query = ""] = location.hash.replace(/^#/, "").split("?", 2);
  const [, view, id = ""] = path.split("/");
  const params = Object.fromEntries(new URLSearchParams(query));
  if (view === "take" && /^[0-9a-f]{32}$/.test(id)) return { view: "take", id, params };
  return { view: "wall", id: "", params: view === "wall" ? params : {} };
}

/** {view: "wall" | "take", id, params}: params are strings, and those that are not there are undefined. */
export function route() {
  return here;
}

/** The address of `route() + patch`; see `go`. */
export function address(patch) {
  const { view = here.view, id = view === "take" ? here.id : "", ...params } = patch;
  const same = view === here.view && id === here.id;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(same ? { ...here.params, ...params } : params)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, String(value));
  }
  const path = view === "take" ? `#/take/${id}` : "#/wall";
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/**
 * Goes to `patch`: {view, id, ...params}. Params are added to those that are there, null takes one away;
 * where view or id changes they start anew. `replace`: without a step in the browser's history, as for
 * frames and sliders.
 */
export function go(patch, { replace = false } = {}) {
  const next = address(patch);
  if (next === (location.hash || "#/wall")) return;
  history[replace ? "replaceState" : "pushState"](null, "", next);
  changed();
}

/** Calls listener(route, before) on every change, however it came; returns what ends that. */
export function on(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function changed() {
  const before = here;
  here = read();
  for (const listener of [...listeners]) listener(here, before);
}

// An address typed by hand comes as popstate too, in every browser of today.
addEventListener("popstate", changed);

/** This place as a link for another person. */
export function link() {
  return new URL(location.href).href;
}
