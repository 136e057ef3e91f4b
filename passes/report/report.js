// Draws the report whose JSON is in this page. Every text of it comes from a file that nobody vouches for, so it only
// ever becomes text.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const isForGpu = (data.target ?? "").startsWith("cuda");
const describedTarget = data.target + (data.matmul_precision ? `, products of ${data.matmul_precision}` : "") +
                        (data.cublaslt ? `, cuBLASLt ${data.cublaslt}` : "");

//---- Making elements -------------------------------------------------------------------------------------------------

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {}))
    key === "style" ? Object.entries(value).forEach(([name, text]) => element.style.setProperty(name, text))
                    : element.setAttribute(key, value);
  for (const child of [children ?? []].flat(Infinity))
    if (child !== null && child !== "") element.append(child);
  return element;
}
const html = (tag, attributes, children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

//---- Numbers ---------------------------------------------------------------------------------------------------------

function withUnit(number, base, units) {
  let unit = 0;
  for (; number >= base && unit + 1 < units.length; ++unit) number /= base;
  return (unit ? number.toFixed(number < 10 ? 2 : 1) : String(Math.round(number))) + units[unit];
}
const count = number => withUnit(number, 1000, ["", " k", " M", " G", " T", " P", " E"]);
const bytes = number => withUnit(number, 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"]);
const whole = number => number.toLocaleString("en-US");
const percent = share => (100 * share).toFixed(1) + " %";
function time(seconds) {
  if (seconds < 1e-3) return (1e6 * seconds).toPrecision(3) + " \u00b5s";
  if (seconds < 1) return (1e3 * seconds).toPrecision(3) + " ms";
  if (seconds < 600) return seconds.toPrecision(3) + " s";
  return seconds < 172800 ? (seconds / 3600).toPrecision(3) + " h" : (seconds / 86400).toPrecision(3) + " days";
}

//---- Hints -----------------------------------------------------------------------------------------------------------

const hint = document.getElementById("hint");
const hints = new WeakMap(); // from an element to the lines that it shows

document.addEventListener("mousemove", event => {
  const lines = event.target instanceof Element && hints.get(event.target);
  hint.hidden = !lines;
  if (!lines) return;
  hint.replaceChildren(...lines.map((line, i) => html(i ? "div" : "b", {}, line)));
  const { width, height } = hint.getBoundingClientRect();
  hint.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8)) + "px";
  const below = event.clientY + 16;
  hint.style.top = (below + height > innerHeight ? event.clientY - height - 10 : below) + "px";
});

//---- Tables ----------------------------------------------------------------------------------------------------------

/// What is no layer's.
const noLayer = "(no layer)";

/// `columns`: {title, get(row), show(value), text, share(row), title text `about`}. Sorts by a column where its head is
/// clicked, first the largest on top.
function sortableTable(columns, rows, foot) {
  const cell = (column, row) => {
    const value = column.get(row);
    const attributes = column.text ? { class: "text", title: value } : {};
    if (column.share)
      Object.assign(attributes, { class: "bar", style: { "--share": `${100 * column.share(row)}%` } });
    return html("td", attributes, value === undefined ? "" : column.show ? column.show(value) : String(value));
  };
  const line = row => html("tr", {}, columns.map(column => cell(column, row)));
  const body = html("tbody", {}, rows.map(line));
  const heads = columns.map(column => {
    const button = html("button", { type: "button" }, column.title);
    const head = html("th", { scope: "col", class: column.text ? "text" : "", title: column.about || "" }, button);
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : !column.text;
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const compare = (a, b) => column.text ? String(a).localeCompare(String(b)) : (a ?? -1) - (b ?? -1);
      const sorted = rows.slice().sort((a, b) => (descending ? -1 : 1) * compare(column.get(a), column.get(b)));
      body.replaceChildren(...sorted.map(line));
    });
    return head;
  });
  const total = foot && html("tfoot", {}, html("tr", {}, columns.map(column =>
    html("td", column.text ? { class: "text" } : {}, column.total === undefined ? "" : column.total))));
  const table = html("table", {}, [html("thead", {}, html("tr", {}, heads)), body, total ?? ""]);
  return html("div", { class: "scroll" }, table);
}

