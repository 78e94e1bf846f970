/** Decisions: approve, retake, note, promote, and taking one back. What will happen stands before the button.
 *
 * `take` is a document of GET /takes/ID, or a card of the wall, or a list of them. All return what the
 * service kept, or null where the person thought better of it.
 */

import { get, post, query } from "./api.js";
import { dialog } from "./dialog.js";
import { h, fill } from "./dom.js";
import { icon } from "./icons.js";
import * as keys from "./keys.js";
import * as words from "./words.js";

const MOST_NOTE = 65_536; // bytes of UTF-8: what a statement may hold
const BACK = 10_000; // ms in which a decision is taken back by one key
const drafts = new Map(); // take id -> note that was written and not sent
const DONE = { approved: "Approved", retake: "Retake asked for", note: "Note kept on", withdrawn: "Taken back:" };

let last = null; // {run, at}: what Ctrl+Z takes back

export function approve(take, ctx, { variation = "" } = {}) {
  return statement([take].flat(), ctx, { state: "approved", variation });
}

/** snapshot: an element that shows the frame with its drawings; frame: the one that is seen. */
export function retake(take, ctx, { frame = null, variation = "", drawings = [], snapshot = null } = {}) {
  return statement([take].flat(), ctx, { state: "retake", frame, variation, drawings, snapshot });
}

export function note(take, ctx, { frame = null, variation = "", drawings = [], snapshot = null, text = "" } = {}) {
  return statement([take].flat(), ctx, { state: "note", frame, variation, drawings, snapshot, text });
}

/** Adds a statement that takes the standing decision back; nothing is erased. */
export async function withdraw(take, ctx) {
  const kept = await sendAll([take].flat(), ctx, { state: "withdrawn", note: "", frame: null, variation: "", drawings: [] });
  if (kept) ctx.toast(`Taken back: ${named([take].flat())}.`);
  return kept;
}

/** Ctrl+Z: the decision of the last seconds. */
export function takeBack() {
  if (!last || Date.now() - last.at > BACK) return false;
  const { run } = last;
  last = null;
  run();
  return true;
}

function named(takes) {
  return takes.length === 1 ? words.title(takes[0]) : words.many(takes.length, "take");
}

function allowed(ctx) {
  if (ctx.me.canDecide) return true;
  ctx.fault({ problem: "This page cannot decide.", remedy: ctx.me.why });
  return false;
}

// One dialog for all statements

const KINDS = {
  approved: { title: "Approve", mark: "approved", button: "Approve", label: "Note", hint: "if you like", needs: false },
  retake: { title: "Retake", mark: "retake", button: "Send retake", label: "Note", hint: "needed", needs: true },
  note: { title: "Note on", mark: "note", button: "Keep note", label: "Note", hint: "", needs: true },
};

function statement(takes, ctx, given) {
  if (!takes.length || !allowed(ctx)) return Promise.resolve(null);
  return new Promise((resolve) => new Statement(takes, ctx, given, resolve));
}

class Statement {
  constructor(takes, ctx, given, resolve) {
    Object.assign(this, { takes, ctx, given, resolve, kind: KINDS[given.state], kept: null, whole: given.frame === null });
    // The dialog is there at once, so that nothing that is typed is lost; what was decided so far is read meanwhile.
    this.full = Promise.all(takes.map((take) => (take.seen ? take : get(`/takes/${take.id}`))));
    this.full.catch((error) => this.say(error.problem ?? "The take cannot be read.", error.remedy));
    this.key = takes.map((take) => take.id).join(" ") + given.state;
    this.note = h("textarea", { class: "input note", rows: this.kind.needs ? "6" : "3", maxlength: String(MOST_NOTE), spellcheck: "true", data: { focus: "first" }, aria: { label: `Note, ${this.kind.hint}`, required: String(this.kind.needs) }, on: { input: () => this.typed() } });
    this.note.value = given.text || drafts.get(this.key) || "";
    this.trouble = h("p", { class: "dialog-trouble fail", role: "alert", hidden: true });
    this.marks = h("div", { class: "marks-list" });
    this.send = h("button", { class: `button decision primary`, type: "button", on: { click: () => this.sent() } }, icon(this.kind.mark, 16), this.kind.button, keys.caps("Ctrl+Enter").map((cap) => h("kbd", { class: "key", text: cap })));
    this.open = dialog({
      title: `${this.kind.title} ${named(takes)}`,
      mark: this.kind.mark,
      size: given.snapshot ? "large" : "small",
      body: [given.snapshot ? h("div", { class: "snapshot dark" }, given.snapshot) : null, h("div", { class: "dialog-side" }, this.parts())],
      foot: [h("p", { class: "row second grow signed" }, icon("shield", 14), h("span", { text: this.signed() })), h("button", { class: "button decision", type: "button", text: "Cancel", on: { click: () => this.open.close() } }), this.send],
      handlers: { send: () => this.sent() },
      closed: () => resolve(this.kept),
    });
    this.typed();
    if (given.state === "retake" && takes.length === 1) this.findings();
  }

