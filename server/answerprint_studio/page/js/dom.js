/** Elements: made from a name, properties and children. Text from outside only ever becomes text. */

/**
 * An element. `properties`: class, text, on: {click: f}, data: {..}, aria: {..}, style: {..} (custom
 * properties too), anything else an attribute; false, null and undefined leave it out.
 */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (key === "class") element.className = value;
    else if (key === "text") element.textContent = value;
    else if (key === "on") listen(element, value);
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key === "aria") for (const [n, v] of Object.entries(value)) element.setAttribute(`aria-${n}`, String(v));
    else if (key === "style") for (const [n, v] of Object.entries(value)) element.style.setProperty(n, v);
    else if (value === true) element.setAttribute(key, "");
    else element.setAttribute(key, String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function listen(element, listeners) {
  for (const [event, listener] of Object.entries(listeners)) element.addEventListener(event, listener);
}

/** All children of `element` replaced by these. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Whether keys typed here are text. */
export function typing(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(target.type);
}

/** One rem of this page in pixels: 10, and 15 on a wall of 4K. */
export function rem() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize);
}