function layerTable(step) {
  const layerOf = cost => cost.layer === undefined ? {} : data.models[cost.model].layers[cost.layer];
  const total = step.total;
  const columns = [
    { title: "Layer", get: c => c.path ?? noLayer, text: true, total: "total" },
    { title: "Type", get: c => layerOf(c).kind ?? "", text: true },
    { title: "Output", get: c => (layerOf(c).output_shapes ?? []).join(", "), text: true },
    { title: "Parameters", get: c => layerOf(c).parameters?.total ?? 0, show: whole },
    { title: "Depth", get: c => layerOf(c).depth, about: "layers with weights on the longest path to this one" },
    { title: "MACs fwd", get: c => c.multiply_adds.forward, show: count, total: count(total.multiply_adds.forward) },
    { title: "MACs bwd", get: c => c.multiply_adds.backward, show: count, total: count(total.multiply_adds.backward) },
    { title: "FLOPs fwd", get: c => c.flops.forward, show: count, total: count(total.flops.forward) },
    { title: "FLOPs bwd", get: c => c.flops.backward, show: count, total: count(total.flops.backward) },
    { title: "FLOPs upd", get: c => c.flops.update, show: count, total: count(total.flops.update) },
    { title: "of FLOPs", get: c => c.share.flops, show: percent, share: c => c.share.flops, total: "100 %" },
    { title: "Moved", get: c => c.bytes, show: bytes, total: bytes(total.bytes) },
    { title: "FLOP/byte", get: c => c.flops_per_byte, show: v => v.toFixed(1), total: total.flops_per_byte.toFixed(1) },
    { title: "Activations", get: c => c.memory.activations, show: bytes, total: bytes(total.memory.activations) },
    { title: "Gradients", get: c => c.memory.gradients, show: bytes, total: bytes(total.memory.gradients) },
    { title: "Optimiser", get: c => c.memory.optimizer_state, show: bytes, total: bytes(total.memory.optimizer_state) },
  ];
  if (data.device)
    columns.push({ title: "Time", get: c => c.seconds, show: time, total: time(total.seconds) });
  return sortableTable(columns, step.layers, true);
}

function modelTable(model) {
  return sortableTable([
    { title: "Layer", get: l => l.name, text: true, total: "total" },
    { title: "Type", get: l => l.kind, text: true },
    { title: "Output", get: l => l.output_shapes.join(", "), text: true },
    { title: "Parameters", get: l => l.parameters.total, show: whole, total: whole(model.parameters.total) },
    { title: "Multiply-adds", get: l => l.multiply_adds_per_sample, show: whole,
      total: whole(model.multiply_adds_per_sample) },
    { title: "Depth", get: l => l.depth, total: String(model.depth) },
    { title: "Longest path", get: l => l.longest_path, total: String(model.longest_path) },
  ], model.layers, true);
}

function launchPanel(step) {
  const launches = step.kernels.filter(kernel => kernel.threads !== undefined);
  if (!launches.length) return "";
  const columns = [
    { title: "Launch", get: k => k.name, text: true },
    { title: "Blocks", get: k => k.tasks, show: whole },
    { title: "Threads of each", get: k => k.threads, show: whole },
    { title: "Shared memory of each", get: k => k.shared_bytes, show: bytes },
    { title: "FLOPs", get: k => k.flops, show: count },
    { title: "Moved", get: k => k.bytes, show: bytes },
  ];
  if (data.device) columns.push({ title: "Time", get: k => k.seconds, show: time });
  return html("div", { class: "panel" }, [html("h3", {}, "Launches, in their order"), sortableTable(columns, launches)]);
}

//---- Treemap ---------------------------------------------------------------------------------------------------------

