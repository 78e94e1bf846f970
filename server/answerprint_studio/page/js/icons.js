/** Icons: our own drawings in a box of 16, lines of 1.5 with round ends. Checks have the shapes of road signs. */

const NS = "http://www.w3.org/2000/svg";

const CIRCLE = "M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 0 1 0-12.5z";
const CHECK = "M5.25 8.25l2 2l3.5-4.25";
const ARROW = "M3 3v3.5h3.5";

// A string is a line; ["fill", d] is filled, ["dash", d] dashed, ["cut", d] drawn in the surface's own colour.
const DRAWINGS = {
  // the mark
  answerprint: ["M3.25 2.75h9.5a1.5 1.5 0 0 1 1.5 1.5v7.5a1.5 1.5 0 0 1-1.5 1.5h-9.5a1.5 1.5 0 0 1-1.5-1.5v-7.5a1.5 1.5 0 0 1 1.5-1.5z", "M4.75 2.75v10.5", "M7.25 8.25l1.5 1.5L12 6.25"],
  // checks
  pass: [CIRCLE, CHECK],
  warn: ["M8 2.25l6.25 11.25H1.75z", "M8 6.5v3", "M8 11.5v.01"],
  fail: ["M5.4 1.75h5.2l3.65 3.65v5.2l-3.65 3.65H5.4L1.75 10.6V5.4z", "M6 6l4 4M10 6l-4 4"],
  unknown: [["dash", CIRCLE], "M6.4 6.3a1.65 1.65 0 1 1 2.4 1.5c-.55.3-.8.6-.8 1.15", "M8 11.2v.01"],
  so_far: [["dash", CIRCLE], CHECK],
  unjudged: [["dash", CIRCLE]],
  // takes
  to_review: ["M1.5 8c1.5-3 3.8-4.5 6.5-4.5S13 5 14.5 8c-1.5 3-3.8 4.5-6.5 4.5S3 11 1.5 8z", "M8 6.1a1.9 1.9 0 1 1 0 3.8a1.9 1.9 0 0 1 0-3.8z"],
  approved: [["fill", "M3.5 1.75h9a1.75 1.75 0 0 1 1.75 1.75v9a1.75 1.75 0 0 1-1.75 1.75h-9a1.75 1.75 0 0 1-1.75-1.75v-9A1.75 1.75 0 0 1 3.5 1.75z"], ["cut", "M4.75 8.25l2.25 2.25l4.25-5"]],
  retake: [ARROW, "M3.4 6.3A5.25 5.25 0 1 1 2.75 9"],
  running: ["M8 2a6 6 0 1 1-5.2 3"],
  queued: [CIRCLE, "M8 4.75V8l2.25 1.75"],
  stopped: ["M3.5 2.25h9a1.25 1.25 0 0 1 1.25 1.25v9a1.25 1.25 0 0 1-1.25 1.25h-9a1.25 1.25 0 0 1-1.25-1.25v-9A1.25 1.25 0 0 1 3.5 2.25z", "M6.5 5.75v4.5M9.5 5.75v4.5"],
  held_back: ["M3.75 7.25h8.5v6.5h-8.5z", "M5.25 7V5a2.75 2.75 0 0 1 5.5 0v2"],
  not_finished: [["dash", CIRCLE], "M8 4.75V8"],
  withdrawn: ["M6 3L2.75 6.25L6 9.5", "M3 6.25h6.5a3.5 3.5 0 0 1 0 7H7"],
  note: ["M2 2.75h12v8.5H7.5L4.5 14v-2.75H2z"],
  mark: [["fill", "M2.5 3.5h11L8 13z"]],
  shield: ["M8 1.75l5.25 1.75v4c0 3.25-2.1 5.6-5.25 6.75c-3.15-1.15-5.25-3.5-5.25-6.75v-4z", "M5.6 8l1.7 1.7l3.1-3.4"],
  pin: ["M5.25 1.75h5.5M6 1.75v4.5L4 9h8L10 6.25v-4.5M8 9v5.25"],
  // what can be done
  search: ["M7 2.25a4.75 4.75 0 1 1 0 9.5a4.75 4.75 0 0 1 0-9.5z", "M10.5 10.5L14 14"],
  down: ["M4 6l4 4l4-4"],
  up: ["M4 10l4-4l4 4"],
  left: ["M10 3.5L5.5 8l4.5 4.5"],
  right: ["M6 3.5L10.5 8L6 12.5"],
  close: ["M3.75 3.75l8.5 8.5M12.25 3.75l-8.5 8.5"],
  check: ["M3 8.5l3.25 3.25L13 4.5"],
  contrast: [CIRCLE, ["fill", "M8 1.75a6.25 6.25 0 0 1 0 12.5z"]],
  keyboard: ["M2.5 3.75h11a1 1 0 0 1 1 1v6.5a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1v-6.5a1 1 0 0 1 1-1z", "M4.25 6.5v.01M6.75 6.5v.01M9.25 6.5v.01M11.75 6.5v.01M4.75 9.75h6.5"],
  grid: ["M2.25 2.25h4.5v4.5h-4.5zM9.25 2.25h4.5v4.5h-4.5zM2.25 9.25h4.5v4.5h-4.5zM9.25 9.25h4.5v4.5h-4.5z"],
  list: ["M2 4h12M2 8h12M2 12h12"],
  filter: ["M2 3.75h12M4.25 8h7.5M6.5 12.25h3"],
  link: ["M6.75 9.25l2.5-2.5", "M7.5 4.75l1.6-1.6a2.65 2.65 0 0 1 3.75 3.75l-1.6 1.6", "M8.5 11.25l-1.6 1.6a2.65 2.65 0 0 1-3.75-3.75l1.6-1.6"],
  full: ["M2.25 5.75v-3.5h3.5M10.25 2.25h3.5v3.5M13.75 10.25v3.5h-3.5M5.75 13.75h-3.5v-3.5"],
  promote: ["M8 13.75V5M4.25 8.5L8 4.75l3.75 3.75M3 2.25h10"],
  export: ["M8 2v7.75M4.5 6.5L8 10l3.5-3.5M2.5 13.5h11"],
  sheet: ["M2 2.75h12v10.5H2zM2 6.25h12M2 9.75h12M6 2.75v10.5M10 2.75v10.5"],
  // the player
  one: ["M2 3.5h12v9H2z"],
  flip: ["M4.25 2.5h9.25v7.25H4.25z", "M2 5.75v7.75h8.75"],
  wipe: ["M2 3.5h12v9H2z", "M8 1.5v13", ["fill", "M2 3.5h6v9H2z"]],
  side: ["M1.75 3.75h5v8.5h-5zM9.25 3.75h5v8.5h-5z"],
  difference: ["M2 3.5h12v9H2z", "M8 5.25v3M6.5 6.75h3M6.5 10.5h3"],
  swap: ["M2.5 5.5h10M10 3l2.5 2.5L10 8M13.5 10.5h-10M6 8l-2.5 2.5L6 13"],
  sun: ["M8 5.25a2.75 2.75 0 1 1 0 5.5a2.75 2.75 0 0 1 0-5.5z", "M8 1.5v1.25M8 13.25v1.25M1.5 8h1.25M13.25 8h1.25M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9"],
  minus: ["M3.5 8h9"],
  plus: ["M3.5 8h9M8 3.5v9"],
  play: ["M4.5 2.75v10.5L13 8z"],
  pause: ["M5.25 3v10M10.75 3v10"],
  first: ["M3.5 3.5v9M12 3.5L7 8l5 4.5"],
  last: ["M12.5 3.5v9M4 3.5L9 8l-5 4.5"],
  loop: ["M2.25 8V6.75a2.5 2.5 0 0 1 2.5-2.5h8M10.5 2l2.25 2.25L10.5 6.5M13.75 8v1.25a2.5 2.5 0 0 1-2.5 2.5h-8M5.5 14l-2.25-2.25L5.5 9.5"],
  cross: ["M8 1.75v4M8 10.25v4M1.75 8h4M10.25 8h4"],
  box: ["M2.25 3.5h11.5v9H2.25z"],
  eyes: ["M1.5 5h5.5v6H1.5zM9 5h5.5v6H9z", "M7 8h2"],
  // drawing
  pen: ["M3 13l.75-3.25l7.5-7.5l2.5 2.5l-7.5 7.5z"],
  arrow: ["M3 13L12.5 3.5M6.5 3h6.5v6.5"],
  ellipse: ["M8 3.5c3.45 0 6.25 2 6.25 4.5S11.45 12.5 8 12.5S1.75 10.5 1.75 8S4.55 3.5 8 3.5z"],
  text: ["M3 4.5V3h10v1.5M8 3v10.5M6.25 13.5h3.5"],
  undo: ["M5.5 2.5L2.5 5.5l3 3", "M2.75 5.5H9.5a4 4 0 0 1 0 8H6"],
  redo: ["M10.5 2.5l3 3l-3 3", "M13.25 5.5H6.5a4 4 0 0 0 0 8H10"],
  trash: ["M2.5 4.25h11M6 4V2.25h4V4M4 4.25l.6 9.5h6.8l.6-9.5M6.75 7v4M9.25 7v4"],
};

/** The names that there are. */
export const names = Object.freeze(Object.keys(DRAWINGS));

/** An icon of `size` (10ths of a rem), hidden from readers: the word beside it, or a label, says what it is. */
export function icon(name, size = 14) {
  const drawing = document.createElementNS(NS, "svg");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("class", `icon icon-${name}`);
  drawing.setAttribute("aria-hidden", "true");
  drawing.setAttribute("focusable", "false");
  drawing.style.setProperty("--icon", `${size / 10}rem`);
  for (const part of DRAWINGS[name]) drawing.append(stroke(part));
  return drawing;
}

function stroke(part) {
  const [kind, d] = typeof part === "string" ? ["line", part] : part;
  const path = document.createElementNS(NS, "path");
  path.setAttribute("d", d);
  path.setAttribute("class", `icon-${kind}`);
  return path;
}
