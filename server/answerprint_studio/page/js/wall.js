/** The wall: what waits for review, what runs, what is done; only what is near the screen has elements. */

import { get } from "./api.js";
import { card, line } from "./card.js";
import * as decide from "./decide.js";
import { h, fill, rem } from "./dom.js";
import { clear, filters, rail, tabs } from "./filters.js";
import { icon } from "./icons.js";
import * as keys from "./keys.js";
import * as layout from "./layout.js";
import { Takes } from "./takes.js";
import { foot, top, tools } from "./wallbars.js";
import { go, on, route } from "./state.js";
import * as words from "./words.js";

const NONE = "No takes yet. They appear here as soon as one is submitted from Nuke, Houdini or the shell.";
const NEAR = 600; // px above and below the screen that have elements

/** Puts a card in place of the old one, whose picture is seen until that of the new one has come. */
function replace(before, after) {
  const [old, image] = [before, after].map((one) => one.querySelector("img"));
  if (old && image && old.src === image.src) image.replaceWith(old);
  else if (old && image) {
    image.before(old);
    for (const end of ["load", "error"]) image.addEventListener(end, () => old.remove());
  }
  before.replaceWith(after);
}

export function mount(element, ctx) {
  const wall = new Wall(element, ctx);
  return { unmount: () => wall.end() };
}

class Wall {
  constructor(element, ctx) {
    this.ctx = ctx;
    this.shown = new Map(); // id -> {element, was}
    this.more = new Set(); // ids selected beside the one that has the frame
    this.spoken = new Map(); // id -> the last quarter that was said
    this.takes = new Takes((kind) => this.changed(kind));
    this.filters = rail();
    this.tabs = tabs();
    this.tools = tools(this, ctx);
    this.foot = foot(this, ctx);
    this.sheet = h("div", { class: "wall-sheet", role: "listbox", tabindex: "0", aria: { label: "Takes", multiselectable: "true" } });
    this.scroll = h("main", { class: "wall-scroll", data: { region: "takes" } }, this.sheet);
    this.top = top(this, ctx);
    element.append(this.top.element, h("nav", { class: "wall-tabs", aria: { label: "States and order" }, data: { region: "states" } }, this.tabs.element, h("span", { class: "grow" }), this.tools.element), h("div", { class: "wall-main" }, this.filters.element, this.scroll), this.foot.element);
    this.offs = [on((now, before) => this.routed(now, before)), ctx.onEvents((event) => this.event(event)), keys.scope("wall", this.handlers()), this.top.off];
    this.listen();
    this.load();
  }

  end() {
    for (const off of this.offs) off();
    this.takes.end();
    this.sized.disconnect();
    clearInterval(this.clock);
    cancelAnimationFrame(this.waiting);
  }

  listen() {
    this.scroll.addEventListener("scroll", () => this.soon(), { passive: true });
    this.sheet.addEventListener("click", (event) => this.clicked(event));
    this.sheet.addEventListener("pointerdown", (event) => { this.pressed = event.button === 0; });
    for (const end of ["pointerup", "pointercancel", "blur"]) {
      const released = () => this.released();
      addEventListener(end, released);
      this.offs.push(() => removeEventListener(end, released));
    }
    this.sheet.addEventListener("focus", () => this.outline(true));
    this.sized = new ResizeObserver(() => this.lay());
    this.sized.observe(this.scroll);
    this.clock = setInterval(() => this.draw(true), 60_000); // ages
  }

  // What is asked for and how it is laid out

  get params() {
    return route().params;
  }

  get by() {
    return this.params.group ?? "sequence";
  }

  get list() {
    return this.params.as === "list";
  }

  asked() {
    const { sort = "cut", all } = this.params;
    return { ...filters(this.params), group: this.by === "none" ? "" : this.by, sort, newest: all ? "" : "true" };
  }

  load() {
    this.key = JSON.stringify(this.asked());
    this.sheet.setAttribute("aria-busy", "true");
    this.takes.load(this.asked());
  }

