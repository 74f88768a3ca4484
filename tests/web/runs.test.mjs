// What runs tell of nodes, and what the history knows of those that were not run again.
import assert from "node:assert/strict";
import test from "node:test";

import { nodeOfRun, outputOf, recallRuns, recipe } from "../../web/js/runs.js";

const promptOf = (seed) => ({
  1: { class_type: "LoadImage", inputs: { image: "a.png" } },
  2: { class_type: "MoDASampleMotion", inputs: { portrait: ["1", 0], seed } },
  3: { class_type: "SaveVideo", inputs: { motion: ["2", 0], size: [512, 512] } },
});
const told = (text) => ({ moda_motion: [text] });
const runOf = (seed, outputs, meta) => ({ prompt: [0, "id", promptOf(seed), {}, []], outputs, meta });

/** A host's API with a history, which notes what is asked for and told. */
class Api extends EventTarget {
  constructor(history) {
    super();
    Object.assign(this, { history, asked: [], heard: [] });
  }

  async fetchApi(path) {
    this.asked.push(path);
    const id = /^\/history\/(.+)$/.exec(path)?.[1];
    const found = id ? { [id]: this.history[id] } : this.history;
    return { ok: true, json: async () => structuredClone(found) };
  }

  dispatchCustomEvent(kind, detail) {
    this.heard.push([kind, detail]);
    return this.dispatchEvent(Object.assign(new Event(kind), { detail }));
  }

  /** Tell of a run as a host does, and wait until all is asked. */
  async run(id, nodes) {
    this.dispatchCustomEvent("execution_cached", { nodes, prompt_id: id });
    this.dispatchCustomEvent("executing", null);
    this.heard.length = 0;
    await new Promise((done) => setTimeout(done, 5));
  }
}

/** Return an API that a page listens to, in which nodes have `outputs`. */
function listening(history, outputs = { 2: told("a") }, graph = { id: "graph" }) {
  const api = new Api(history);
  graph.getNodeById = (id) => ({ id, graph });
  api.app = { graph, nodeOutputs: outputs };
  recallRuns(api, api.app);
  return api;
}

test("after a reload the page is told what the last equal run showed", async () => {
  const api = listening({
    old: runOf(1, { 2: told("first") }),
    same: runOf(1, { 2: told("second") }, { 2: { display_node: "7" } }),
    other: runOf(2, { 2: told("other") }),
    now: runOf(1, {}),
  });

  await api.run("now", ["1", "2"]);

  const detail = { node: "2", display_node: "7", output: told("second"), prompt_id: "now" };
  assert.deepEqual(api.heard, [["executed", detail]]);
});

test("what the page was told of this run, or of an equal one, is not told again", async () => {
  const api = listening({ one: runOf(1, { 2: told("a") }), two: runOf(1, {}) });

  await api.run("one", ["1"]);
  await api.run("two", ["1", "2"]);

  assert.deepEqual(api.heard, []);
  assert.deepEqual(api.asked, ["/history/one", "/history/two"]);
});

test("a result that is kept from before the last run is told anew", async () => {
  const api = listening({ one: runOf(1, { 2: told("a") }), two: runOf(2, { 2: told("b") }) });
  await api.run("one", ["1"]);
  await api.run("two", ["1"]);
  api.history.three = runOf(1, {});

  await api.run("three", ["1", "2"]);

  assert.deepEqual(
    api.heard.map(([kind, { output }]) => [kind, output]),
    [["executed", told("a")]],
  );
});

test("a node that was opened anew is told what it showed", async () => {
  const outputs = { 2: told("a") };
  const history = { one: runOf(1, { 2: told("a") }), two: runOf(1, {}) };
  const api = listening(history, outputs, { id: "anew" });
  await api.run("one", ["1"]);
  delete outputs[2];

  await api.run("two", ["1", "2"]);

  assert.deepEqual(
    api.heard.map(([kind, { output }]) => [kind, output]),
    [["executed", told("a")]],
  );
});

test("what a node showed is known when the page has forgotten it, and made the node anew", () => {
  const api = listening({}, {}, { id: "kept" });

  api.dispatchCustomEvent("executed", { node: "2", output: told("a") });
  api.dispatchCustomEvent("executed", { node: "3", output: { images: [] } });

  const again = (id) => outputOf({ id, graph: { id: "kept" } }, api.app);
  assert.deepEqual(again(2), told("a"));
  assert.equal(again(3), undefined);
});

test("views are told, once, what the history no longer knows", async () => {
  const api = listening({ now: runOf(1, {}), again: runOf(1, {}) });

  await api.run("now", ["1", "2"]);
  assert.deepEqual(api.heard, [["moda_untold", { node: "2" }]]);
  await api.run("again", ["1", "2"]);
  assert.deepEqual(api.heard, []);
});

test("a pause before the end of a run is not taken for the end", async () => {
  const api = listening({ old: runOf(1, { 2: told("a") }), now: undefined });

  await api.run("now", ["1", "2"]);
  assert.deepEqual(api.heard, []);
  api.history.now = runOf(1, {});
  api.dispatchCustomEvent("executing", null);
  api.dispatchCustomEvent("executing", null);
  api.heard.length = 0;
  await new Promise((done) => setTimeout(done, 5));

  assert.deepEqual(
    api.heard.map(([kind]) => kind),
    ["executed"],
  );
});

test("a run of which nothing is kept asks for nothing", async () => {
  const api = listening({ now: runOf(1, { 2: told("a") }) });

  await api.run("now", []);

  assert.deepEqual(api.asked, []);
});

test("a recipe has all that comes before a node, and nothing after it", () => {
  const base = promptOf(1);
  const changed = (id, inputs) => ({ ...base, [id]: { ...base[id], inputs } });

  assert.equal(recipe(base, "2"), recipe(changed("3", { motion: ["2", 0] }), "2"));
  assert.notEqual(recipe(base, "2"), recipe(changed("1", { image: "b.png" }), "2"));
  assert.notEqual(recipe(base, "2"), recipe(promptOf(2), "2"));
});

test("nodes of runs and their outputs are found in subgraphs too", () => {
  const inner = { id: 4, graph: { id: "sub" } };
  const subgraph = { getNodeById: (id) => (id === "4" ? inner : null) };
  const rootGraph = { getNodeById: (id) => (id === "2" ? outer : null) };
  const outer = { id: 2, graph: rootGraph, subgraph };
  const app = { rootGraph, graph: subgraph, nodeOutputs: { 2: "outer", "sub:4": "inner" } };

  assert.equal(nodeOfRun("2:4", app), inner);
  assert.equal(nodeOfRun(2, app), outer);
  assert.equal(nodeOfRun("3:4", app), undefined);
  assert.equal(nodeOfRun("4", app), undefined);
  assert.equal(outputOf(outer, app), "outer");
  assert.equal(outputOf(inner, app), "inner");
});
