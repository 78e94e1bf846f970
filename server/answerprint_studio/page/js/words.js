/** Words for what a take is: checks, states, times, money. One place, so that the wall and the player say the same. */

/** Of a verdict: its icon, its word and its tone. The service words it: 'Warn · 3 frames', 'Fail · NaN on 1044'. */
export function checks(take) {
  const soFar = take.qc_so_far ?? ["running", "stopped", "not_finished"].includes(take.state);
  const [icon, word] = CHECKS[take.qc] ?? CHECKS.unknown;
  const said = take.word || word;
  if (take.qc === "pass") return soFar ? { icon: "so_far", word: said === word ? "Pass so far" : said, tone: "" } : { icon, word: said, tone: "pass" };
  return { icon, word: said, tone: { warn: "warn", fail: "fail", "not judged": "second" }[take.qc] ?? "" };
}

export const CHECKS = Object.freeze({ pass: ["pass", "Pass"], warn: ["warn", "Warn"], fail: ["fail", "Fail"], unknown: ["unknown", "Could not judge"], "not judged": ["unjudged", "Not checked yet"] });

export const STATES = Object.freeze({
  to_review: ["to_review", "To review"],
  approved: ["approved", "Approved"],
  retake: ["retake", "Retake asked"],
  running: ["running", "Running"],
  queued: ["queued", "Queued"],
  stopped: ["stopped", "Stopped"],
  held_back: ["held_back", "Held back"],
  not_finished: ["not_finished", "Not finished"],
});

/** Of a take's place in review: icon and words: 'Running 43 % · 1041'. */
export function state(take) {
  const [icon, word] = STATES[take.state] ?? ["unknown", String(take.state)];
  const { done = 0, total = 0, frame = null, ahead = null } = take.progress ?? {};
  if (take.state === "running") {
    const share = total ? ` ${percent(done, total)} %` : "";
    return { icon, word: `${word}${share}`, rest: frame === null ? "" : `· ${frame}` };
  }
  if (take.state === "stopped" && frame !== null) return { icon, word: `Stopped at ${frame}`, rest: "" };
  if (take.state === "queued" && ahead !== null) return { icon, word: "Queued", rest: `· ${ahead} ahead` };
  return { icon, word, rest: "" };
}

export function percent(done, total) {
  return total ? Math.floor((100 * done) / total) : 0;
}

export function frames(count) {
  return count === 1 ? "1 frame" : `${count} frames`;
}

/** count of noun: '1 take', '12 takes'. */
export function many(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** How long ago, as short as a card needs it. */
export function age(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return "now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  if (seconds < 14 * 86400) return `${Math.floor(seconds / 86400)} d`;
  return `${Math.floor(seconds / (7 * 86400))} wk`;
}

export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** $1.26, and 'so far' where more comes; how long it took where nobody set a price. */
export function cost(take) {
  if (take.cost && Number.isFinite(take.cost.amount)) return `${money(take.cost.amount, take.cost.currency)}${take.cost.so_far ? " so far" : ""}`;
  return Number.isFinite(take.seconds) && take.seconds > 0 ? `${duration(take.seconds)}${take.state === "running" ? " so far" : ""}` : "";
}

export function money(amount, currency = "USD") {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency, currencyDisplay: "narrowSymbol" }).format(amount);
  } catch {
    return `${amount.toFixed(2)} ${currency}`;
  }
}

/** A time of the service as a person says it: today 14:32, 21 Nov 09:14. */
export function when(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const now = new Date();
  if (at.toDateString() === now.toDateString()) return time;
  const year = at.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short", year })} ${time}`;
}

/** A person in little room: Ada O., and AO. */
export function shortName(name) {
  const parts = String(name ?? "").trim().split(/\s+/).filter(Boolean);
  return parts.length > 1 ? `${parts[0]} ${[...parts.at(-1)][0].toUpperCase()}.` : (parts[0] ?? "");
}

export function initials(name) {
  const parts = String(name ?? "").trim().split(/[\s._-]+/).filter(Boolean);
  const letters = parts.length > 1 ? [parts[0], parts.at(-1)].map((part) => [...part][0]) : [...(parts[0] ?? "?")].slice(0, 2);
  return letters.join("").toUpperCase();
}

/** A take as people name it: 010_0020 denoise v003. */
export function title(take) {
  return [take.shot || take.title, take.task, take.take].filter(Boolean).join(" ");
}
