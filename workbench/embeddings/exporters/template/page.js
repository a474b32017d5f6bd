"use strict";
// Facts and arrays lie in the page's script elements. N points; xy are data units, px are canvas pixels, y points up.
const by = (id) => document.getElementById(id);
const facts = JSON.parse(by("facts").textContent);
const axes = facts.axes;
const places = numbers("places", Float32Array);
const groups = numbers("groups", Uint8Array);
const rows = numbers("rows", Int32Array);
const trust = by("trust") ? numbers("trust", Float32Array) : null;
const count = groups.length;
const order = shuffled(count);
const flat = { x: new Float32Array(count), y: new Float32Array(count) };
const canvas = by("map"), pen = canvas.getContext("2d", { alpha: false });
const view = { x: 0, y: 0, scale: 1, home: 1, yaw: 0.6, pitch: 0.5 };
const shown = new Uint8Array(facts.groups.length).fill(1);
const sprite = facts.picture ? new Image() : null;
let matches = null, lastMatch = -1, haystack = null, image = null, pixels = null;
let waiting = 0, dwell = 0, pointed = -1, drag = null;

function numbers(id, Kind) {
  const text = atob(by(id).textContent), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  by(id).remove();
  return new Kind(bytes.buffer);
}

// A fixed random order, so that no class covers the others because it comes last.
function shuffled(n) {
  const result = Uint32Array.from({ length: n }, (_, i) => i);
  let state = 1;
  for (let i = n - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 4294967296) * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

// ---- places -------------------------------------------------------------------------------------------------------

function bounds(axis) {
  let low = Infinity, high = -Infinity;
  for (let i = axis; i < places.length; i += axes) {
    low = Math.min(low, places[i]);
    high = Math.max(high, places[i]);
  }
  return { middle: (low + high) / 2, span: high - low };
}
const box = Array.from({ length: axes }, (_, axis) => bounds(axis));

function flatten() {
  const [cy, sy, cp, sp] = [Math.cos(view.yaw), Math.sin(view.yaw), Math.cos(view.pitch), Math.sin(view.pitch)];
  for (let i = 0; i < count; i++) {
    const x = places[i * axes] - box[0].middle, y = places[i * axes + 1] - box[1].middle;
    const z = axes === 3 ? places[i * axes + 2] - box[2].middle : 0;
    flat.x[i] = axes === 3 ? x * cy + z * sy : x;
    flat.y[i] = axes === 3 ? y * cp - (z * cy - x * sy) * sp : y;
  }
}

function fit() {
  const span = axes === 3 ? [0, 1].map(() => Math.hypot(...box.map((side) => side.span))) : box.map((side) => side.span);
  const across = (span[0] || 1) * 1.12, up = (span[1] || 1) * 1.12;
  view.home = Math.min(canvas.width / across, canvas.height / up);
  Object.assign(view, { x: 0, y: 0, scale: view.home });
  changed();
}

const toX = (i) => (flat.x[i] - view.x) * view.scale + canvas.width / 2;
const toY = (i) => canvas.height / 2 - (flat.y[i] - view.y) * view.scale;

function zoom(factor, px, py) {
  const scale = Math.min(Math.max(view.scale * factor, view.home * 0.05), view.home * 1e5);
  const dx = px - canvas.width / 2, dy = canvas.height / 2 - py;
  view.x += dx / view.scale - dx / scale;
  view.y += dy / view.scale - dy / scale;
  view.scale = scale;
  changed();
}

// ---- drawing ------------------------------------------------------------------------------------------------------

function packed(colour) {
  const value = parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
const colours = facts.groups.map((group) => packed(group.colour));

const token = (name) => packed(getComputedStyle(document.documentElement).getPropertyValue(name).trim());

function radius() {
  const base = Math.min(4, Math.max(1.3, 130 / Math.sqrt(count)));
  return Math.min(8, base * Math.pow(view.scale / view.home, 0.3)) * (window.devicePixelRatio || 1);
}

// Offsets in the image and how much of each pixel a disc covers, 0 to 256.
function stamp(r, width) {
  const reach = Math.ceil(r), offsets = [], covers = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const cover = Math.min(1, Math.max(0, r + 0.5 - Math.hypot(dx, dy)));
      if (cover === 0) continue;
      offsets.push(dy * width + dx);
      covers.push(Math.round(cover * 256));
    }
  }
  return { reach, offsets: Int32Array.from(offsets), covers: Int32Array.from(covers) };
}

