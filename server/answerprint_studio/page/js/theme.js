/** Dark, light, or as the system has it. The player stays dark in all of them. */

const STORED = "answerprint.theme";
const ORDER = ["auto", "dark", "light"];
const system = matchMedia("(prefers-color-scheme: light)");

/** auto, dark or light: what was chosen. */
export function chosen() {
  try {
    const kept = localStorage.getItem(STORED);
    return ORDER.includes(kept) ? kept : "auto";
  } catch {
    return "auto";
  }
}

function apply(choice) {
  const light = choice === "light" || (choice === "auto" && system.matches);
  document.documentElement.dataset.theme = light ? "light" : "dark";
}

/** Goes to the next of the three and returns it. */
export function turn() {
  const next = ORDER[(ORDER.indexOf(chosen()) + 1) % ORDER.length];
  try {
    localStorage.setItem(STORED, next);
  } catch {
    // A browser that keeps nothing: until the page is left.
  }
  apply(next);
  return next;
}

export function start() {
  apply(chosen());
  system.addEventListener("change", () => apply(chosen()));
}
