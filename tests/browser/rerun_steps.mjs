// Whether the players still show a motion after undo, and after a reload, when nothing runs again.
import { openPage } from "./open_page.mjs";

const MOST_TRIES = 30; // of half a second
const MOST_UNDONE = 3;
const PLAYERS = ["MoDASampleMotion", "MoDAPreviewMotion"];

/** Make the nodes of a short motion that plays on the bundled portrait. */
async function makeGraph(page) {
  return page.evaluate(async () => {
    const links = [
      ["MoDALoadAudioEncoder", "audio_encoder", "MoDAEncodeAudio"],
      ["MoDAExample", "audio", "MoDAEncodeAudio"],
      ["MoDALoadRenderer", "renderer", "MoDAExtractIdentity"],
      ["MoDAExample", "image", "MoDAExtractIdentity"],
      ["MoDALoadMotionModel", "model", "MoDASampleMotion"],
      ["MoDAEncodeAudio", "audio_features", "MoDASampleMotion"],
      ["MoDAExtractIdentity", "portrait", "MoDASampleMotion"],
      ["MoDASampleMotion", "motion", "MoDAPreviewMotion"],
      ["MoDAExtractIdentity", "portrait", "MoDAPreviewMotion"],
    ];
    const values = { duration: 1, steps: 2, seed: 7, control_after_generate: "fixed" };
    app.graph.clear();
    const nodes = {};
    for (const type of links.flatMap(([from, , to]) => [from, to])) {
      if (nodes[type]) continue;
      nodes[type] = LiteGraph.createNode(type);
      nodes[type].pos = [Object.keys(nodes).length * 420, 0];
      app.graph.add(nodes[type]);
      for (const widget of nodes[type].widgets ?? []) {
        if (widget.name in values) widget.value = values[widget.name];
      }
    }
    for (const [from, input, to] of links) {
      const slot = nodes[to].inputs.findIndex((each) => each.name === input);
      const kind = nodes[to].inputs[slot].type;
      const output = nodes[from].outputs.findIndex((each) => each.type === kind);
      nodes[from].connect(output, nodes[to], slot);
    }
    app.extensionManager.workflow.activeWorkflow.changeTracker.checkState();
    return app.graph.serialize();
  });
}

/** Run the graph; returns the types of the nodes that had to run, or throws. */
async function run(page) {
  return page.evaluate(async () => {
    const ran = [];
    app.api.addEventListener("executing", ({ detail }) => {
      const node = detail && app.graph.getNodeById(detail);
      if (node) ran.push(node.type);
    });
    const ended = new Promise((done, fail) => {
      app.api.addEventListener("execution_success", done, { once: true });
      app.api.addEventListener("execution_error", ({ detail }) => fail(detail.exception_message), {
        once: true,
      });
    });
    await app.queuePrompt(0, 1);
    await ended;
    return ran;
  });
}

/** Return the types of the nodes whose players show no face, after a while. */
async function emptyPlayers(page) {
  const find = (types) =>
    types.filter((type) => {
      const node = app.graph.nodes.find((each) => each.type === type);
      const view = node?.widgets.find((each) => each.name === "moda_preview")?.element;
      if (!view?.querySelector(".moda-note").hidden) return true;
      const face = view.querySelector(".moda-face");
      const { data } = face.getContext("2d").getImageData(0, 0, face.width, face.height);
      return !data.some((value) => value);
    });
  let empty = PLAYERS;
  for (let tries = 0; empty.length && tries < MOST_TRIES; tries += 1) {
    await page.waitForTimeout(500);
    empty = await page.evaluate(find, PLAYERS);
  }
  return empty;
}

/** Run, undo a change, reload, and run again; returns what went wrong, a line each. */
export async function rerunProblems(page) {
  const problems = [];
  const look = async (when) => {
    const empty = await emptyPlayers(page);
    if (empty.length) problems.push(`players: nothing is shown ${when}: ${empty.join(", ")}`);
  };
  const graph = await makeGraph(page);
  await run(page);
  await look("after a run");
  await page.mouse.click(800, 900); // on the canvas, for the keys
  await page.evaluate(() => {
    const { changeTracker } = app.extensionManager.workflow.activeWorkflow;
    changeTracker.checkState();
    app.graph.nodes[0].title = "changed";
    changeTracker.checkState();
  });
  const isChanged = () =>
    page.evaluate(() => app.graph.nodes.some((node) => node.title === "changed"));
  // A node that has grown for its picture since is a step of its own.
  for (let presses = 0; presses < MOST_UNDONE && (await isChanged()); presses += 1) {
    await page.keyboard.press("Control+z");
    await page.waitForTimeout(2000);
  }
  if (await isChanged()) problems.push("players: the change was not undone");
  await look("after undo");
  for (const when of ["a reload", "the workflow was opened anew"]) {
    if (when === "a reload") await openPage(page);
    await page.evaluate((w) => app.loadGraphData(w, true, true, null), graph);
    await page.waitForTimeout(1500);
    const ran = await run(page);
    if (ran.includes("MoDASampleMotion")) problems.push("players: the motion was computed again");
    await look(`after ${when} and a run of what was computed before`);
  }
  return problems;
}