function draw() {
  waiting = 0;
  const width = canvas.width, height = canvas.height, ground = token("--surface");
  pixels.fill(0xff000000 | (ground[2] << 16) | (ground[1] << 8) | ground[0]);
  const disc = stamp(radius(), width);
  if (matches) paint(disc, (i) => !matches[i], 0.16);
  paint(disc, (i) => !matches || matches[i], 1);
  pen.putImageData(image, 0, 0);
  point(pointed);

  function paint(disc, wanted, strength) {
    const reach = disc.reach;
    for (let n = 0; n < count; n++) {
      const i = order[n];
      if (!shown[groups[i]] || !wanted(i)) continue;
      const x = Math.round(toX(i)), y = Math.round(toY(i));
      if (x < reach || y < reach || x >= width - reach || y >= height - reach) continue;
      blend(y * width + x, disc, colours[groups[i]], strength);
    }
  }
}

function blend(centre, { offsets, covers }, [red, green, blue], strength) {
  for (let n = 0; n < offsets.length; n++) {
    const at = centre + offsets[n], under = pixels[at], a = covers[n] * strength;
    const r = under & 255, g = (under >> 8) & 255, b = (under >> 16) & 255;
    pixels[at] = 0xff000000 | ((b + (((blue - b) * a) >> 8)) << 16)
      | ((g + (((green - g) * a) >> 8)) << 8) | (r + (((red - r) * a) >> 8));
  }
}

function changed() {
  if (!waiting) waiting = requestAnimationFrame(draw);
}

function resize() {
  const ratio = window.devicePixelRatio || 1, size = canvas.getBoundingClientRect(), first = image === null;
  canvas.width = Math.max(1, Math.round(size.width * ratio));
  canvas.height = Math.max(1, Math.round(size.height * ratio));
  image = pen.createImageData(canvas.width, canvas.height);
  pixels = new Uint32Array(image.data.buffer);
  if (first) fit();
  changed();
}

// ---- pointing -----------------------------------------------------------------------------------------------------

function nearest(px, py) {
  let best = -1, reach = (radius() + 8 * (window.devicePixelRatio || 1)) ** 2;
  for (let i = 0; i < count; i++) {
    if (!shown[groups[i]]) continue;
    const dx = toX(i) - px, dy = toY(i) - py, distance = dx * dx + dy * dy;
    if (distance < reach) [best, reach] = [i, distance];
  }
  return best;
}

function point(i) {
  const ratio = window.devicePixelRatio || 1, ring = by("ring");
  if (i !== pointed) {
    pointed = i;
    clearTimeout(dwell);
    by("card").hidden = true;
    if (i >= 0) dwell = setTimeout(() => showCard(i), 120);
  }
  ring.hidden = i < 0;
  if (i < 0) return;
  ring.style.left = `${toX(i) / ratio}px`;
  ring.style.top = `${toY(i) / ratio}px`;
  if (!by("card").hidden) placeCard(i);
}

function showCard(i) {
  const lines = [[facts.ids[i], ""]];
  if (facts.labels) lines.push([facts.labels[i] || "no label", ""]);
  if (facts.texts) lines.push([facts.texts[i], ""]);
  const kept = trust && trust[i] >= 0 ? ` · ${(trust[i] * 100).toFixed(0)} % of its neighbours kept` : "";
  lines.push([`row ${rows[i].toLocaleString("en")}${kept}`, "muted"]);
  by("words").replaceChildren(...lines.map(([text, kind]) => element("div", text, kind)));
  by("picture").hidden = !sprite;
  if (sprite) showPicture(i);
  by("card").hidden = false;
  placeCard(i);
}

function showPicture(i) {
  const { size, cell, across } = facts.picture, target = by("picture");
  [target.width, target.height] = size;
  const left = (i % across) * cell[0], top = Math.floor(i / across) * cell[1];
  target.getContext("2d").drawImage(sprite, left, top, size[0], size[1], 0, 0, size[0], size[1]);
}

function placeCard(i) {
  const ratio = window.devicePixelRatio || 1, card = by("card"), stage = by("stage");
  const x = toX(i) / ratio, y = toY(i) / ratio, gap = 16;
  const left = x + gap + card.offsetWidth > stage.clientWidth ? x - gap - card.offsetWidth : x + gap;
  card.style.left = `${Math.max(4, left)}px`;
  card.style.top = `${Math.max(4, Math.min(y + gap, stage.clientHeight - card.offsetHeight - 4))}px`;
}

function element(kind, text, style) {
  const made = document.createElement(kind);
  made.textContent = text;
  made.className = style;
  return made;
}

// ---- legend and search --------------------------------------------------------------------------------------------

function legend() {
  const entries = facts.groups.map((group, at) => {
    const entry = document.createElement("button"), swatch = document.createElement("i");
    swatch.style.background = group.colour;
    entry.append(swatch, element("span", group.name, ""), element("b", group.count.toLocaleString("en"), ""));
    entry.title = "Click to hide or show";
    entry.setAttribute("aria-pressed", "true");
    entry.addEventListener("click", () => show(at, !shown[at]));
    return entry;
  });
  by("legend").replaceChildren(...entries);
}