/// Squarified (Bruls, Huizing and van Wijk, 2000): rows along the shorter side, as long as their shapes get better.
function squarify(items, x, y, width, height) {
  const placed = [];
  let rest = items.slice().sort((a, b) => b.size - a.size);
  let left = rest.reduce((sum, item) => sum + item.size, 0);
  while (rest.length && left > 0) {
    const side = Math.min(width, height), scale = width * height / left;
    const worst = (row, sum) => Math.max(side * side * row[0].size / (sum * sum * scale),
                                         sum * sum * scale / (side * side * row[row.length - 1].size));
    let row = [rest[0]], sum = rest[0].size;
    for (const item of rest.slice(1)) {
      if (worst([...row.slice(0, 1), item], sum + item.size) > worst(row, sum)) break;
      row.push(item);
      sum += item.size;
    }
    const thickness = sum * scale / side;
    let along = 0;
    for (const item of row) {
      const length = side * item.size / sum;
      placed.push(width >= height ? { item, x, y: y + along, width: thickness, height: length }
                                  : { item, x: x + along, y, width: length, height: thickness });
      along += length;
    }
    if (width >= height) { x += thickness; width -= thickness; } else { y += thickness; height -= thickness; }
    rest = rest.slice(row.length);
    left -= sum;
  }
  return placed;
}

const hues = new Map(); // of kinds of layers
function colourOf(kind) {
  if (!hues.has(kind)) hues.set(kind, (215 + 137 * hues.size) % 360);
  return `hsl(${hues.get(kind)} 45% 45%)`;
}

function treemap(model) {
  const width = 1200, height = 300;
  const items = model.layers.filter(l => !l.shared && l.parameters.total > 0)
                            .map(layer => ({ layer, size: layer.parameters.total }));
  if (!items.length) return html("p", { class: "quiet" }, "This model has no parameters.");
  const small = [];
  const leaves = squarify(items, 0, 0, width, height).map(({ item: { layer, size }, x, y, width, height }) => {
    const rect = svg("rect", { class: "leaf", x, y, width, height, rx: 3, fill: colourOf(layer.kind) });
    hints.set(rect, [layer.name, layer.kind, `${whole(size)} parameters, ${percent(size / model.parameters.total)}`,
                     layer.parameters.frozen ? `${whole(layer.parameters.frozen)} of them frozen` : "",
                     bytes(layer.parameters.bytes)].filter(line => line));
    if (width <= 60 || height <= 34) {
      small.push({ layer, size });
      return [rect];
    }
    return [rect, svg("text", { class: "leaf-label", x: x + 8, y: y + 19 }, clip(layer.name, width - 14)),
            svg("text", { class: "leaf-label", x: x + 8, y: y + 34 }, clip(whole(size), width - 14))];
  });
  return [svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img",
                       "aria-label": "Parameters by layer" }, leaves), smallLayers(model, small)];
}

/// The layers whose boxes have no room for a label.
function smallLayers(model, layers) {
  const most = 24, rest = layers.slice(most).reduce((sum, { size }) => sum + size, 0);
  const share = size => `${whole(size)}, ${percent(size / model.parameters.total)}`;
  const entries = layers.slice(0, most).map(({ layer, size }) => html("span", {}, [
    html("i", { style: { background: colourOf(layer.kind) } }), `${layer.name}: ${share(size)}`]));
  if (rest) entries.push(html("span", {}, `${layers.length - most} more: ${share(rest)}`));
  return entries.length ? html("div", { class: "legend" }, entries) : "";
}

/// As much of a text as fits into so many units at 12 px.
const clip = (text, width) => text.length * 7 <= width ? text : text.slice(0, Math.max(1, width / 7 - 1)) + "\u2026";

//---- Memory over a step ----------------------------------------------------------------------------------------------

const roles = { parameter: "parameters", optimizer_state: "optimiser state", counter: "counters", input: "inputs",
                output: "outputs", activation: "activations kept for the backward pass", gradient: "gradients",
                working: "working memory", scratch: "scratch of a worker" };

function bufferRect(step, buffer, x, y, width, height) {
  // An outline would hide what is thinner than it.
  const isThin = height < 4 || width < 2;
  const rect = svg("rect", { class: isThin ? "buffer thin" : "buffer", x, y, width: Math.max(width, 0.5),
                             height: Math.max(height, 0.5), style: { fill: `var(--${buffer.role})` } });
  const stageAt = t => step.times[t] && step.times[t].stage ? ` (${step.times[t].stage})` : "";
  const life = buffer.kind === "variable" ? "lives from step to step"
    : buffer.kind === "scratch" ? `ops ${buffer.first} to ${buffer.last} of parallel loop ${buffer.loop}`
    : `op ${buffer.first}${stageAt(buffer.first)} to op ${buffer.last}${stageAt(buffer.last)}`;
  hints.set(rect, [buffer.layer ?? buffer.name ?? noLayer, buffer.name ?? "",
                   `${buffer.type}, ${roles[buffer.role]}`,
                   `${bytes(buffer.bytes)} (${whole(buffer.bytes)} bytes) at byte ${whole(buffer.offset)}`, life,
                   buffer.location ?? ""].filter(line => line));
  return rect;
}

