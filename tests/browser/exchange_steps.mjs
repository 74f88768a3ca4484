// Workflows that go from one page to another: nodes in all states are made, saved, and opened again.
const SETTLE_MS = 800;
const BYPASSED = 4;
const VIEWS = [
  "MoDADirector",
  "MoDAEmotionTimeline",
  "MoDAExpression",
  "MoDAExtractIdentity",
  "MoDATrackFace",
  "MoDAPreviewMotion",
  "MoDASampleMotion",
];
const SCRIPT = '# "mine", für später\n[1 nod]  [2.5 smile 0.7 for 2]\n\n[4 smiel]\n[5 happy 0.6 for 2]';

/**
 * Make nodes with views, with values that are not the usual ones, and save them.
 *
 * Returns the workflow; `extra.moda_written` has the values that were meant, by title and widget.
 */
export async function savedWorkflow(page) {
  return page.evaluate(
    async ([types, script, ms]) => {
      const pause = () => new Promise((done) => setTimeout(done, ms));
      const written = {};
      const unusual = (widget) => {
        const { values, min, max } = widget.options ?? {};
        if (widget.name === "script") return script;
        if (Array.isArray(values)) return values.at(-1);
        const highest = Math.min(max, 2 ** 52); // a seed's is more than JavaScript can count
        if (typeof widget.value === "number") return widget.value === highest ? min : highest;
        if (typeof widget.value === "boolean") return !widget.value;
        return `${widget.value}${widget.value ? "\n" : ""}# ü "x", \\n`;
      };
      const add = (type, title, index) => {
        const node = LiteGraph.createNode(type);
        Object.assign(node, { title, pos: [(index % 4) * 800, Math.floor(index / 4) * 900] });
        app.graph.add(node);
        written[title] = {};
        for (const widget of node.widgets) {
          if (/^(moda_|control_)/.test(widget.name)) continue; // the views', and the page's own
          widget.value = written[title][widget.name] = unusual(widget);
          widget.callback?.(widget.value);
        }
        return node;
      };
      app.graph.clear();
      types.forEach((type, index) => add(type, type, index));
      const states = ["collapsed", "bypassed", "resized", "copied", "inside"];
      const made = states.map((title, index) => add(types[0], title, types.length + index));
      const [collapsed, bypassed, resized, copied, inside] = made;
      await pause();
      collapsed.collapse();
      bypassed.mode = 4; // BYPASSED
      resized.setSize([533, 777]);
      app.canvas.selectNode(copied);
      app.canvas.copyToClipboard();
      app.canvas.pasteFromClipboard();
      const pasted = app.graph.nodes.find((each) => each.title === "copied" && each !== copied);
      pasted.title = "pasted";
      written.pasted = written.copied;
      app.graph.convertToSubgraph(new Set([inside]));
      app.canvas.setDirty(true, true);
      await pause();
      app.graph.extra.moda_written = written;
      return app.graph.serialize();
    },
    [VIEWS, SCRIPT, SETTLE_MS],
  );
}

/** Return [title, node] of all nodes of a saved workflow, in subgraphs too. */
function nodesIn(workflow) {
  const inner = workflow.definitions?.subgraphs ?? [];
  const nodes = [workflow, ...inner].flatMap((graph) => graph.nodes);
  return nodes.map((node) => [node.title ?? node.type, node]);
}

/** Open a workflow; returns what a page makes of it: its widgets, prompt, and what it would save. */
async function opened(page, workflow) {
  return page.evaluate(
    async ([given, ms]) => {
      await app.loadGraphData(given, true, true, null);
      await new Promise((done) => setTimeout(done, ms));
      const inner = [...(app.graph.subgraphs?.values() ?? [])];
      const nodes = [app.graph, ...inner].flatMap((graph) => graph.nodes);
      const { output } = await app.graphToPrompt();
      const shown = {};
      for (const node of nodes) {
        const widgets = node.widgets ?? [];
        shown[node.title] = {
          values: Object.fromEntries(widgets.map((each) => [each.name, each.value])),
          hasView: widgets.some((each) => each.name.startsWith("moda_")),
          collapsed: Boolean(node.flags.collapsed),
          mode: node.mode,
        };
      }
      const prompt = Object.values(output).map((each) => [each._meta.title, each.inputs]);
      return { shown, prompt, saved: app.graph.serialize() };
    },
    [workflow, SETTLE_MS],
  );
}

/** Open a workflow that a page has saved; returns what has changed, a line each. */
export async function openedProblems(page, workflow, hasScript) {
  const written = workflow.extra.moda_written;
  const { shown, prompt, saved } = await opened(page, workflow);
  const problems = [];
  for (const [title, values] of Object.entries(written)) {
    const node = shown[title];
    if (!node) problems.push(`${title} is not there`);
    else problems.push(...changedValues(`${title} shows`, values, node.values));
    if (node && node.hasView !== hasScript) {
      problems.push(`${title}: a view is ${hasScript ? "missing" : "there"}`);
    }
  }
  if (!shown.collapsed?.collapsed) problems.push("what was collapsed is open");
  if (shown.bypassed?.mode !== BYPASSED) problems.push("what was bypassed is not");
  const sent = Object.fromEntries(prompt);
  for (const [title, values] of Object.entries(written)) {
    if (title === "bypassed") continue;
    if (!sent[title]) problems.push(`${title} is not in the prompt`);
    else problems.push(...changedValues(`${title} sends`, values, sent[title]));
  }
  const before = new Map(nodesIn(workflow));
  for (const [title, { widgets_values: values }] of nodesIn(saved)) {
    if (!(title in written)) continue;
    const [own, now] = [before.get(title)?.widgets_values, values].map((each) => JSON.stringify(each));
    if (own !== now) problems.push(`${title}: ${own} is saved as ${now}`);
  }
  return problems;
}

function changedValues(what, written, found) {
  return Object.entries(written)
    .map(([name, value]) => [name, JSON.stringify(value), JSON.stringify(found[name])])
    .filter(([, value, now]) => value !== now)
    .map(([name, value, now]) => `${what} for ${name} ${now} instead of ${value}`);
}