  parts() {
    return [
      takesOf(this.takes),
      this.checks(),
      h("p", { class: "row" }, h("span", { class: "strong", text: this.kind.label }), h("span", { class: "second", text: this.kind.hint })),
      this.note,
      this.frames(),
      this.marks,
      h("p", { class: "second", text: this.outcome() }),
      this.trouble,
    ];
  }

  /** What the checks say is read before it is approved. */
  checks() {
    if (this.given.state !== "approved") return null;
    const told = this.takes.filter((take) => take.qc !== "pass");
    return told.map((take) => {
      const { icon: mark, word, tone } = words.checks(take);
      return h("p", { class: "row told" }, h("span", { class: tone }, icon(mark, 14)), h("span", { text: this.takes.length > 1 ? `${words.title(take)}: ${take.reason || word}` : take.reason || word }));
    });
  }

  frames() {
    const { frame } = this.given;
    if (frame === null || this.given.state === "approved") return null;
    const one = h("button", { class: "button", type: "button", role: "radio", text: `Frame ${frame}` });
    const all = h("button", { class: "button", type: "button", role: "radio", text: "All frames" });
    const draw = () => {
      one.setAttribute("aria-checked", String(!this.whole));
      all.setAttribute("aria-checked", String(this.whole));
    };
    one.addEventListener("click", () => { this.whole = false; draw(); });
    all.addEventListener("click", () => { this.whole = true; draw(); });
    draw();
    return h("div", { class: "choices wide", role: "group", aria: { label: "Which frames it is about" } }, one, all);
  }

  outcome() {
    const [take] = this.takes;
    const drawn = this.given.drawings?.length ? " Your drawing is kept with it." : "";
    if (this.given.state === "note") return `Everybody sees it; it decides nothing.${drawn}`;
    if (this.given.state === "retake") return `${take.artist || "The artist"} sees it in Nuke and Houdini within seconds. Nothing is deleted.${drawn}`;
    const which = this.takes.length === 1 ? `${take.take} becomes the latest approved take of ${take.shot || take.title}` : "They become the latest approved takes of their shots";
    return `${which}. Nuke and Houdini see it within seconds.`;
  }

  signed() {
    const name = this.ctx.me.name || this.ctx.me.login;
    return this.given.state === "note" ? `Signed as ${name}.` : `Signed as ${name} for these pixels.`;
  }

  /** What the gates found can go along with the note: it is words there, as everything that is sent. */
  async findings() {
    const found = await get(`/takes/${this.takes[0].id}/qc`).catch(() => null);
    const few = (found?.findings ?? []).slice(0, 6);
    if (!few.length) return;
    fill(this.marks, h("p", { class: "strong", text: "Marks to send along" }), few.map((one) => h("label", { class: "row" }, h("input", { type: "checkbox", class: "check", value: one.words }), h("span", { class: "fail" }, icon("mark", 10)), h("span", { class: "cut", title: one.words, text: one.words }))));
  }

  text() {
    const along = [...this.marks.querySelectorAll("input:checked")].map((box) => box.value);
    return [this.note.value.trim(), ...along].filter(Boolean).join("\n");
  }

  typed() {
    drafts.set(this.key, this.note.value);
    this.send.disabled = this.kind.needs && !this.note.value.trim();
  }

  say(problem, remedy = "") {
    this.trouble.hidden = false;
    this.trouble.textContent = [problem, remedy].filter(Boolean).join(" ");
  }

  async sent() {
    if (this.sending) return;
    const text = this.text();
    if (this.kind.needs && !this.note.value.trim()) return this.say("A note is needed: what should be different?");
    const size = new TextEncoder().encode(text).length;
    if (size > MOST_NOTE) return this.say(`The note has ${size.toLocaleString("en")} bytes, and ${MOST_NOTE.toLocaleString("en")} are the most.`, "Shorten it.");
    this.sending = this.send.disabled = true;
    const { state, frame = null, variation = "", drawings = [] } = this.given;
    try {
      this.kept = await sendAll(await this.full, this.ctx, { state, note: text, frame: this.whole ? null : frame, variation, drawings });
    } catch (error) {
      return this.say(error.problem ?? "The page could not send it.", error.remedy);
    } finally {
      this.sending = this.send.disabled = false;
    }
    if (!this.kept) return;
    drafts.delete(this.key);
    this.open.close();
    told(this.takes, this.ctx, state);
  }
}

function takesOf(takes) {
  if (takes.length < 2) return null;
  return h("ul", { class: "takes-list" }, takes.map((take) => h("li", { class: "cut", text: words.title(take) })));
}

