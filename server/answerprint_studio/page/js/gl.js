/** The screen: two frames compared in one draw call, through the display's view, in WebGL 2. */

const MOST_BYTES = 512 * 2 ** 20; // of textures; the frames themselves are held by frames.js
export const MODES = Object.freeze({ a: 0, b: 1, wipe: 2, side: 3, difference: 4 });
const KINDS = Object.freeze({ data: 2, picture: 3 }); // 0: none, 1: light

const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

// Places are pixels of A's frame, from the top left. B is laid over A by their display windows.
const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp sampler3D;
struct Side {
  int kind;        // 0 none, 1 light, 2 numbers, 3 a picture as it is
  vec4 covered;    // left, top, width, height of what the texels stand for
  vec4 window;     // left, top, right, bottom of the pixels, ends beyond
  vec4 display;    // left, top, width, height
  float greatest;  // of numbers: shown white
};
uniform sampler2D texelsA;
uniform sampler2D texelsB;
uniform sampler3D table;
uniform Side a;
uniform Side b;
uniform int points;
uniform vec3 shaper;   // lowest, highest, offset
uniform int mode;
uniform vec2 size;     // of the canvas
uniform vec2 centre;   // of what is seen
uniform float scale;   // canvas pixels for one of A's frame
uniform float at;      // the wipe's line, in A's frame
uniform float gain;
uniform float exposure;
uniform float gamma;
uniform vec3 surround;
out vec4 colour;

vec3 look(vec3 light) {
  if (points == 0) return light;
  vec3 g = (log2(max(light + shaper.z, vec3(exp2(shaper.x)))) - shaper.x) / (shaper.y - shaper.x);
  g = clamp(g, 0.0, 1.0) * float(points - 1);
  ivec3 i = min(ivec3(g), ivec3(points - 2));
  vec3 f = g - vec3(i);
  // along the edges of the tetrahedron from the dark corner to the light one, the largest step first
  ivec3 first = f.r >= f.g && f.r >= f.b ? ivec3(1, 0, 0) : f.g >= f.b ? ivec3(0, 1, 0) : ivec3(0, 0, 1);
  ivec3 last = f.b <= f.g && f.b < f.r || f.b <= f.r && f.b < f.g ? ivec3(0, 0, 1)
             : f.g <= f.r && f.g < f.b || f.g < f.r && f.g <= f.b ? ivec3(0, 1, 0) : ivec3(1, 0, 0);
  if (first == last) last = first.b == 1 ? ivec3(0, 1, 0) : ivec3(0, 0, 1);
  float most = dot(f, vec3(first));
  float least = dot(f, vec3(last));
  float middle = f.r + f.g + f.b - most - least;
  vec3 c0 = texelFetch(table, i, 0).rgb;
  vec3 c1 = texelFetch(table, i + first, 0).rgb;
  vec3 c2 = texelFetch(table, i + ivec3(1) - last, 0).rgb;
  vec3 c3 = texelFetch(table, i + ivec3(1), 0).rgb;
  return c0 * (1.0 - most) + c1 * (most - middle) + c2 * (middle - least) + c3 * least;
}

bool within(vec2 p, vec4 box) {
  return all(greaterThanEqual(p, box.xy)) && all(lessThan(p, box.zw));
}

vec4 boxOf(Side s) { return vec4(s.display.xy, s.display.xy + s.display.zw); }

// black where a frame has no pixels, as EXR means it
vec3 texels(Side s, sampler2D t, vec2 p) {
  return within(p, s.window) ? texture(t, (p - s.covered.xy) / s.covered.zw).rgb : vec3(0.0);
}

vec2 onB(vec2 p) {
  return b.display.xy + (p - a.display.xy) * b.display.zw / a.display.zw;
}