  routed(now, before) {
    if (now.view !== "wall") return;
    if (JSON.stringify(this.asked()) !== this.key) {
      this.more.clear();
      this.load();
    } else if (now.params.as !== before.params.as) {
      this.lay(true);
    } else {
      this.draw();
    }
    this.top.draw();
    this.tools.draw();
    this.filters.draw();
    this.tabs.draw(this.takes.counts);
    this.foot.draw();
  }

  event(event) {
    if (event.kind === "takes") this.takes.touch(event.ids);
    // What changed between the first list and the first event would not be told.
    if (event.kind === "back" || (event.kind === "open" && this.takes.loaded)) this.load();
    else if (event.kind === "open") this.again = true;
  }

  changed(kind) {
    this.sheet.setAttribute("aria-busy", "false");
    if (kind === "fault") return this.faulty();
    if (kind === "anew") {
      this.top.draw();
      this.filters.draw(this.takes.counts);
      this.tabs.draw(this.takes.counts);
      this.ctx.announce(words.many(this.takes.total, "take"));
    }
    if (kind === "cards") this.draw(true);
    else this.lay(kind === "anew");
    this.foot.draw();
    this.quarters();
    if (this.again && kind === "anew") {
      this.again = false;
      this.load();
    }
  }

  /** Progress is said at quarters, of the take that has the frame: a wall of voices helps nobody. */
  quarters() {
    const take = this.selected();
    if (!take || take.state !== "running") return;
    const quarter = Math.floor(words.percent(take.progress?.done ?? 0, take.progress?.total ?? 0) / 25) * 25;
    const before = this.spoken.get(take.id);
    this.spoken.set(take.id, quarter);
    if (before !== undefined && quarter > before) this.ctx.announce(`${words.title(take)}: ${quarter} %`);
  }

  lay(anew = false) {
    const width = this.sheet.clientWidth / rem();
    if (!width) return;
    this.plan = layout.rows(this.takes.cards, { by: this.by, width, list: this.list, isNarrow: innerWidth < 1366 });
    const rest = Math.max(0, this.takes.total - this.takes.cards.length);
    const unread = Math.ceil(rest / this.plan.count) * (this.plan.cardHeight + (this.list ? 0 : layout.SIZES.gap));
    this.sheet.style.setProperty("height", `${this.plan.height + unread}rem`);
    this.draw(true);
    if (anew) this.reveal();
  }

  forget() {
    this.shown.clear();
    this.sheet.replaceChildren();
  }