function show(at, on) {
  shown[at] = on ? 1 : 0;
  by("legend").children[at].setAttribute("aria-pressed", String(on));
  point(-1);
  changed();
}

function search() {
  const wanted = by("search").value.trim().toLowerCase();
  haystack ??= facts.ids.map((id, i) => [id, facts.labels?.[i], facts.texts?.[i]].join("\n").toLowerCase());
  matches = wanted ? Uint8Array.from(haystack, (text) => (text.includes(wanted) ? 1 : 0)) : null;
  lastMatch = -1;
  const number = matches ? matches.reduce((sum, match) => sum + match, 0) : 0;
  const words = `${number.toLocaleString("en")} of ${count.toLocaleString("en")} match`;
  by("found").textContent = matches ? words + (number ? "; Enter goes from one to the next" : "") : "";
  changed();
}

function nextMatch() {
  if (!matches) return;
  for (let step = 1; step <= count; step++) {
    const i = (lastMatch + step + count) % count;
    if (!matches[i] || !shown[groups[i]]) continue;
    lastMatch = i;
    Object.assign(view, { x: flat.x[i], y: flat.y[i], scale: Math.max(view.scale, view.home * 4) });
    changed();
    point(i);
    return;
  }
}

function head() {
  const number = (value) => value.toLocaleString("en");
  const parameters = Object.entries(facts.parameters).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  const missing = facts.asked - facts.points;
  const parts = [
    `${number(facts.points)} points` + (facts.asked < facts.of ? ` of a set of ${number(facts.of)}` : ""),
    missing ? `${number(missing)} without a place are left out` : "",
    `${number(facts.width)} dimensions`,
    `layout ${facts.layout}` + (facts.method ? ` by ${facts.method}` : ""),
    parameters.join(", "),
    facts.seed !== null && !("seed" in facts.parameters) ? `seed ${facts.seed}` : "",
    facts.iterations === null ? "" : `${number(facts.iterations)} iterations`,
    facts.start ? `started from ${facts.start}` : "",
    facts.axis_names.length ? `axes ${facts.axis_names.join(", ")}` : "",
    facts.trust === null ? "" : `${(facts.trust * 100).toFixed(1)} % of true neighbours kept`,
    facts.approximate,
  ];
  by("told").textContent = parts.filter(Boolean).join(" · ");
  const turn = axes === 3 ? "Drag to turn, Shift and drag to move" : "Drag to move";
  by("help").textContent = `${turn}, wheel to zoom, double click to fit.`;
  canvas.setAttribute("aria-label", `Map of ${facts.title}, ${number(facts.points)} points`);
}

// ---- hands --------------------------------------------------------------------------------------------------------

function dragged(event) {
  const ratio = window.devicePixelRatio || 1;
  const dx = (event.clientX - drag.x) * ratio, dy = (event.clientY - drag.y) * ratio;
  if (axes === 3 && !event.shiftKey) {
    view.yaw += dx * 0.006;
    view.pitch += dy * 0.006;
    flatten();
  } else {
    view.x -= dx / view.scale;
    view.y += dy / view.scale;
  }
  drag = { x: event.clientX, y: event.clientY };
  changed();
}

function onCanvas(event) {
  const ratio = window.devicePixelRatio || 1, size = canvas.getBoundingClientRect();
  return [(event.clientX - size.left) * ratio, (event.clientY - size.top) * ratio];
}

function pressed(event) {
  const step = (60 * (window.devicePixelRatio || 1)) / view.scale;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
  if (moves[event.key]) {
    view.x += moves[event.key][0];
    view.y += moves[event.key][1];
    changed();
  } else if (event.key === "0") fit();
  else if (event.key === "+" || event.key === "-") {
    zoom(event.key === "+" ? 1.25 : 0.8, canvas.width / 2, canvas.height / 2);
  } else return;
  event.preventDefault();
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  drag = { x: event.clientX, y: event.clientY };
});
canvas.addEventListener("pointermove", (event) => (drag ? dragged(event) : point(nearest(...onCanvas(event)))));
canvas.addEventListener("pointerup", () => (drag = null));
canvas.addEventListener("pointercancel", () => (drag = null));
canvas.addEventListener("pointerleave", () => point(-1));
canvas.addEventListener("dblclick", fit);
canvas.addEventListener("keydown", pressed);
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...onCanvas(event));
}, { passive: false });
by("search").addEventListener("input", search);
by("search").addEventListener("keydown", (event) => event.key === "Enter" && nextMatch());
by("fit").addEventListener("click", fit);
by("all").addEventListener("click", () => facts.groups.forEach((_, at) => show(at, true)));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
new ResizeObserver(resize).observe(by("stage"));

if (sprite) sprite.src = `data:image/jpeg;base64,${by("sprite").textContent}`;
head();
legend();
flatten();
resize();
