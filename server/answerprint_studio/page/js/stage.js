/** The stage: the picture with its wipe line, marks and drawings, moved and enlarged by hand. */

import { h } from "./dom.js";
import { Screen } from "./gl.js";
import { svg, strokes } from "./strokes.js";

const NEAR = 1.2; // rem around the wipe's line that take hold of it
const LEAST = 0.05;
const MOST = 64;
const SURROUND = [0x19 / 255, 0x19 / 255, 0x19 / 255]; // the role `surround`; the player is always dark

/**
 * The picture. `moved(patch)`: {at} or {zoom, x, y} as the hand changes them; `pointed(place)`: the pixel of
 * A's frame under the pointer, null when it leaves; `again()`: everything has to be drawn once more.
 */
export class Stage {
  constructor({ moved, pointed, again }) {
    Object.assign(this, { moved, pointed, again, seen: null, hand: null });
    this.canvas = h("canvas", { class: "picture" });
    this.over = svg("svg", { class: "over", "aria-hidden": "true" });
    this.line = h("div", { class: "wipe-line", hidden: true }, h("span", { class: "wipe-grip" }));
    this.said = ["a", "b"].map((side) => h("div", { class: "in-place", hidden: true, role: "status", data: { side } }));
    this.element = h("div", { class: "stage", tabindex: "0", role: "application", aria: { label: "Picture", roledescription: "picture" }, data: { picture: "", region: "picture" } }, this.canvas, this.over, this.line, this.said);
    this.screen = new Screen(this.canvas, { lost: () => this.#lost(), back: () => this.#back() });
    if (!this.screen.gl) this.fault = ["This browser has no WebGL 2.", "Turn on hardware acceleration, or use a browser of today."];
    this.sizes = new ResizeObserver(() => this.#fit() && again());
    this.sizes.observe(this.element);
    this.#hands();
  }

  end() {
    this.sizes.disconnect();
    this.screen.end();
  }

  /** Words in the place of A's picture, of B's, or of both: [problem, remedy] or null. */
  say(a, b) {
    const both = this.fault ?? null;
    [both ?? a, both ? null : b].forEach((words, index) => {
      const element = this.said[index];
      element.hidden = !words;
      if (words) element.replaceChildren(h("p", { class: "strong", text: words[0] }), h("p", { class: "second", text: words[1] }));
    });
    const mode = both ? "a" : (this.seen?.mode ?? "a");
    const line = { wipe: this.lineAt ?? 0, side: this.canvas.clientWidth / 2 }[mode];
    this.said[0].style.setProperty("right", line === undefined ? "0" : `${this.canvas.clientWidth - line}px`);
    this.said[1].style.setProperty("left", line === undefined ? "0" : `${line}px`);
  }

  /** Whether it has a size and a graphics card to draw with. */
  get ready() {
    return this.screen.works && this.canvas.width > 1;
  }

  /** Canvas pixels of one side's room. */
  room(mode) {
    const { width, height } = this.canvas;
    return [mode === "side" ? Math.floor(width / 2) - 1 : width, height];
  }

  /** Canvas pixels for one of the frame's, where all of the display window is seen. */
  fitting(display, mode) {
    const [left, top, right, bottom] = display;
    const [wide, high] = this.room(mode);
    return Math.min(wide / (right + 1 - left), high / (bottom + 1 - top));
  }

  /**
   * Shows `seen`: what Screen.draw takes, but zoom ('fit' or canvas pixels for one of the frame's), x, y (the
   * middle, in A's frame; null: of the display window), and display (A's). Draws at once.
   */
  show(seen) {
    this.#fit();
    const [left, top, right, bottom] = seen.display;
    const fit = seen.zoom === "fit";
    const scale = fit ? this.fitting(seen.display, seen.mode) : seen.zoom;
    const middle = [(left + right + 1) / 2, (top + bottom + 1) / 2];
    const centre = fit ? middle : [seen.x ?? middle[0], seen.y ?? middle[1]];
    // on whole pixels, so that at 1:1 each is one of the screen's and none is a mixture
    const room = this.room(seen.mode);
    this.centre = centre.map((place, axis) => room[axis] / 2 / scale - Math.round(room[axis] / 2 - place * scale) / scale);
    this.scale = scale;
    this.seen = seen;
    const at = left + seen.at * (right + 1 - left);
    const drawn = this.screen.draw({ ...seen, centre: this.centre, scale, at, surround: SURROUND });
    this.#line(at);
    return drawn;
  }

  /** Marks ({box, words}) and drawings ({points, width, colour}) over the picture, in A's frame. */
  overlay(marks, drawn) {
    const ratio = this.canvas.width / Math.max(this.canvas.clientWidth, 1);
    const [wide, high] = [this.canvas.clientWidth, this.canvas.clientHeight];
    this.over.setAttribute("viewBox", `0 0 ${wide} ${high}`);
    this.over.replaceChildren();
    if (!this.seen) return;
    for (let side = 0; side < (this.seen.mode === "side" ? 2 : 1); side += 1) {
      for (const mark of marks) this.#mark(mark, side, ratio);
      this.over.append(strokes(drawn, (point) => this.#place(point, side).map((v) => v / ratio), this.scale / ratio));
    }
  }

  /** The pixel of A's frame at a place of the window; `side`: 1 right of the middle, side by side. */
  under(event) {
    if (!this.seen) return null;
    const box = this.canvas.getBoundingClientRect();
    const ratio = this.canvas.width / Math.max(box.width, 1);
    const room = this.room(this.seen.mode);
    const [x, y] = [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
    const side = this.seen.mode === "side" && x >= this.canvas.width - room[0] ? 1 : 0;
    const across = x - side * (this.canvas.width - room[0]);
    return { x: (across - room[0] / 2) / this.scale + this.centre[0], y: (y - room[1] / 2) / this.scale + this.centre[1], side };
  }

  /** Zooms by `factor` so that what is under the pointer (null: the middle) stays where it is. */
  zoom(factor, at = null) {
    const scale = Math.min(MOST, Math.max(LEAST, this.scale * factor));
    const place = at ?? { x: this.centre[0], y: this.centre[1] };
    const kept = this.scale / scale;
    this.moved({ zoom: round(scale, 4), x: round(place.x + (this.centre[0] - place.x) * kept, 2), y: round(place.y + (this.centre[1] - place.y) * kept, 2) });
  }

  /** Where a place of A's frame is on the canvas. */
  #place([x, y], side) {
    const room = this.room(this.seen.mode);
    const shift = side ? this.canvas.width - room[0] : 0;
    return [(x - this.centre[0]) * this.scale + room[0] / 2 + shift, (y - this.centre[1]) * this.scale + room[1] / 2];
  }

  #mark({ box, words }, side, ratio) {
    const [left, top] = this.#place([box[0], box[1]], side).map((v) => v / ratio);
    const [right, bottom] = this.#place([box[2] + 1, box[3] + 1], side).map((v) => v / ratio);
    const size = { x: left, y: top, width: Math.max(right - left, 2), height: Math.max(bottom - top, 2) };
    this.over.append(svg("rect", { class: "mark-dark", ...size }), svg("rect", { class: "mark-light", ...size }));
    const text = svg("text", { class: "mark-words", x: left + 4, y: Math.max(top - 5, 12) });
    text.textContent = words;
    this.over.append(text);
  }

  #line(at) {
    const wipes = this.seen.mode === "wipe";
    this.line.hidden = !wipes;
    if (!wipes) return;
    const x = (this.#place([at, 0], 0)[0] / this.canvas.width) * this.canvas.clientWidth;
    this.lineAt = Math.min(Math.max(x, 0), this.canvas.clientWidth);
    this.line.style.setProperty("left", `${this.lineAt}px`);
  }

  #lost() {
    this.fault = ["The graphics card was taken away from the page.", "It goes on by itself when it is back; if it does not, load the page again."];
    this.say(null, null);
  }

  #back() {
    this.fault = null;
    this.again();
  }

  // The canvas has the screen's own pixels. Whether it became another size.
  #fit() {
    const ratio = devicePixelRatio || 1;
    const wide = Math.max(1, Math.round(this.element.clientWidth * ratio));
    const high = Math.max(1, Math.round(this.element.clientHeight * ratio));
    if (this.canvas.width === wide && this.canvas.height === high) return false;
    Object.assign(this.canvas, { width: wide, height: high });
    return true;
  }

  #hands() {
    const { element } = this;
    element.addEventListener("pointerdown", (event) => this.#take(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => (this.hand = null));
    element.addEventListener("pointerleave", () => this.pointed(null));
    element.addEventListener("dblclick", () => this.moved({ zoom: null, x: null, y: null }));
    element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  #take(event) {
    if (!this.seen || event.button > 1) return;
    const at = this.under(event);
    const [left, , right] = this.seen.display;
    const near = Math.abs(at.x - (left + this.seen.at * (right + 1 - left))) * this.scale * (this.canvas.clientWidth / this.canvas.width);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const wipes = this.seen.mode === "wipe" && event.button === 0 && near <= NEAR * rem;
    this.hand = { wipes, x: event.clientX, y: event.clientY, centre: [...this.centre] };
    this.element.setPointerCapture(event.pointerId);
    this.element.focus({ preventScroll: true });
  }

  #move(event) {
    const at = this.under(event);
    this.pointed(at);
    if (!this.hand || !at) return;
    const [left, , right] = this.seen.display;
    if (this.hand.wipes) {
      this.moved({ at: round(Math.min(1, Math.max(0, (at.x - left) / (right + 1 - left))), 4) });
      return;
    }
    const ratio = this.canvas.width / this.canvas.clientWidth / this.scale;
    const [x, y] = [this.hand.centre[0] - (event.clientX - this.hand.x) * ratio, this.hand.centre[1] - (event.clientY - this.hand.y) * ratio];
    if (Math.hypot(event.clientX - this.hand.x, event.clientY - this.hand.y) > 3) this.moved({ zoom: round(this.scale, 4), x: round(x, 2), y: round(y, 2) });
  }

  #wheel(event) {
    if (!this.seen) return;
    event.preventDefault();
    this.zoom(2 ** (-event.deltaY / (event.deltaMode ? 6 : 300)), this.under(event));
  }
}

export function round(value, digits) {
  return Number(value.toFixed(digits));
}
