/** The values under the pointer: of both sides, from the files themselves. */

import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";

const REST = 60; // ms that the pointer stays before a file is asked

/** A number of a pixel: three digits behind the point, as compositors read it. */
function figure(value) {
  return typeof value === "number" ? value.toFixed(3) : String(value);
}

/** The strip. `spec("a" | "b")`: as of frames.js; `frame()`: where one is; `shots`: {a, b} as they are seen. */
export class Values {
  constructor(spec, frame) {
    Object.assign(this, { spec, frame, shots: { a: null, b: null }, stop: null });
    this.place = h("span", { class: "second values-place" });
    this.sides = { a: h("span", { class: "values-side", data: { side: "a" } }), b: h("span", { class: "values-side", data: { side: "b" } }) };
    this.apart = h("span", { class: "second" });
    this.from = h("span", { class: "quiet not-narrow" });
    this.element = h("div", { class: "values row", aria: { label: "Values under the pointer" } }, icon("cross", 14), this.place, this.sides.a, this.sides.b, this.apart, h("span", { class: "grow" }), this.from);
    this.clear();
  }

  end() {
    clearTimeout(this.timer);
    this.stop?.abort();
  }

  clear() {
    this.place.textContent = "Point at a pixel";
    for (const element of [this.sides.a, this.sides.b, this.apart, this.from]) element.replaceChildren();
    delete this.element.dataset.at;
  }

  /** The pixel of A's frame under the pointer; null: none. */
  at(place) {
    this.end();
    if (!place) return void this.clear();
    const [x, y] = [Math.floor(place.x), Math.floor(place.y)];
    this.place.textContent = `${x}, ${y}`;
    this.timer = setTimeout(() => this.#ask(place, x, y), REST);
  }

  async #ask(place, x, y) {
    this.stop = new AbortController();
    const frame = this.frame();
    const other = this.#onB(place);
    const [a, b] = await Promise.all([this.#side("a", x, y, frame), this.#side("b", other[0], other[1], frame)]);
    if (a === undefined || b === undefined) return;
    this.#show("a", a);
    this.#show("b", b);
    this.apart.textContent = stops(a, b);
    const space = a?.space ?? b?.space ?? "";
    this.from.textContent = space === "data" ? "numbers from the EXR" : `${space ? `${space} ` : ""}values from the EXR`;
    this.element.dataset.at = `${frame} ${x} ${y}`;
  }

  // B's frame may have another size: they lie over each other by their display windows
  #onB({ x, y }) {
    const { a, b } = this.shots;
    if (!a || !b) return [Math.floor(x), Math.floor(y)];
    const across = (from, to, i, value) => to[i] + ((value - from[i]) * (to[i + 2] + 1 - to[i])) / (from[i + 2] + 1 - from[i]);
    return [Math.floor(across(a.display, b.display, 0, x)), Math.floor(across(a.display, b.display, 1, y))];
  }

  /** What a file has; null where it has nothing, undefined where nobody wants to know any more. */
  async #side(name, x, y, frame) {
    const { id, side, variation, view, layer } = this.spec(name);
    try {
      return await api.get(`/takes/${id}/frames/${frame}/pixel?${api.query({ x, y, side, variation, view, layer })}`, { signal: this.stop.signal });
    } catch (error) {
      return error.name === "AbortError" ? undefined : null;
    }
  }

  #show(name, found) {
    const values = Object.entries(found?.values ?? {});
    const said = values.length ? values.map(([channel, value]) => h("span", { class: "value", title: channel, data: { channel }, text: figure(value) })) : [h("span", { class: "quiet", text: "nothing there" })];
    fill(this.sides[name], h("span", { class: "strong", text: name.toUpperCase() }), said);
  }
}

/** How far apart two colours are, in stops of their mean. */
function stops(a, b) {
  const mean = (one) => ["R", "G", "B"].reduce((sum, channel) => sum + Number(one?.values?.[channel]), 0) / 3;
  const [first, second] = [mean(a), mean(b)];
  if (!(first > 0 && second > 0) || a.space === "data") return "";
  const apart = Math.log2(first / second);
  if (Math.abs(apart) < 0.005) return "A is as bright as B";
  return `A is ${Math.abs(apart).toFixed(2)} stops ${apart < 0 ? "under" : "over"} B`;
}