function told(takes, ctx, state) {
  const text = `${DONE[state]} ${named(takes)}.`;
  if (state === "note") return ctx.toast(text);
  // What it was taken on has changed by our own decision: what we saw is ours and theirs.
  const run = async () => {
    const now = await Promise.all(takes.map((take) => get(`/takes/${take.id}`)));
    await withdraw(now, ctx);
  };
  last = { at: Date.now(), run: () => run().catch(ctx.fault) };
  ctx.toast(text, { action: { words: `Take back ${keys.hint("take_back")}`, run: () => takeBack() } });
}

// Sending, and what to do where somebody else was first

async function sendAll(takes, ctx, body) {
  const kept = [];
  for (const take of takes) {
    const one = await send(take, ctx, body);
    if (!one) return kept.length ? kept : null;
    kept.push(one);
  }
  return kept.length === 1 ? kept[0] : kept;
}

async function send(take, ctx, body) {
  const path = `/takes/${take.id}/reviews`;
  try {
    return await post(path, { ...body, seen: take.seen ?? [] });
  } catch (error) {
    if (error.status !== 409 || !Array.isArray(error.body.reviews)) throw error;
    if (!(await conflict(take, error, body.state))) return null;
    const seen = [...new Set([...(take.seen ?? []), ...error.body.reviews.map((one) => one.id).filter(Boolean)])];
    return post(path, { ...body, seen, force: true });
  }
}

/** Somebody decided while this page was open: shown, then asked once more. */
function conflict(take, error, state) {
  const verb = { approved: "Approve anyway", retake: "Ask for the retake anyway", withdrawn: "Take back anyway" }[state] ?? "Keep it anyway";
  return new Promise((resolve) => {
    let answer = false;
    const decide = (value) => () => {
      answer = value;
      open.close();
    };
    const unseen = error.body.reviews.filter((one) => one.id && !(take.seen ?? []).includes(one.id));
    const open = dialog({
      title: `Somebody decided on ${take.take} meanwhile`,
      mark: "warn",
      body: h("div", { class: "dialog-side" }, h("ul", { class: "reviews" }, unseen.map(review)), h("p", { class: "second", text: "Both decisions stay in the take's history. Where an approval and a retake meet unseen, the retake counts." })),
      foot: [h("button", { class: "button decision", type: "button", text: verb, on: { click: decide(true) } }), h("button", { class: "button decision primary", type: "button", text: "Leave it as it is", on: { click: decide(false) } })],
      closed: () => resolve(answer),
    });
  });
}

/** One statement in words: who, what, when, the note. */
export function review(one) {
  const [mark, word] = { approved: ["approved", "approved"], retake: ["retake", "asked for a retake"], withdrawn: ["withdrawn", "took it back"], note: ["note", "wrote"] }[one.state] ?? ["note", one.state];
  const where = one.frame === null || one.frame === undefined ? "" : `, frame ${one.frame}`;
  return h("li", { class: "review" }, h("p", { class: "row" }, icon(mark, 14), h("span", { class: "strong", text: one.by }), h("span", { text: word }), h("span", { class: "second", text: `${words.when(one.created)}${where}` })), one.note ? h("p", { class: "review-note", text: one.note }) : null, one.counts === false && one.why ? h("p", { class: "second", text: one.why }) : null);
}

/** A variation of a wedge becomes a take of its own: what it does and costs is asked of the service first. */
export async function promote(take, ctx, { variation }) {
  if (!allowed(ctx)) return null;
  const plan = await get(`/takes/${take.id}/promote?${query({ variation })}`);
  return new Promise((resolve) => {
    let kept = null;
    const trouble = h("p", { class: "dialog-trouble fail", role: "alert", hidden: true });
    const run = async () => {
      button.disabled = true;
      try {
        kept = await post(`/takes/${take.id}/promote`, { variation });
        open.close();
        ctx.toast(kept.job ? `${variation} is being made.` : `${variation} is a take of its own.`, kept.id ? { action: { words: "Open", run: () => ctx.take(kept.id) } } : {});
      } catch (error) {
        trouble.hidden = false;
        trouble.textContent = [error.problem ?? "The page could not send it.", error.remedy].filter(Boolean).join(" ");
      } finally {
        button.disabled = false;
      }
    };
    const button = h("button", { class: "button decision primary", type: "button", on: { click: run } }, icon("promote", 16), "Promote");
    const open = dialog({ title: `Promote ${variation} of ${words.title(take)}`, mark: "promote", body: h("div", { class: "dialog-side" }, h("p", { text: plan.words }), costs(plan.cost), trouble), foot: [h("span", { class: "grow" }), h("button", { class: "button decision", type: "button", text: "Cancel", on: { click: () => open.close() } }), button], handlers: { send: run }, closed: () => resolve(kept) });
  });
}

/** What it costs, as a line; null where nobody set a price. */
export function costs(cost) {
  if (cost === null || cost === undefined || cost === "") return null;
  const text = typeof cost === "string" ? cost : cost.amount >= 0.005 ? `About ${words.money(cost.amount, cost.currency)}.` : "";
  return text ? h("p", { class: "second", text }) : null;
}
