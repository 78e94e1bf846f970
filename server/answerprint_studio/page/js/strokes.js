/** Strokes: lines that somebody drew on a frame, in the frame's own pixels, as they are shown again. */

const NS = "http://www.w3.org/2000/svg";
const COLOUR = /^#[0-9a-f]{6}$/i;
const MOST = 2000; // points of one stroke that are drawn

/** An element of a drawing with these attributes. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/**
 * Strokes as lines with a dark edge, so that they are seen on any picture, each with its number where it
 * begins. `place([x, y])`: where a pixel of the frame is; `scale`: how large it is there.
 */
export function strokes(drawn, place, scale) {
  const group = svg("g", { class: "strokes" });
  drawn.forEach((stroke, index) => {
    const points = stroke.points.slice(0, MOST).map((point) => place(point).map((v) => v.toFixed(1)));
    if (!points.length) return;
    if (points.length === 1) points.push(points[0]); // a dot
    const line = points.map((point) => point.join(",")).join(" ");
    const width = Math.max(1.5, Number(stroke.width) * scale || 1.5);
    const colour = COLOUR.test(stroke.colour) ? stroke.colour : "#ffffff";
    group.append(
      svg("polyline", { class: "stroke-edge", points: line, "stroke-width": width + 2 }),
      svg("polyline", { class: "stroke", points: line, "stroke-width": width, stroke: colour }),
    );
    group.append(number(index + 1, points[0]));
  });
  return group;
}

function number(count, [x, y]) {
  const text = svg("text", { class: "stroke-number", x, y, dy: "0.36em" });
  text.textContent = String(count);
  return svg("g", {}, svg("circle", { class: "stroke-badge", cx: x, cy: y, r: 9 }), text);
}
