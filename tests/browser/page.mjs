// Opens templates in ComfyUI's page, measures them, runs one and cancels another run of it.
//   node page.mjs JOB.json
// The job: {url, chromium, vue, prefix, templates: [{name, workflow}], run: name}.
// Prints one line of JSON.
import fs from "node:fs";

import { withPage } from "./open_page.mjs";

const job = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const RUN_LIMIT_MS = 300_000;
const CANCEL_LIMIT_MS = 60_000;
const MARGIN = { left: 120, top: 190, right: 60, bottom: 60 }; // for the page's own bars
const LARGEST_VIEW = 6000;
const TOLERANCE = 1.5;

// In the page: positions, sizes, and what does not fit, all at scale 1.
function measure({ vue, fresh, tolerance }) {
  const titleHeight = LiteGraph.NODE_TITLE_HEIGHT;
  const cut = [];
  // Width of a widget's frame, arrows and switch, beside its texts.
  const decoration = { number: 85, combo: 85, text: 60, string: 60, toggle: 76 };
  const context = document.createElement("canvas").getContext("2d");
  const width = (text, font) => {
    context.font = font;
    return context.measureText(text).width;
  };
  const shown = (widget) => {
    if (typeof widget.value !== "number") return String(widget.value ?? "");
    return widget.value.toFixed(widget.options?.precision ?? 3);
  };
  const note = (node, what) => cut.push(`${node.type} ${node.id}: ${what}`);
  const texts =
    "input, textarea, .truncate, .p-select-label, .comfy-markdown-content, .comfy-markdown .tiptap";
  const element = (node) => document.querySelector(`[data-node-id="${node.id}"]`);

  const checkCanvasNode = (node) => {
    const least = node.computeSize(); // a preview, after a run, is scaled to what there is
    if (fresh && (node.size[0] < least[0] - tolerance || node.size[1] < least[1] - tolerance)) {
      note(node, `is ${node.size.map(Math.round)}, needs ${least.map(Math.round)}`);
    }
    if (width(node.getTitle(), app.canvas.title_text_font) > node.size[0] - 2 * titleHeight) {
      note(node, `title '${node.getTitle()}' is too long`);
    }
    for (const widget of node.widgets ?? []) {
      const taken = decoration[widget.type];
      if (widget.element || widget.hidden || !taken) continue;
      const label = widget.label ?? widget.name;
      const needed = width(`${label} ${shown(widget)}`, app.canvas.inner_text_font);
      if (needed > node.size[0] - taken) {
        note(node, `widget '${label}' with '${shown(widget)}' is too wide`);
      }
    }
  };
  const checkText = (node, root) => {
    for (const part of root.querySelectorAll(texts)) {
      if (part.type === "checkbox" || part.type === "radio") continue; // their value is no text
      const text = part.value ?? part.textContent;
      if (!text || part.offsetParent === null) continue;
      const tall = part.matches("textarea, .comfy-markdown-content, .tiptap");
      const across = part.scrollWidth > part.clientWidth + tolerance;
      const down = tall && part.scrollHeight > part.clientHeight + 4;
      if (across || down) note(node, `text '${text.slice(0, 40)}' does not fit`);
    }
  };
  const checkVueNode = (node, root) => {
    const outer = root.getBoundingClientRect();
    for (const widget of root.querySelectorAll(".lg-node-widget, .lg-slot")) {
      const inner = widget.getBoundingClientRect();
      const outside = inner.right > outer.right + 12 || inner.bottom > outer.bottom + tolerance;
      if (inner.width && outside) note(node, `'${widget.textContent.slice(0, 40)}' lies outside`);
    }
    const failed = node.mode === 0 && /(failed to load|error loading)[^\n]*/i.exec(root.innerText);
    if (failed) note(node, `shows '${failed[0]}'`);
    checkText(node, root);
  };

  const nodes = app.graph.nodes.map((node) => {
    let rect = [node.pos[0], node.pos[1] - titleHeight, node.size[0], node.size[1] + titleHeight];
    if (vue) {
      const root = element(node);
      if (!root) return { id: node.id, type: node.type, rect, hidden: true };
      const box = root.getBoundingClientRect();
      rect = [box.x, box.y, box.width, box.height];
      checkVueNode(node, root);
    } else {
      checkCanvasNode(node);
      for (const { element: own } of node.widgets ?? []) {
        if (own) checkText(node, own.parentElement ?? own);
      }
    }
    return { id: node.id, type: node.type, rect: rect.map(Number) };
  });
  return { nodes, cut: [...new Set(cut)] };
}