/// Lines and labels at round numbers of bytes.
function byteAxis(from, to, y, left, right) {
  const step = 2 ** Math.max(0, Math.ceil(Math.log2((to - from) / 5)));
  const lines = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step)
    lines.push(svg("line", { class: "axis", x1: left, x2: right, y1: y(at), y2: y(at) }),
               svg("text", { class: "quiet", x: left - 8, y: y(at) + 4, "text-anchor": "end" }, bytes(at)));
  return lines;
}

function memoryChart(step, withVariables) {
  const left = 80, right = 1190, top = 10, bottom = 380;
  const placed = step.buffers.filter(b => b.kind !== "scratch" && (withVariables || b.kind !== "variable"));
  const first = b => Math.max(b.first, 0), end = b => Math.max(b.last, 0) + 1;
  // Times at which nothing comes or goes take no room.
  const marks = [...new Set([0, step.times.length, ...placed.flatMap(b => [first(b), end(b)])])].sort((a, b) => a - b);
  const rank = new Map(marks.map((mark, i) => [mark, i]));
  const x = t => left + (right - left) * rank.get(t) / (marks.length - 1);
  const from = withVariables ? 0 : step.state_bytes, to = Math.max(step.peak_bytes, from + 1);
  const y = offset => bottom - (bottom - top) * (offset - from) / (to - from);
  const rects = placed.map(b => bufferRect(step, b, x(first(b)), y(b.offset + b.bytes), x(end(b)) - x(first(b)),
                                           y(b.offset) - y(b.offset + b.bytes)));
  const bands = [];
  for (let i = 0; i + 1 < marks.length; ++i) {
    // Ops of no stage are constants and the like.
    const stages = new Set(step.times.slice(marks[i], marks[i + 1]).map(t => t.stage).filter(s => s));
    const stage = ["update", "backward", "forward"].find(s => [...stages].some(t => t.includes(s)));
    if (!stage) continue;
    const band = svg("rect", { x: x(marks[i]), y: bottom + 6, width: x(marks[i + 1]) - x(marks[i]) + 0.3, height: 9,
                               style: { fill: `var(--${stage})` } });
    const layers = [...new Set(step.times.slice(marks[i], marks[i + 1]).map(t => t.layer).filter(l => l))];
    hints.set(band, [`ops ${marks[i]} to ${marks[i + 1] - 1}: ${[...stages].join(", ")}`, layers.join(", ")]);
    bands.push(band);
  }
  return svg("svg", { viewBox: "0 0 1200 418", width: "100%", role: "img", "aria-label": "Memory over one step" }, [
    byteAxis(from, to, y, left, right), rects, bands,
    svg("text", { class: "quiet", x: left, y: bottom + 32 }, "time: the ops of one step \u2192"),
    svg("text", { class: "quiet", x: right, y: bottom + 32, "text-anchor": "end" },
        "below: forward pass, backward pass, update"),
  ]);
}

function scratchChart(step) {
  const buffers = step.buffers.filter(b => b.kind === "scratch");
  if (!buffers.length) return "";
  const left = 80, right = 1190, top = 8, bottom = 130;
  const loops = [...new Set(buffers.map(b => b.loop))];
  const lengths = new Map(loops.map(l => [l, 1 + Math.max(...buffers.filter(b => b.loop === l).map(b => b.last))]));
  const to = Math.max(...buffers.map(b => b.offset + b.bytes), 1);
  const y = offset => bottom - (bottom - top) * offset / to;
  const part = (right - left) / loops.length;
  const x = (loop, t) => left + part * (loops.indexOf(loop) + Math.max(t, 0) / lengths.get(loop));
  return [html("h3", { style: { "margin-top": "14px" } }, "Scratch of each worker, parallel loop by parallel loop"),
          svg("svg", { viewBox: "0 0 1200 140", width: "100%", role: "img", "aria-label": "Scratch of each worker" }, [
            byteAxis(0, to, y, left, right),
            buffers.map(b => bufferRect(step, b, x(b.loop, b.first), y(b.offset + b.bytes),
                                        x(b.loop, b.last + 1) - x(b.loop, b.first),
                                        y(b.offset) - y(b.offset + b.bytes))),
          ])];
}