// One look for each pixel, whatever the mode: both branches of a choice are paid for on many cards.
void main() {
  vec2 place = vec2(gl_FragCoord.x, size.y - gl_FragCoord.y);
  vec2 room = size;
  bool right = false;
  bool between = false;
  if (mode == 3) {
    room.x = floor(size.x / 2.0) - 1.0;
    right = place.x >= size.x - room.x;
    between = !right && place.x >= room.x;
    if (right) place.x -= size.x - room.x;
  }
  vec2 p = (place - room / 2.0) / scale + centre;
  vec2 q = onB(p);
  vec3 lightA = texels(a, texelsA, p);
  vec3 lightB = texels(b, texelsB, q);
  bool apart = mode == 4 && a.kind != 0 && b.kind != 0;
  bool second = mode == 1 || mode == 2 && p.x >= at || mode == 3 && right;
  int kind = second ? b.kind : a.kind;
  bool inside = second ? within(q, boxOf(b)) || within(q, b.window) : within(p, boxOf(a)) || within(p, a.window);
  vec3 light = second ? lightB : lightA;
  if (light != light) light = vec3(0.0);
  vec3 seen = light * exposure;
  if (kind == 1 && !apart) seen = look(seen);
  if (kind == 2) seen = seen / (second ? b.greatest : a.greatest);
  seen = clamp(seen, 0.0, 1.0);
  if (gamma != 1.0) seen = pow(seen, vec3(1.0 / gamma));
  if (apart) seen = clamp(abs(lightA - lightB) * gain, 0.0, 1.0);
  colour = vec4(kind == 0 || !inside || between ? surround : seen, 1.0);
}`;

const ONES = Object.freeze(["points", "mode"]);
const FIELDS = Object.freeze(["kind", "covered", "window", "display", "greatest"]);

/** A window of B's frame as it lies over A's. */
function onA(a, b, box) {
  const place = (value, axis) => a.display[axis] + ((value - b.display[axis]) * (a.display[axis + 2] + 1 - a.display[axis])) / (b.display[axis + 2] + 1 - b.display[axis]);
  return [place(box[0], 0), place(box[1], 1), place(box[2] + 1, 0) - 1, place(box[3] + 1, 1) - 1];
}

/** A canvas that compares. `lost()` and `back()` are called when the graphics card goes and comes. */
export class Screen {
  constructor(canvas, { lost = () => {}, back = () => {} } = {}) {
    Object.assign(this, { canvas, textures: new Map(), bytes: 0, look: null, gl: null });
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault(); // or it never comes back
      this.#forget();
      lost();
    });
    canvas.addEventListener("webglcontextrestored", () => {
      this.#begin();
      back();
    });
    this.gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, stencil: false, preserveDrawingBuffer: true });
    if (this.gl) this.#begin();
  }

  /** Whether anything can be drawn: not without WebGL 2, and not while its context is lost. */
  get works() {
    return Boolean(this.gl && this.program && !this.gl.isContextLost());
  }

  /** The view: {points, texels, shaper: [lowest, highest, offset]}; null: light as it is. */
  view(look) {
    this.look = look;
    if (this.works) this.#table();
  }

  /** Brings frames to the graphics card before they are wanted; what has no pixels is left out. */
  hold(...shots) {
    if (!this.works) return;
    for (const shot of shots) if (shot?.texels) this.#texture(shot, shots);
  }

  /**
   * Draws one picture: {a, b: shots or null, mode, at, gain, exposure (stops), gamma, centre: [x, y],
   * scale, surround: [r, g, b]}.
   */
  draw(seen) {
    if (!this.works) return false;
    const { gl } = this;
    const shots = [seen.a, seen.b];
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    this.#side("a", seen.a ?? seen.b, 0, shots, Boolean(seen.a), seen);
    this.#side("b", seen.b ?? seen.a, 1, shots, Boolean(seen.b), seen);
    gl.activeTexture(gl.TEXTURE2);
    gl.bindTexture(gl.TEXTURE_3D, this.table);
    const u = this.places;
    gl.uniform1i(u.points, this.look?.points ?? 0);
    gl.uniform3fv(u.shaper, this.look?.shaper ?? [0, 1, 0]);
    gl.uniform1i(u.mode, MODES[seen.mode] ?? 0);
    gl.uniform2f(u.size, this.canvas.width, this.canvas.height);
    gl.uniform2fv(u.centre, seen.centre);
    gl.uniform1f(u.scale, seen.scale);
    gl.uniform1f(u.at, seen.at);
    gl.uniform1f(u.gain, seen.gain);
    gl.uniform1f(u.exposure, 2 ** seen.exposure);
    gl.uniform1f(u.gamma, seen.gamma);
    gl.uniform3fv(u.surround, seen.surround);
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(...seen.surround, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.SCISSOR_TEST); // what is beyond the pictures is not worked out
    gl.scissor(...this.#covered(seen));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    return true;
  }

  /** The part of the canvas that the frames can be in, as scissor() takes it. */
  #covered({ a, b, mode, centre, scale }) {
    const { width, height } = this.canvas;
    if (!a || mode === "side") return [0, 0, width, height];
    const all = [a.window, a.display, ...(b ? [onA(a, b, b.window), onA(a, b, b.display)] : [])];
    const low = (axis, room) => Math.max(0, Math.floor((Math.min(...all.map((box) => box[axis])) - centre[axis]) * scale + room / 2) - 1);
    const high = (axis, room) => Math.min(room, Math.ceil((Math.max(...all.map((box) => box[axis + 2])) + 1 - centre[axis]) * scale + room / 2) + 1);
    const [left, top, right, bottom] = [low(0, width), low(1, height), high(0, width), high(1, height)];
    return [left, height - bottom, Math.max(0, right - left), Math.max(0, bottom - top)];
  }

  /** Lets the graphics card's memory go. */
  end() {
    this.#forget();
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #begin() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      console.error(gl.getProgramInfoLog(program), ...gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader)));
      return;
    }
    gl.useProgram(program);
    const names = [...ONES, "shaper", "size", "centre", "scale", "at", "gain", "exposure", "gamma", "surround", "texelsA", "texelsB", "table", ...FIELDS.flatMap((field) => [`a.${field}`, `b.${field}`])];
    this.places = Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)]));
    gl.uniform1i(this.places.texelsA, 0);
    gl.uniform1i(this.places.texelsB, 1);
    gl.uniform1i(this.places.table, 2);
    gl.bindVertexArray(gl.createVertexArray());
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 2);
    this.program = program;
    this.#table();
  }

  #side(name, shot, unit, shots, there, { scale, mode }) {
    const { gl, places } = this;
    const u = (field) => places[`${name}.${field}`];
    gl.activeTexture(gl.TEXTURE0 + unit);
    if (!shot?.texels) {
      gl.bindTexture(gl.TEXTURE_2D, null);
      gl.uniform1i(u("kind"), 0);
      gl.uniform4f(u("display"), 0, 0, 1, 1);
      return;
    }
    gl.bindTexture(gl.TEXTURE_2D, this.#texture(shot, shots));
    // pixels that are larger than the screen's are seen as what they are; between two that differ to
    // either side there would be none that differs
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, scale * shot.step >= 2 || mode === "difference" ? gl.NEAREST : gl.LINEAR);
    const [left, top, right, bottom] = shot.window;
    const [l, t, r, b] = shot.display;
    gl.uniform1i(u("kind"), there ? (KINDS[shot.space] ?? 1) : 0);
    gl.uniform4f(u("covered"), left, top, shot.width * shot.step, shot.height * shot.step);
    gl.uniform4f(u("window"), left, top, right + 1, bottom + 1);
    gl.uniform4f(u("display"), l, t, r + 1 - l, b + 1 - t);
    gl.uniform1f(u("greatest"), shot.range[1] > 0 ? shot.range[1] : 1);
  }

  #texture(shot, kept) {
    const { gl } = this;
    const found = this.textures.get(shot);
    if (found) {
      this.textures.delete(shot);
      this.textures.set(shot, found);
      return found;
    }
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE3); // not in place of one that is about to be drawn
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB16F, shot.width, shot.height, 0, gl.RGB, gl.HALF_FLOAT, shot.texels);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    this.textures.set(shot, texture);
    this.bytes += shot.bytes;
    for (const [old, one] of [...this.textures]) {
      if (this.bytes <= MOST_BYTES) break;
      if (old === shot || kept.includes(old)) continue;
      gl.deleteTexture(one);
      this.textures.delete(old);
      this.bytes -= old.bytes;
    }
    gl.activeTexture(gl.TEXTURE0 + Math.max(kept.indexOf(shot), 0));
    return texture;
  }

  #table() {
    const { gl, look } = this;
    if (this.table) gl.deleteTexture(this.table);
    this.table = gl.createTexture();
    gl.activeTexture(gl.TEXTURE2);
    gl.bindTexture(gl.TEXTURE_3D, this.table);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_3D, filter, gl.NEAREST);
    const n = look?.points ?? 1;
    gl.texImage3D(gl.TEXTURE_3D, 0, gl.RGB16F, n, n, n, 0, gl.RGB, gl.HALF_FLOAT, look?.texels ?? new Uint16Array(3));
  }

  #forget() {
    this.textures.clear();
    this.bytes = 0;
    this.program = null;
    this.table = null;
  }
}
