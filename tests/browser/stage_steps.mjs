// What a user does on the stage of MoDA Director, step by step, with the pointer and the keys.
const SCRIPT = "# mine\n[1 nod]\n[2 smile 0.8 for 2]\n[1 happiness 0.5 for 3]";
const SETTLE_MS = 400;

/** Return a graph of one Director of a size, at the origin. */
function graphOf(script) {
  const node = {
    id: 1,
    type: "MoDADirector",
    pos: [0, 0],
    size: [720, 560],
    flags: {},
    order: 0,
    mode: 0,
    inputs: [{ name: "motion", type: "MODA_MOTION", link: null }],
    outputs: [{ name: "motion", type: "MODA_MOTION", links: null }],
    properties: {},
    widgets_values: [script],
  };
  const rest = { links: [], groups: [], config: {}, extra: {}, version: 0.4 };
  return { last_node_id: 1, last_link_id: 0, nodes: [node], ...rest };
}

export const script = (page) => page.evaluate(() => app.graph.getNodeById(1).widgets[0].value);

/** Write a script into the node's text box, as a user does. */
async function setScript(page, text) {
  await page.locator("textarea").filter({ visible: true }).first().fill(text);
  await page.waitForTimeout(SETTLE_MS);
}

/** Put the node into a subgraph, look inside, and leave; returns its text and whether it has a stage. */
async function throughSubgraph(page) {
  return page.evaluate(async () => {
    const outside = app.graph;
    const { subgraph } = outside.convertToSubgraph(new Set([outside.getNodeById(1)]));
    const pause = () => new Promise((done) => setTimeout(done, 800));
    await pause();
    app.canvas.setGraph(subgraph);
    await pause();
    const [node] = subgraph.nodes;
    const found = [node.widgets[0].value, node.widgets.some((each) => each.name === "moda_stage")];
    app.canvas.setGraph(outside);
    await pause();
    return found;
  });
}

/** Open the graph, with the node in the middle of the page. */
export async function openDirector(page, text = SCRIPT) {
  await page.evaluate((w) => app.loadGraphData(w, true, true, null), graphOf(text));
  await page.waitForTimeout(1500);
  await page.keyboard.press("Escape");
  await page.evaluate(() => {
    app.canvas.ds.scale = 1;
    app.canvas.ds.offset = [300, 160];
    app.canvas.setDirty(true, true);
  });
  await page.waitForTimeout(1000);
}

async function boxOf(page, label) {
  return page.locator(".moda-block", { hasText: label }).first().boundingBox();
}

async function drag(page, [x, y], [dx, dy]) {
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + dx, y + dy, { steps: 6 });
  await page.mouse.up();
  await page.waitForTimeout(SETTLE_MS);
}

const middle = ({ x, y, width, height }) => [x + width / 2, y + height / 2];
const line = (text, word) => text.split("\n").find((each) => each.includes(word)) ?? "";