function memoryPanel(step) {
  const chart = html("div", {}, memoryChart(step, true));
  const box = html("input", { type: "checkbox", checked: "" });
  box.addEventListener("change", () => chart.replaceChildren(memoryChart(step, box.checked)));
  const used = [...new Set(step.buffers.map(b => b.role))];
  const legend = html("div", { class: "legend" }, Object.keys(roles).filter(r => used.includes(r)).map(role =>
    html("span", {}, [html("i", { style: { background: `var(--${role})` } }), roles[role]])));
  return html("div", { class: "panel" }, [html("h3", {}, "Memory over one step"), legend,
                                          html("label", {}, [box, " with what lives from step to step"]), chart,
                                          scratchChart(step)]);
}

//---- Graph -----------------------------------------------------------------------------------------------------------

/// A layered drawing (Sugiyama, Tagawa and Toda, 1981): a node stands right of all that it reads; edges over several
/// columns pass through places of their own; orders within columns by the mean place of neighbours.
function layOut(graph) {
  const nodes = graph.nodes.map((node, i) => ({ node, i, before: [], after: [], column: 0 }));
  const edges = [];
  for (const [from, to] of graph.edges) nodes[to].column = Math.max(nodes[to].column, nodes[from].column + 1);
  const connect = (a, b) => { a.after.push(b); b.before.push(a); };
  for (const [from, to] of graph.edges) {
    const path = [nodes[from]];
    for (let column = nodes[from].column + 1; column < nodes[to].column; ++column) {
      const bend = { column, before: [], after: [] };
      connect(path[path.length - 1], bend);
      nodes.push(bend);
      path.push(bend);
    }
    connect(path[path.length - 1], nodes[to]);
    edges.push([...path, nodes[to]]);
  }
  const columns = [];
  for (const node of nodes) (columns[node.column] ??= []).push(node);
  const number = column => column.forEach((node, i) => { node.row = i - (column.length - 1) / 2; });
  columns.forEach(number);
  for (let round = 0; round < 8; ++round) {
    const side = round % 2 ? "after" : "before";
    const mean = ({ [side]: near, row }) => near.length ? near.reduce((sum, n) => sum + n.row, 0) / near.length : row;
    for (const column of round % 2 ? columns.slice().reverse() : columns) {
      const keys = new Map(column.map(node => [node, mean(node)]));
      column.sort((a, b) => keys.get(a) - keys.get(b));
      number(column);
    }
  }
  return { nodes, edges, columns };
}