  soon(fresh = false) {
    this.fresh ||= fresh;
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      const all = this.fresh;
      this.fresh = false;
      this.draw(all);
    });
  }

  /** What was not drawn under a pressed pointer is drawn after the click that comes of it. */
  released() {
    if (!this.pressed) return;
    this.pressed = false;
    this.soon(true);
  }

  // What is drawn

  draw(fresh = false) {
    // A browser gives no click where the card that was pressed is another by the time it is let go.
    if (!this.plan || this.pressed) return;
    if (!this.takes.cards.length) return this.nothing();
    if (this.sheet.querySelector(".empty")) this.forget();
    const unit = rem();
    const from = (this.scroll.scrollTop - NEAR) / unit;
    const to = (this.scroll.scrollTop + this.scroll.clientHeight + NEAR) / unit;
    const [first, after] = layout.between(this.plan.rows, from, to);
    const wanted = new Map();
    for (const row of this.plan.rows.slice(first, after)) this.row(row, wanted, fresh);
    for (const [key, one] of this.shown) if (!wanted.has(key)) one.element.remove();
    this.shown = wanted;
    this.mark();
    if (to > this.plan.height && this.takes.next) this.takes.more().catch((error) => this.takes.failed(error));
  }

  row(row, wanted, fresh) {
    if (row.kind === "group") {
      const key = `group ${row.name} ${row.from}`;
      this.put(wanted, key, JSON.stringify(this.groupOf(row)), fresh, () => this.heading(row), 0, row.top, this.plan.rows, row.height);
      return;
    }
    for (let at = row.from; at < row.to; at += 1) {
      const take = this.takes.cards[at];
      const left = (at - row.from) * (this.plan.width + layout.SIZES.gap);
      const was = fresh || !this.shown.has(take.id) ? `${this.list} ${Math.floor(Date.now() / 60_000)} ${JSON.stringify(take)}` : null;
      const element = this.put(wanted, take.id, was, fresh, () => (this.list ? line(take) : card(take)), left, row.top, null, row.height);
      element.setAttribute("aria-posinset", at + 1);
      element.setAttribute("aria-setsize", this.takes.total);
    }
  }

  put(wanted, key, was, fresh, make, left, top, isWide, height) {
    let one = this.shown.get(key);
    if (!one || (was !== null && one.was !== was)) {
      const element = make();
      if (one) replace(one.element, element);
      else this.sheet.append(element);
      one = { element, was };
    }
    const style = one.element.style;
    style.setProperty("transform", `translate(${left}rem, ${top}rem)`);
    style.setProperty("width", isWide ? "100%" : `${this.plan.width}rem`);
    style.setProperty("height", `${height}rem`);
    wanted.set(key, one);
    return one.element;
  }

  groupOf(row) {
    const raw = this.takes.cards[row.from][this.by] ?? "";
    return this.takes.groups.find((group) => group.name === raw) ?? { name: raw, counts: {} };
  }

  heading(row) {
    const { counts, shots } = this.groupOf(row);
    const told = Object.entries(words.STATES).filter(([name]) => counts[name]);
    return h("div", { class: "group", role: "presentation" }, h("h2", { class: "strong", text: row.name }), shots && this.by !== "shot" ? h("span", { class: "second", text: words.many(shots, "shot") }) : null, told.map(([name, [, word]]) => h("span", { class: name === "to_review" ? "" : "second", text: `${counts[name]} ${word.toLowerCase()}` })));
  }

  nothing() {
    this.forget();
    if (!this.takes.loaded) return;
    const narrowed = Object.keys(filters(this.params)).length > 0;
    const text = h("p", { text: narrowed ? "No take fits what is asked for." : NONE });
    if (!narrowed) this.scanning(text);
    this.sheet.append(h("div", { class: "empty" }, text, narrowed ? h("button", { class: "button", type: "button", text: "Clear filters", on: { click: clear } }) : null));
  }

  /** A service that has just begun has not seen all folders yet: that is no empty wall. */
  async scanning(text) {
    const { ready } = await get("/health").catch(() => ({ ready: true }));
    if (!ready) text.textContent = "The folders of takes are being looked through. Takes appear here as they are found.";
  }

  faulty() {
    const { problem = "Something went wrong in the page.", remedy = "" } = this.takes.error;
    if (!this.takes.error.problem) console.error(this.takes.error);
    if (this.takes.loaded) return this.takes.error.status === 0 ? null : this.ctx.fault(this.takes.error);
    this.forget();
    this.sheet.append(h("div", { class: "empty" }, h("p", { class: "row" }, h("span", { class: "fail" }, icon("warn", 16)), h("span", { text: problem })), h("p", { class: "second", text: remedy }), h("button", { class: "button", type: "button", text: "Try again", on: { click: () => this.load() } })));
  }

  // What is selected

  index() {
    return this.takes.cards.findIndex((take) => take.id === this.params.selected);
  }

  selected() {
    return this.takes.cards[this.index()] ?? null;
  }

  /** All that are selected, in the order of the wall. */
  all() {
    const now = this.params.selected;
    return this.takes.cards.filter((take) => take.id === now || this.more.has(take.id));
  }

  select(at, { extend = false } = {}) {
    const take = this.takes.cards[Math.max(0, Math.min(this.takes.cards.length - 1, at))];
    if (!take) return;
    if (extend) this.extend(take);
    else this.more.clear();
    go({ selected: take.id }, { replace: true });
    this.reveal();
    this.mark();
    this.foot.draw();
  }

  extend(take) {
    const from = this.index();
    const to = this.takes.cards.indexOf(take);
    if (from < 0) return;
    for (let at = Math.min(from, to); at <= Math.max(from, to); at += 1) this.more.add(this.takes.cards[at].id);
  }

  mark() {
    const now = this.params.selected;
    for (const [id, { element }] of this.shown) {
      if (!element.dataset.id) continue;
      const on = id === now || this.more.has(id);
      element.setAttribute("aria-selected", String(on));
      element.classList.toggle("current", id === now);
    }
    const there = now && this.shown.has(now);
    if (there) this.sheet.setAttribute("aria-activedescendant", `take-${now}`);
    else this.sheet.removeAttribute("aria-activedescendant");
  }

  outline(focused) {
    if (focused && this.index() < 0) this.select(0);
  }

  reveal() {
    const at = this.index();
    const row = this.plan?.rows.find((one) => one.kind === "cards" && at >= one.from && at < one.to);
    if (!row) return;
    const unit = rem();
    const top = (row.top - layout.SIZES.group) * unit;
    const bottom = (row.top + row.height + layout.SIZES.gap) * unit;
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = Math.max(0, top);
    else if (bottom > this.scroll.scrollTop + this.scroll.clientHeight) this.scroll.scrollTop = bottom - this.scroll.clientHeight;
    this.draw();
  }

  clicked(event) {
    const found = event.target.closest("[data-id]");
    if (!found) return;
    const at = this.takes.cards.findIndex((take) => take.id === found.dataset.id);
    const again = this.params.selected === found.dataset.id && !event.shiftKey && !event.ctrlKey && !event.metaKey;
    if (again) return this.open();
    if (event.ctrlKey || event.metaKey) {
      if (this.params.selected) this.more.add(this.params.selected);
      this.more.add(found.dataset.id);
      go({ selected: found.dataset.id }, { replace: true });
      return;
    }
    this.select(at, { extend: event.shiftKey });
  }

  // What keys do

  handlers() {
    const step = (by, options) => () => this.step(by, options);
    return {
      left: step([-1, 0]),
      right: step([1, 0]),
      up: step([0, -1]),
      down: step([0, 1]),
      more_left: step([-1, 0], { extend: true }),
      more_right: step([1, 0], { extend: true }),
      open: () => this.open(),
      approve: () => this.decided(decide.approve),
      retake: () => this.decided(decide.retake),
      compare: () => this.compare(),
      search: () => this.top.search(),
      next: () => this.ctx.next(1),
      previous: () => this.ctx.next(-1),
    };
  }

  step([across, along], options) {
    const at = this.index();
    if (document.activeElement === document.body) this.sheet.focus({ preventScroll: true });
    if (at < 0) return this.select(0);
    if (across) return this.select(at + across, options);
    const lines = this.plan.rows.filter((row) => row.kind === "cards");
    const here = lines.findIndex((row) => at >= row.from && at < row.to);
    const there = lines[here + along];
    if (there) this.select(Math.min(there.to - 1, there.from + at - lines[here].from), options);
  }

  open() {
    const take = this.selected();
    if (take) this.ctx.take(take.id, take.variations > 1 ? { mode: "sheet" } : {});
  }

  compare() {
    const [a, b] = this.all();
    if (a) this.ctx.take(a.id, { mode: "wipe", a: a.id, b: b ? b.id : "plate" });
  }

  async decided(decision) {
    const chosen = this.all();
    if (!chosen.length) return this.ctx.toast("Select a take first.");
    try {
      if (await decision(chosen, this.ctx)) this.takes.touch(chosen.map((take) => take.id));
    } catch (error) {
      this.ctx.fault(error);
    }
  }
}
