/** Drawing on a frame: pen, arrow, box and ellipse, undone and done again, in the frame's own pixels. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { strokes, svg } from "./strokes.js";
import * as api from "./api.js";

const COLOURS = Object.freeze([["#ffffff", "White"], ["#141414", "Black"], ["#ecd06f", "Yellow"], ["#8fc9dc", "Blue"]]);
const TOOLS = Object.freeze([["pen", "Pen"], ["arrow", "Arrow"], ["box", "Box"], ["ellipse", "Ellipse"]]);
const WIDTHS = Object.freeze([2, 4, 8]);
const MOST_POINTS = 1500;
const MOST_STROKES = 200;

/** Makes snapshots of a take's frames from its thumbnails, where no player shows it. */
export function thumbnails(take, variation = "") {
  return async (frame) => {
    const image = new Image();
    image.src = api.url(`/takes/${take.id}/thumbnail?${api.query({ frame, variation, width: 1280 })}`);
    try {
      await image.decode();
    } catch {
      throw new api.Problem(`Frame ${frame} cannot be shown.`, "Choose another one.");
    }
    const canvas = h("canvas", { width: image.naturalWidth, height: image.naturalHeight });
    canvas.getContext("2d").drawImage(image, 0, 0);
    return { canvas, display: [0, 0, (take.width || image.naturalWidth) - 1, (take.height || image.naturalHeight) - 1] };
  };
}

