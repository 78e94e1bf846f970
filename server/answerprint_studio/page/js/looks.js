/** Looks: the displays and views that a take can be seen through, and their tables as they are needed. */

import * as api from "./api.js";

const POINTS = 65;

export class Looks {
  constructor(id, arrived) {
    Object.assign(this, { id, arrived, all: [], first: { display: "", view: "" }, held: new Map(), stop: new AbortController() });
  }

  end() {
    this.stop.abort();
  }

  async open() {
    const said = await api.get(`/looks?${api.query({ take: this.id })}`).catch(() => ({ displays: [] }));
    this.all = said.displays.flatMap(({ name, views }) => views.map((view) => [name, view]));
    this.first = said.default ?? { display: "", view: "" };
  }

  /** The display and view that are meant; those that there are not mean the default ones. */
  named(display, view) {
    return this.all.some(([d, v]) => d === display && v === view) ? { display, view } : this.first;
  }

  /** A view's table: {points, texels, shaper}; null where it has not come yet. */
  get(display, view) {
    const named = this.named(display, view);
    if (!named.display) return AS_IT_IS;
    const key = api.query({ take: this.id, ...named, size: POINTS });
    if (!this.held.has(key)) {
      this.held.set(key, null);
      this.#fetch(key);
    }
    return this.held.get(key);
  }

  async #fetch(key) {
    try {
      const response = await api.bytes(`/looks/lut?${key}`, { signal: this.stop.signal });
      const texels = new Uint16Array(await response.arrayBuffer());
      const shaper = (response.headers.get("X-Shaper") ?? "").split(" ").slice(1).map(Number);
      const points = Math.round(Math.cbrt(texels.length / 3));
      const whole = points ** 3 * 3 === texels.length && points > 1 && shaper.length === 3 && shaper.every(Number.isFinite);
      this.held.set(key, whole ? { points, texels, shaper } : AS_IT_IS);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.held.set(key, AS_IT_IS); // seen without a view rather than not at all
    }
    this.arrived();
  }
}

const AS_IT_IS = Object.freeze({ points: 0, texels: new Uint16Array(3), shaper: [0, 1, 0] });