const STEPS = {
  "a double click on a lane adds to the text": async (page) => {
    const lane = await page.locator('.moda-lane[data-lane="head"]').boundingBox();
    await page.mouse.dblclick(lane.x + lane.width * 0.8, lane.y + 8);
    await page.waitForTimeout(SETTLE_MS);
    return /\[\d+(\.\d+)? turn left\]/.test(await script(page));
  },
  "a block moves with the pointer": async (page) => {
    const box = await boxOf(page, "smile");
    await drag(page, [box.x + 6, box.y + 6], [70, 0]);
    const [, time] = /\[(\S+) smile 0\.8 for 2\]/.exec(await script(page)) ?? [];
    return Number(time) > 2.3;
  },
  "its end stretches": async (page) => {
    const box = await boxOf(page, "smile");
    await drag(page, [box.x + box.width - 3, box.y + box.height / 2], [60, 0]);
    const [, seconds] = /smile 0\.8 for (\S+)\]/.exec(await script(page)) ?? [];
    return Number(seconds) > 2.2;
  },
  "upwards is more": async (page) => {
    await drag(page, middle(await boxOf(page, "happiness")), [0, -30]);
    const [, amount] = /happiness (\S+) for 3/.exec(await script(page)) ?? [];
    return Number(amount) > 0.8;
  },
  "an arrow moves it by a frame": async (page) => {
    await page.keyboard.press("ArrowRight");
    await page.waitForTimeout(SETTLE_MS);
    return (await script(page)).includes("[1.04 happiness");
  },
  "Delete takes it out": async (page) => {
    await page.keyboard.press("Delete");
    await page.waitForTimeout(SETTLE_MS);
    return !(await script(page)).includes("happiness");
  },
  "the page's own undo brings it back, on the stage too": async (page) => {
    await page.keyboard.press("Control+z");
    await page.waitForTimeout(2000);
    const blocks = await page.locator(".moda-block", { hasText: "happiness" }).count();
    return (await script(page)).includes("[1.04 happiness") && blocks === 1;
  },
  "a double click adds the emotion that was last chosen": async (page) => {
    const before = await script(page);
    await page.locator(".moda-block", { hasText: "happiness" }).click();
    await page.locator('.moda-line select[aria-label="emotion"]').selectOption("anger");
    await page.waitForTimeout(SETTLE_MS);
    const lane = await page.locator('.moda-lane[data-lane="emotion"]').boundingBox();
    await page.mouse.dblclick(lane.x + lane.width * 0.05, lane.y + lane.height / 2);
    await page.waitForTimeout(SETTLE_MS);
    const emotions = (await script(page)).match(/[a-z]+(?= [\d.]+ for [\d.]+\])/g);
    await setScript(page, before);
    return emotions.filter((word) => word === "anger").length === 2;
  },
  "typing into the text changes the stage": async (page) => {
    await setScript(page, `${await script(page)}\n[3 wink left]`);
    return (await page.locator(".moda-block", { hasText: "wink left" }).count()) === 1;
  },
  "a mistake is shown in the parser's own words": async (page) => {
    await setScript(page, `${await script(page)}\n[4 smiel]`);
    const said = await page.locator(".moda-mistakes").innerText();
    return /unknown word 'smiel' \(did you mean 'smile'\?\)/.test(said);
  },
  "it plays, and pauses": async (page) => {
    await page.locator('.moda-stage button[aria-label="Play"]').click();
    await page.waitForTimeout(1200);
    await page.locator('.moda-stage button[aria-label="Pause"]').click();
    const clock = await page.locator(".moda-stage .moda-clock").innerText();
    return Number.parseFloat(clock) > 0.3;
  },
  "a press on the waveform scrubs": async (page) => {
    const strip = await page.locator(".moda-strip").boundingBox();
    await page.mouse.click(strip.x + strip.width * 0.5, strip.y + 30);
    const before = await page.locator(".moda-stage .moda-clock").innerText();
    await drag(page, [strip.x + strip.width * 0.5, strip.y + 30], [80, 0]);
    const after = await page.locator(".moda-stage .moda-clock").innerText();
    return Number.parseFloat(after) > Number.parseFloat(before) + 0.3;
  },
  "comments stay": async (page) => (await script(page)).startsWith("# mine\n"),
  "a saved workflow holds the text alone": async (page) => {
    const saved = await page.evaluate(() => app.graph.serialize().nodes[0].widgets_values);
    return JSON.stringify(saved) === JSON.stringify([await script(page)]);
  },
  "collapsed, bypassed and resized, the node keeps its text": async (page) => {
    const before = await script(page);
    const after = await page.evaluate(async () => {
      const node = app.graph.getNodeById(1);
      const pause = () => new Promise((done) => setTimeout(done, 400));
      for (const change of [() => node.collapse(), () => (node.mode = 4)]) {
        change();
        await pause();
      }
      node.collapse();
      node.mode = 0;
      node.setSize([560, 700]);
      app.canvas.setDirty(true, true);
      await pause();
      return app.graph.serialize().nodes[0].widgets_values;
    });
    const isShown = await page.locator(".moda-stage").first().isVisible();
    return isShown && JSON.stringify(after) === JSON.stringify([before]);
  },
  "copied and pasted, it has the same text": async (page) => {
    const pasted = await page.evaluate(async () => {
      app.canvas.selectNode(app.graph.getNodeById(1));
      app.canvas.copyToClipboard();
      app.canvas.pasteFromClipboard();
      await new Promise((done) => setTimeout(done, 800));
      const node = app.graph.nodes.find((each) => each.id !== 1);
      const value = node.widgets[0].value;
      app.graph.remove(node);
      return value;
    });
    return pasted === (await script(page));
  },
  "a copy of the node has a stage of its own": async (page) => {
    const copies = await page.evaluate(async () => {
      const node = app.graph.getNodeById(1).clone();
      app.graph.add(node);
      node.pos = [900, 0];
      await new Promise((done) => setTimeout(done, 800));
      return [node.widgets[0].value, node.widgets.filter((w) => w.name === "moda_stage").length];
    });
    return copies[0] === (await script(page)) && copies[1] === 1;
  },
  "in a subgraph it has its text and its stage": async (page) => {
    const before = await script(page);
    const inside = await throughSubgraph(page);
    return inside[0] === before && inside[1];
  },
};

/** Open the graph where the pack's script can't be loaded; returns {problems, messages}. */
export async function scriptlessReport(page, messages) {
  await openDirector(page);
  const views = await page.locator(".moda-view").count();
  const saved = await page.evaluate(() => app.graph.serialize().nodes[0].widgets_values);
  const { inputs } = Object.values(await page.evaluate(async () => (await app.graphToPrompt()).output))[0];
  const problems = [];
  if (views) problems.push("without script: a view is shown all the same");
  if (JSON.stringify(saved) !== JSON.stringify([SCRIPT]) || inputs.script !== SCRIPT) {
    problems.push(`without script: the text became ${JSON.stringify([saved, inputs])}`);
  }
  const inside = await throughSubgraph(page);
  if (inside[0] !== SCRIPT || inside[1]) {
    problems.push(`without script: in a subgraph there is ${JSON.stringify(inside)}`);
  }
  return { problems, messages };
}

/** Do all steps; returns what went wrong, a line each. */
export async function stageProblems(page, prefix) {
  const problems = [];
  await openDirector(page);
  for (const [name, step] of Object.entries(STEPS)) {
    const passed = await step(page).catch((error) => String(error).split("\n")[0]);
    if (passed !== true) problems.push(`stage: not so: ${name} (${passed}; ${line(await script(page), "[")})`);
  }
  await page.screenshot({ path: `${prefix}stage.png` });
  return problems;
}