async function frameGraph(page) {
  const bounds = await page.evaluate((vue) => {
    const boxes = app.graph.nodes.map((n) => {
      const drawn = vue && document.querySelector(`[data-node-id="${n.id}"]`);
      const size = drawn ? [drawn.offsetWidth, drawn.offsetHeight] : n.size;
      return [n.pos[0], n.pos[1] - 30, n.pos[0] + size[0], n.pos[1] + size[1]];
    });
    const low = (i) => Math.min(...boxes.map((b) => b[i]));
    const high = (i) => Math.max(...boxes.map((b) => b[i]));
    return [low(0), low(1), high(2), high(3)];
  }, job.vue);
  const [x, y, right, bottom] = bounds;
  const size = (length) => Math.min(LARGEST_VIEW, Math.max(800, Math.ceil(length)));
  await page.setViewportSize({
    width: size(right - x + MARGIN.left + MARGIN.right),
    height: size(bottom - y + MARGIN.top + MARGIN.bottom),
  });
  await page.evaluate(([dx, dy]) => {
    app.canvas.ds.scale = 1;
    app.canvas.ds.offset = [dx, dy];
    app.canvas.setDirty(true, true);
  }, [MARGIN.left - x, MARGIN.top - y]);
  await page.waitForTimeout(1000);
}

async function look(page, name, fresh) {
  await frameGraph(page);
  const measured = await page.evaluate(measure, { vue: job.vue, fresh, tolerance: TOLERANCE });
  await page.screenshot({ path: `${job.prefix}${name}.png` });
  return measured;
}

async function open(page, template) {
  await page.evaluate((w) => app.loadGraphData(w, true, true, null), template.workflow);
  await page.waitForTimeout(1500);
  const facts = await page.evaluate(async () => ({
    missing: app.graph.nodes
      .map((n) => n.type)
      .filter((type) => !LiteGraph.registered_node_types[type]),
    prompt: (await app.graphToPrompt()).output,
    offer: /missing models|models? (is|are) missing/i.test(document.body.innerText),
  }));
  if (facts.offer) await page.screenshot({ path: `${job.prefix}${template.name}-offer.png` });
  await page.keyboard.press("Escape"); // a dialog would cover the page
  return { name: template.name, ...facts, ...(await look(page, template.name, true)) };
}

async function waitFor(page, names, limit) {
  const found = (wanted) => window.modaEvents.find((e) => wanted.includes(e.name));
  const handle = await page.waitForFunction(found, names, { timeout: limit, polling: 100 });
  return handle.jsonValue();
}

const ENDS = ["execution_success", "execution_error", "execution_interrupted"];

async function start(page) {
  await page.evaluate(async () => {
    window.modaEvents.length = 0;
    await app.queuePrompt(0, 1);
  });
}

async function runToEnd(page, template) {
  await start(page);
  await waitFor(page, ["middle", ...ENDS], RUN_LIMIT_MS);
  await page.screenshot({ path: `${job.prefix}${template.name}-running.png` });
  const end = await waitFor(page, ENDS, RUN_LIMIT_MS);
  await page.waitForTimeout(1500);
  return { end, ...(await look(page, `${template.name}-ran`, false)) };
}

async function cancelInTheMiddle(page, template) {
  await page.evaluate(() => {
    const widgets = app.graph.nodes.flatMap((node) => node.widgets ?? []);
    for (const seed of widgets.filter((widget) => widget.name === "seed")) seed.value += 1;
  });
  await start(page);
  const first = await waitFor(page, ["middle", ...ENDS], RUN_LIMIT_MS);
  if (first.name !== "middle") return { end: first, seconds: 0 };
  const pressed = Date.now();
  await page.locator('button[aria-label="Cancel current run"]').click();
  const end = await waitFor(page, ENDS, CANCEL_LIMIT_MS);
  return { end, seconds: (Date.now() - pressed) / 1000 };
}

const listen = (names) => {
  window.modaEvents = [];
  const keep = (name, detail) => window.modaEvents.push({ name, detail });
  for (const name of names) app.api.addEventListener(name, (e) => keep(name, e.detail));
  app.api.addEventListener("progress", ({ detail }) => {
    const share = detail.value / detail.max;
    const type = app.graph.getNodeById(detail.node)?.type;
    // While it renders, a file is half written; early, since a run may take few seconds.
    if (type === "MoDARenderVideo" && share > 0.05 && share < 0.5) keep("middle", detail);
  });
};

const report = await withPage(job, async (page, messages) => {
  await page.evaluate(listen, ENDS);
  const templates = [];
  for (const template of job.templates) {
    const result = await open(page, template);
    templates.push(result);
    if (template.name !== job.run) continue;
    result.ran = await runToEnd(page, template);
    if (result.ran.end.name !== "execution_success") break; // its dialog covers the page
    result.cancelled = await cancelInTheMiddle(page, template);
  }
  return { templates, messages };
});
console.log(JSON.stringify(report));
