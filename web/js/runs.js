// What runs tell of nodes, also of those that the server need not run again.
//
// A host tells what a node has to show when it runs it. Of a node whose result it still has, it is
// silent, and a page that was loaded since shows nothing; but its history knows.

const MOST_RUNS = 50; // that are looked through

const told = new Map(); // what runs told of nodes, by graph and node: hosts may forget it at undo

/** Return what a node's last run gave to the page, also after undo; undefined if nothing. */
export function outputOf(node, app) {
  if (!node) return undefined;
  const outside = node.graph === (app.rootGraph ?? app.graph);
  const page = app.nodeOutputs?.[outside ? node.id : `${node.graph?.id}:${node.id}`];
  return page ?? told.get(keyOf(node));
}

function keyOf(node) {
  return `${node.graph?.id}:${node.id}`;
}

function isOurs(output) {
  return Object.keys(output ?? {}).some((name) => name.startsWith("moda_"));
}

/** Return the node that a run calls by an id, "outer:inner" in subgraphs; undefined without one. */
export function nodeOfRun(id, app) {
  let graph = app.rootGraph ?? app.graph;
  let node;
  for (const part of String(id).split(":")) {
    node = graph?.getNodeById(part) ?? undefined;
    graph = node?.subgraph;
  }
  return node;
}

/**
 * Tell the page, after each run, what nodes showed that were not run again.
 *
 * It is told as newer hosts do it, by "executed"; where the history no longer knows it, by
 * "moda_untold" with the id of the node.
 */
export function recallRuns(api, app) {
  const known = new Map(); // what a node was computed from, and whether it showed anything
  let cached = null;
  api.addEventListener("executed", ({ detail: { node: id, display_node: shown, output } }) => {
    const node = isOurs(output) && nodeOfRun(shown ?? id, app);
    if (node) told.set(keyOf(node), output);
  });
  api.addEventListener("execution_cached", ({ detail }) => (cached = detail));
  api.addEventListener("executing", async ({ detail: running }) => {
    if (running !== null || !cached?.nodes.length) return;
    const { nodes, prompt_id: id } = cached;
    const run = (await fetched(api, `/history/${id}`))[id];
    if (!run || cached?.prompt_id !== id) return; // it has not ended, or was looked at already
    cached = null;
    const prompt = run.prompt[2];
    const note = (node, isShown) => known.set(node, { made: recipe(prompt, node), isShown });
    for (const node of Object.keys(run.outputs)) note(node, true);
    const isUntold = (node) => {
      if (!prompt[node]?.class_type.startsWith("MoDA")) return false;
      const { made, isShown } = known.get(node) ?? {};
      if (made !== recipe(prompt, node)) return true;
      return isShown && !outputOf(nodeOfRun(node, app), app); // it was opened anew
    };
    const untold = nodes.filter(isUntold);
    if (!untold.length) return;
    const runs = await fetched(api, `/history?max_items=${MOST_RUNS}`);
    for (const node of untold) {
      const detail = earlier(runs, node, recipe(prompt, node));
      note(node, detail !== null);
      if (detail) api.dispatchCustomEvent("executed", { ...detail, prompt_id: id });
      else api.dispatchCustomEvent("moda_untold", { node });
    }
  });
}

async function fetched(api, path) {
  const answer = await api.fetchApi(path).catch(() => null); // the server is gone
  return answer?.ok ? answer.json() : {};
}

/** Return what the last run told that computed a node from the same, as "executed" tells it. */
function earlier(runs, node, made) {
  for (const { prompt, outputs, meta } of Object.values(runs).reverse()) {
    const output = outputs[node];
    if (!isOurs(output) || recipe(prompt[2], node) !== made) continue;
    return { node, display_node: meta?.[node]?.display_node ?? node, output };
  }
  return null;
}

/** Return all that a node of a prompt is computed from, as text. */
export function recipe(prompt, id) {
  const found = new Map();
  const waiting = [id];
  while (waiting.length) {
    const next = waiting.pop();
    if (found.has(next) || !prompt[next]) continue;
    const { class_type: type, inputs } = prompt[next];
    found.set(next, [type, inputs]);
    const links = Object.values(inputs).filter((value) => Array.isArray(value));
    waiting.push(...links.map(([origin]) => String(origin)));
  }
  return JSON.stringify([...found].sort(([one], [other]) => (one < other ? -1 : 1)));
}