function graphDrawing(model) {
  const { nodes, edges, columns } = layOut(model.graph);
  const boxWidth = 140, boxHeight = 52, stepX = 180, stepY = 70;
  const rows = Math.max(...columns.map(column => column.length));
  const width = columns.length * stepX - (stepX - boxWidth) + 8, height = rows * stepY;
  const centre = node => [4 + node.column * stepX + boxWidth / 2, height / 2 + node.row * stepY];
  const lines = edges.map(path => {
    const points = path.map(centre);
    let d = "";
    points.forEach(([x, y], i) => {
      const isBend = i > 0 && i + 1 < points.length;
      const [start, stop] = isBend ? [x - boxWidth / 2, x + boxWidth / 2] : i ? [x - boxWidth / 2] : [x + boxWidth / 2];
      if (!i) d = `M${start},${y}`;
      else {
        const [, lastY] = points[i - 1], from = start - (stepX - boxWidth), middle = (from + start) / 2;
        d += `C${middle},${lastY} ${middle},${y} ${start},${y}`;
        if (isBend) d += `L${stop},${y}`;
      }
    });
    return svg("path", { class: "edge", d, "marker-end": "url(#arrow)" });
  });
  const boxes = nodes.filter(n => n.node).map(n => {
    const [x, y] = centre(n), layer = n.node.layer === undefined ? null : model.layers[n.node.layer];
    // What the name says already is not said again.
    const lines = [[n.node.name, ""], [n.node.kind, "quiet"], [layer ? layer.output_shapes.join(", ") : "", "quiet"]]
      .filter(([text], i) => text && (i !== 1 || (text !== n.node.name && text !== "op")));
    const box = svg("rect", { x: x - boxWidth / 2, y: y - boxHeight / 2, width: boxWidth, height: boxHeight, rx: 8 });
    hints.set(box, layer ? [layer.path, `${layer.kind} ${layer.output_shapes.join(", ")}`,
                            `${whole(layer.parameters.total)} parameters`, layer.location ?? ""].filter(line => line)
                         : [n.node.name, n.node.kind]);
    const label = (text, dy, kind) => svg("text", { x, y: y + dy, "text-anchor": "middle", class: kind,
                                                    style: { "pointer-events": "none" } }, clip(text, boxWidth - 10));
    return svg("g", { class: `node ${layer ? "layer" : n.node.kind === "op" ? "plain" : ""}` },
               [box, lines.map(([text, kind], i) => label(text, 4 + 15 * (i - (lines.length - 1) / 2), kind))]);
  });
  const arrow = svg("defs", {}, svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 7,
                                                markerHeight: 7, orient: "auto" },
                                    svg("path", { d: "M0,0L8,4L0,8z", style: { fill: "var(--quiet)" } })));
  return html("div", { class: "scroll" }, svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
                                                      "aria-label": `Graph of ${model.name}` }, [arrow, lines, boxes]));
}

//---- The page --------------------------------------------------------------------------------------------------------

const card = (value, label) => html("div", { class: "card" }, [html("b", {}, value), html("span", {}, label)]);

function stepSection(step) {
  const { total } = step;
  const cards = [card(count(total.flops.total), "FLOPs a step"), card(bytes(total.bytes), "moved a step"),
                 card(total.flops_per_byte.toFixed(1), "FLOP a byte"), card(bytes(step.peak_bytes), "memory of a step"),
                 card(bytes(step.state_bytes), "of it parameters and optimiser state"),
                 card(bytes(total.memory.activations), "activations kept for the backward pass")];
  if (total.seconds !== undefined) cards.push(card("\u2265 " + time(total.seconds), `a step on ${data.device.name}`));
  if (step.epoch)
    cards.push(card(count(step.epoch.flops), `FLOPs an epoch of ${whole(step.epoch.steps)} steps`),
               step.epoch.seconds === undefined ? "" : card("\u2265 " + time(step.epoch.seconds), "an epoch"));
  const target = isForGpu ? `, for target ${describedTarget}` : "";
  return [html("h2", {}, `Step ${step.name}, batch ${whole(step.batch)}${target}`),
          html("div", { class: "cards" }, cards),
          html("div", { class: "panel" }, [html("h3", {}, "Cost by layer"), layerTable(step)]), launchPanel(step),
          memoryPanel(step)];
}

function modelSection(model, index) {
  const { parameters } = model;
  const isRun = data.steps.some(step => step.layers.some(cost => cost.model === index));
  return [html("h2", {}, `Model ${model.name}`),
          html("div", { class: "cards" }, [
            card(whole(parameters.total), "parameters"), card(bytes(parameters.bytes), "of parameters"),
            card(whole(parameters.trainable), "trainable"), card(whole(parameters.frozen), "frozen"),
            card(count(model.multiply_adds_per_sample), "multiply-adds a sample, forward"),
            card(`${model.depth} / ${model.longest_path}`, "depth: layers with weights / all layers")]),
          html("div", { class: "panel" }, [html("h3", {}, "Graph"), graphDrawing(model)]),
          html("div", { class: "panel" }, [html("h3", {}, "Parameters by layer"), treemap(model)]),
          isRun ? "" : html("div", { class: "panel" }, [html("h3", {}, "Layers"), modelTable(model)])];
}

