/** The shell: mounts the wall, the player or the sheet as the address says, and holds what they all need. */

import * as api from "./api.js";
import { h } from "./dom.js";
import * as dialogs from "./dialog.js";
import { face } from "./bar.js";
import { takeBack } from "./decide.js";
import { icon } from "./icons.js";
import * as keys from "./keys.js";
import { openKeys } from "./keysheet.js";
import { announce, fault, toast } from "./say.js";
import * as state from "./state.js";
import * as theme from "./theme.js";

const VIEWS = { wall: () => import("./wall.js"), player: () => import("./player.js"), sheet: () => import("./sheet.js") };
const listeners = new Set();
let shown = null; // {name, id, mounted}
let wallParams = {}; // where the wall was left, for the way back
let turn = 0; // the mount that counts, where two overlap

/**
 * What every view gets. me: GET /me; onEvents(listener): as api.events, until the returned function is
 * called; take(id, options): opens a take; wall(): back, as it was left; next(±1): the next take to review.
 */
export const ctx = {
  me: { name: "", login: "", canDecide: false, why: "who reviews here is not known yet." },
  onEvents(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  wall: () => state.go({ view: "wall", ...wallParams }),
  take: (id, params = {}) => state.go({ view: "take", id, ...params }),
  next,
  place,
  openKeys: () => openKeys(),
  announce,
  toast,
  fault,
};

/** What waits for review, in the order of the wall as it was left. */
async function waiting() {
  const { sequence, shot, task, artist, model, q, sort = "cut", group = "sequence", show: of } = wallParams;
  const asked = { sequence, shot, task, artist, model, q, sort, group: group === "none" ? "" : group, show: of, state: "to_review", newest: "true", limit: 500 };
  return (await api.get(`/takes?${api.query(asked)}`)).takes;
}

/** {at, of}: where a take stands among them, from 1; null where it does not, or nobody answers. */
async function place(id) {
  const takes = await waiting().catch(() => []);
  const at = takes.findIndex((take) => take.id === id);
  return at < 0 ? null : { at: at + 1, of: takes.length };
}

/** Goes to the next (1) or previous (-1) take to review, as the wall has them. */
async function next(step) {
  try {
    const here = state.route();
    const takes = await waiting();
    const now = here.view === "wall" ? here.params.selected : here.id;
    const at = takes.findIndex((take) => take.id === now);
    const to = takes[at < 0 ? (step > 0 ? 0 : takes.length - 1) : at + step];
    if (!to) toast(takes.length ? "That was the last one to review." : "Nothing waits to be reviewed.");
    else if (here.view === "wall") state.go({ selected: to.id });
    else ctx.take(to.id, to.variations > 1 ? { mode: "sheet" } : {});
  } catch (error) {
    fault(error);
  }
}

function viewOf(route) {
  if (route.view === "wall") return "wall";
  return route.params.mode === "sheet" ? "sheet" : "player";
}

async function show(route) {
  const name = viewOf(route);
  if (route.view === "wall") wallParams = route.params;
  if (shown && shown.name === name && shown.id === route.id) return;
  const mine = (turn += 1);
  const module = await VIEWS[name]();
  if (mine !== turn) return;
  dialogs.closeAll();
  shown?.mounted.unmount();
  const element = document.getElementById("view");
  element.replaceChildren();
  element.className = `view view-${name}`;
  document.documentElement.dataset.view = name;
  shown = { name, id: route.id, mounted: module.mount(element, ctx) };
}

/** F6: from one part of the page to the next, as desktops do. */
function region(event) {
  const regions = [...document.querySelectorAll("#view [data-region]")].filter((part) => part.offsetParent !== null);
  const at = regions.findIndex((part) => part.contains(document.activeElement));
  const to = regions.at((at + (event.shiftKey ? -1 : 1)) % regions.length);
  if (!to) return;
  const within = [to, ...to.querySelectorAll("[tabindex='0'], button:not([disabled]), a[href], input, textarea")];
  within.find((one) => one.offsetParent !== null && one.matches("[tabindex='0'], button, a, input, textarea"))?.focus();
}

function banner(lost) {
  const element = document.getElementById("banner");
  element.hidden = !lost;
  if (lost) element.replaceChildren(icon("warn", 14), h("span", { text: "The studio service does not answer. What is shown may be old; decisions wait until it is back." }));
}

function onEvent(event) {
  if (event.kind === "gone") banner(true);
  if (event.kind === "back") {
    banner(false);
    announce("The studio service is back.");
    who();
  }
  for (const listener of [...listeners]) listener(event);
}

async function who() {
  try {
    Object.assign(ctx.me, await api.get("/me"));
    for (const old of document.querySelectorAll("#view .face")) old.replaceWith(face(ctx.me));
  } catch (error) {
    if (error.status !== 0) fault(error);
  }
}

theme.start();
keys.scope("page", { wall: () => state.route().view === "take" && ctx.wall(), keys: () => openKeys(), region, take_back: () => takeBack() });
state.on((route) => show(route).catch(fault));
who();
show(state.route()).catch(fault);
api.events(onEvent);
