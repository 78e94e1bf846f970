/** The wall. */
import { h } from "./dom.js";
export function mount(element) {
  element.append(h("p", { class: "plain", text: "The wall is being hung." }));
  return { unmount() {} };
}