function comparison() {
  const { columns } = data;
  const isUsed = kind => columns.some(({ kinds: { [kind]: sum } }) => sum?.layers || sum?.flops?.total || sum?.bytes);
  const names = [...new Set(columns.flatMap(c => Object.keys(c.kinds)))].filter(isUsed).sort();
  const kinds = [...names.filter(name => name !== noLayer), ...names.filter(name => name === noLayer)];
  const sumRows = [
    ["Layers", s => s.layers, whole], ["Parameters", s => s.parameters.total, whole],
    ["Multiply-adds forward", s => s.multiply_adds?.forward, count],
    ["Multiply-adds backward", s => s.multiply_adds?.backward, count],
    ["FLOPs forward", s => s.flops?.forward, count], ["FLOPs backward", s => s.flops?.backward, count],
    ["FLOPs update", s => s.flops?.update, count], ["Bytes moved", s => s.bytes, bytes],
    ["FLOP/byte", s => s.flops_per_byte, v => v.toFixed(1)], ["Parameter bytes", s => s.parameters.bytes, bytes],
    ["Optimiser state", s => s.memory?.optimizer_state, bytes], ["Gradients", s => s.memory?.gradients, bytes],
    ["Activations kept", s => s.memory?.activations, bytes],
    ...(data.device ? [["Time of a step, at least", s => s.seconds, time]] : [])];
  const perEpoch = (column, amount) => column.steps && column.steps * amount;
  const heads = [["Batch", c => c.batch, whole], ["Trainable", c => c.total.parameters.trainable, whole],
                 ["Frozen", c => c.total.parameters.frozen, whole], ["Depth: with weights", c => c.depth, whole],
                 ["Depth: all layers", c => c.longest_path, whole],
                 ["Multiply-adds per sample", c => c.multiply_adds_per_sample, count]];
  const ends = [[isForGpu ? "GPU memory of a step" : "Memory of a step", c => c.peak_bytes, bytes],
                ["No plan with less", c => c.lower_bound_bytes, bytes], ["Steps of an epoch", c => c.steps, whole],
                ["FLOPs of an epoch", c => perEpoch(c, c.total.flops?.total), count],
                ...(data.device ? [["Time of an epoch, at least", c => perEpoch(c, c.total.seconds), time]] : [])];
  const line = (title, values, show) => {
    if (values.every(v => v === undefined)) return "";
    const most = Math.max(...values.map(v => v ?? 0));
    return html("tr", {}, [html("td", { class: "text" }, title), values.map(v => v === undefined
      ? html("td", {}, "\u2013")
      : html("td", { class: "bar", style: { "--share": (most ? 100 * v / most : 0) + "%" } }, show(v)))]);
  };
  const group = title =>
    html("tr", { class: "group" }, html("td", { class: "text", colspan: columns.length + 1 }, title));
  const ofColumn = rows => rows.map(([title, get, show]) => line(title, columns.map(get), show));
  const body = [ofColumn(heads), ofColumn(sumRows.map(([title, get, show]) => [title, c => get(c.total), show])),
                ofColumn(ends),
                kinds.map(kind => [group(kind), ofColumn(sumRows.map(([title, get, show]) =>
                  [title, c => c.kinds[kind] && get(c.kinds[kind]), show]))])];
  const table = html("table", { class: "compare" }, [
    html("thead", {}, html("tr", {}, [html("th", { class: "text" }, isForGpu ? describedTarget : ""), columns.map(c =>
      html("th", { title: c.file }, c.title))])), html("tbody", {}, body)]);
  return html("div", { class: "panel" }, html("div", { style: { "overflow-x": "auto" } }, table));
}

/// A device's description and source may be empty.
function deviceText({ name, description, flops, bytes_per_second: bandwidth, source }) {
  return `${name}: ${description ? description + "; " : ""}${count(flops)}FLOP/s, ${count(bandwidth)}B/s` +
    `${source ? ` (${source})` : ""}. Times are the least that this program could take on it.`;
}

function draw() {
  const page = document.getElementById("page");
  const name = data.columns ? data.columns.map(c => c.title).join(", ") : data.file.split("/").pop();
  document.title = `${name} \u2013 nnc report`;
  const device = data.device && deviceText(data.device);
  page.append(html("h1", {}, data.columns ? "Comparison" : name),
              html("p", { class: "quiet" }, data.columns ? name : data.file),
              device ? html("p", { class: "quiet" }, device) : "");
  if (data.columns) page.append(comparison());
  else page.append(...[data.models.map(modelSection), data.steps.map(stepSection)].flat(Infinity).filter(e => e));
}

draw();