/** The points of a shape that was drawn from one place to another, as one line. */
export function shape(tool, from, to) {
  const [[x0, y0], [x1, y1]] = [from, to];
  if (tool === "box") return [from, [x1, y0], to, [x0, y1], from];
  if (tool === "arrow") {
    const turn = Math.atan2(y1 - y0, x1 - x0);
    const long = Math.min(0.3 * Math.hypot(x1 - x0, y1 - y0), 40);
    const wing = (side) => [x1 - long * Math.cos(turn + side), y1 - long * Math.sin(turn + side)];
    return [from, to, wing(0.5), to, wing(-0.5)];
  }
  const [cx, cy, rx, ry] = [(x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2, (y1 - y0) / 2];
  return Array.from({ length: 49 }, (_, i) => [cx + rx * Math.cos((i * Math.PI) / 24), cy + ry * Math.sin((i * Math.PI) / 24)]);
}

/**
 * A frame to draw on: {toolbar, element, drawings(), frame(), show(frame), handlers, unmount()}.
 * snapshot(frame): {canvas, display}; drawings: as a review carries them; frames: those there are.
 */
export function pad({ frame, drawings = [], snapshot, frames = [frame], changed = () => {} }) {
  const kept = new Map(drawings.map((one) => [one.frame, one.strokes.map((stroke) => ({ ...stroke }))]));
  const undone = new Map();
  const state = { frame, tool: "pen", colour: COLOURS[0][0], width: 4, display: [0, 0, 0, 0], live: null, turn: 0 };
  const sheet = h("canvas", { class: "pad-picture" });
  const over = svg("svg", { class: "over" });
  const words = h("div", { class: "in-place", hidden: true, role: "status" });
  const paper = h("div", { class: "pad-paper", tabindex: "0", role: "application", aria: { label: "Draw on the frame" }, data: { draw: "" } }, sheet, over);
  const element = h("div", { class: "pad dark" }, paper, words);
  const number = h("span", { class: "pad-frame strong" });
  const tools = TOOLS.map(([name, said], index) => h("button", { class: "button lone", type: "button", title: `${said} (${index + 1})`, aria: { label: said, pressed: "false" }, data: { tool: name }, on: { click: () => choose(name) } }, icon(name, 14)));
  const dots = COLOURS.map(([colour, said]) => h("button", { class: "pad-colour", type: "button", title: said, aria: { label: said, pressed: "false" }, data: { colour }, style: { "--ink": colour }, on: { click: () => { state.colour = colour; paint(); } } }));
  const width = h("button", { class: "button", type: "button", title: "Line", on: { click: () => { state.width = WIDTHS[(WIDTHS.indexOf(state.width) + 1) % WIDTHS.length]; paint(); } } });
  const back = lone("undo", "Undo", undo);
  const on = lone("redo", "Redo", redo);
  const toolbar = h("div", { class: "pad-tools row", role: "toolbar", aria: { label: "Drawing" } }, tools, h("span", { class: "rule" }), width, dots, h("span", { class: "rule" }), back, on, lone("trash", "Take all away from this frame", clear), h("span", { class: "grow" }), lone("left", "Previous frame", () => step(-1)), number, lone("right", "Next frame", () => step(1)));
  const sizes = new ResizeObserver(() => fit());
  sizes.observe(element);

  function lone(name, label, run) {
    return h("button", { class: "button lone", type: "button", title: label, aria: { label }, on: { click: run } }, icon(name, 14));
  }

  function mine() {
    return kept.get(state.frame) ?? [];
  }

  function choose(tool) {
    state.tool = tool;
    paint();
  }

  function undo() {
    const last = mine().pop();
    if (last) undone.set(state.frame, [...(undone.get(state.frame) ?? []), last]);
    paint();
    changed();
  }

  function redo() {
    const last = undone.get(state.frame)?.pop();
    if (last) kept.set(state.frame, [...mine(), last]);
    paint();
    changed();
  }

  function clear() {
    undone.set(state.frame, [...mine()].reverse());
    kept.set(state.frame, []);
    paint();
    changed();
  }

  function step(by) {
    const at = frames.indexOf(state.frame) + by;
    if (frames[at] !== undefined) show(frames[at]);
  }

  async function show(wanted) {
    const turn = (state.turn += 1);
    state.frame = wanted;
    paint();
    try {
      const { canvas, display } = await snapshot(wanted);
      if (turn !== state.turn) return;
      words.hidden = true;
      state.display = display;
      Object.assign(sheet, { width: canvas.width, height: canvas.height });
      sheet.getContext("2d").drawImage(canvas, 0, 0);
      fit();
    } catch (error) {
      if (turn !== state.turn) return;
      words.hidden = false;
      words.replaceChildren(h("p", { class: "strong", text: error.problem ?? "The frame cannot be shown." }), h("p", { class: "second", text: error.remedy ?? "" }));
    }
  }

  function wideHigh() {
    const [left, top, right, bottom] = state.display;
    return [right + 1 - left, bottom + 1 - top];
  }

  // all of the picture, in its shape, as large as there is room
  function fit() {
    const [wide, high] = wideHigh();
    const scale = Math.min(element.clientWidth / wide, element.clientHeight / high);
    if (!(scale > 0)) return;
    paper.style.setProperty("width", `${Math.floor(wide * scale)}px`);
    paper.style.setProperty("height", `${Math.floor(high * scale)}px`);
    paint();
  }

  function paint() {
    const [wide, high] = wideHigh();
    const [left, top] = state.display;
    over.setAttribute("viewBox", `0 0 ${paper.clientWidth || wide} ${paper.clientHeight || high}`);
    const scale = (paper.clientWidth || wide) / wide;
    const all = state.live ? [...mine(), state.live] : mine();
    over.replaceChildren(strokes(all, ([x, y]) => [(x - left) * scale, (y - top) * scale], scale));
    number.textContent = String(state.frame);
    width.textContent = `Line ${state.width} px`;
    for (const tool of tools) tool.setAttribute("aria-pressed", String(tool.dataset.tool === state.tool));
    for (const dot of dots) dot.setAttribute("aria-pressed", String(dot.dataset.colour === state.colour));
    back.disabled = !mine().length;
    on.disabled = !undone.get(state.frame)?.length;
  }

  function place(event) {
    const box = paper.getBoundingClientRect();
    const [wide, high] = wideHigh();
    const [left, top] = state.display;
    const rounded = (v) => Number(v.toFixed(2));
    return [rounded(left + ((event.clientX - box.left) / box.width) * wide), rounded(top + ((event.clientY - box.top) / box.height) * high)];
  }

  paper.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || mine().length >= MOST_STROKES) return;
    paper.setPointerCapture(event.pointerId);
    const scale = paper.clientWidth / wideHigh()[0] || 1;
    state.live = { points: [place(event)], width: Number((state.width / scale).toFixed(2)), colour: state.colour };
    state.from = place(event);
    paint();
  });
  paper.addEventListener("pointermove", (event) => {
    if (!state.live) return;
    const to = place(event);
    if (state.tool !== "pen") state.live.points = shape(state.tool, state.from, to);
    else if (state.live.points.length < MOST_POINTS) state.live.points.push(to);
    paint();
  });
  const lift = (keep) => {
    if (!state.live) return;
    if (keep) {
      kept.set(state.frame, [...mine(), state.live]);
      undone.delete(state.frame);
    }
    state.live = null;
    paint();
    changed();
  };
  paper.addEventListener("pointerup", () => lift(true));
  paper.addEventListener("pointercancel", () => lift(false));
  show(frame);
  return {
    toolbar,
    element,
    frame: () => state.frame,
    show,
    drawings: () => [...kept].filter(([, all]) => all.length).sort(([a], [b]) => a - b).map(([at, all]) => ({ frame: at, strokes: all })),
    handlers: { tool: (event) => { const tool = TOOLS[Number(event.key) - 1]; if (tool) choose(tool[0]); }, undo },
    unmount: () => sizes.disconnect(),
  };
}
