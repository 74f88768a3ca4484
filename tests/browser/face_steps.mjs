// What a user does with the face picker and the expression editor, with the pointer and the keys.
const LIMIT_MS = 60_000;
const SETTLE_MS = 500;
const NUM_FACES = 3;
const NUM_TIMES = 50;

/** Make three nodes, the picture of three people among them, and wait until the faces are shown. */
async function openFaces(page) {
  await page.evaluate(async (count) => {
    // The host's own upload, of the bundled portrait three times side by side.
    const query = new URLSearchParams({ type: "example", filename: "Eileen Collins" });
    const portrait = await app.api.fetchApi(`/moda/face_picture?${query}`);
    const picture = await createImageBitmap(await portrait.blob());
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: picture.width * count, height: picture.height });
    const context = canvas.getContext("2d");
    for (let i = 0; i < count; i += 1) context.drawImage(picture, i * picture.width, 0);
    const file = await new Promise((done) => canvas.toBlob(done, "image/png"));
    const body = new FormData();
    body.append("image", new File([file], "three.png", { type: "image/png" }));
    await app.api.fetchApi("/upload/image", { method: "POST", body });
    app.graph.clear();
    const add = (type, x) => {
      const node = LiteGraph.createNode(type);
      node.pos = [x, 80];
      app.graph.add(node);
      return node;
    };
    const [load, identity, expression] = [
      add("LoadImage", 0),
      add("MoDAExtractIdentity", 340),
      add("MoDAExpression", 900),
    ];
    load.widgets.find((widget) => widget.name === "image").value = "three.png";
    load.connect(0, identity, "image");
    identity.connect(0, expression, "portrait");
    identity.setSize([520, 620]);
    window.modaNodes = { identity, expression };
    app.canvas.ds.scale = 1;
    app.canvas.ds.offset = [100, 60];
    app.canvas.setDirty(true, true);
  }, NUM_FACES);
  await page.waitForFunction(
    (count) => document.querySelectorAll(".moda-picker-face").length >= count,
    NUM_FACES,
    { timeout: LIMIT_MS },
  );
  const isFound = () => !/looking/i.test(document.querySelector(".moda-picker-status").textContent);
  await page.waitForFunction(isFound, null, { timeout: LIMIT_MS });
  await page.waitForTimeout(SETTLE_MS);
}

const valueOf = (page, node, name) =>
  page.evaluate(
    ([node, name]) => window.modaNodes[node].widgets.find((each) => each.name === name).value,
    [node, name],
  );

async function pressFace(page, number) {
  const face = page.locator(`.moda-picker-face[aria-label="face_index ${number}"]`);
  const box = await face.boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + 6);
  await page.waitForTimeout(SETTLE_MS);
}

/** Return the width of the expression's picture, and a number that changes with its pixels. */
const shownFace = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector(".moda-expression canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum = (sum * 31 + data[i]) % 1e9;
    return [canvas.width, sum];
  });

const STEPS = {
  "a click chooses face 2 of 3": async (page) => {
    await page.evaluate(() => {
      const order = window.modaNodes.identity.widgets.find((each) => each.name === "face_order");
      order.value = "left to right";
      order.callback?.(order.value);
    });
    await page.waitForTimeout(SETTLE_MS);
    await pressFace(page, 1);
    return (await valueOf(page, "identity", "face_index")) === 1;
  },
  "a point that is dragged is written": async (page) => {
    await page.locator(".moda-picker-bar button").first().click();
    await page.waitForTimeout(SETTLE_MS);
    const box = await page.locator('.moda-picker-point[data-name="left_eye"]').boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + 24, box.y + 14, { steps: 5 });
    await page.mouse.up();
    await page.waitForTimeout(SETTLE_MS);
    return /left_eye|\d+,\d+/.test(await valueOf(page, "identity", "points"));
  },
  "an arrow moves it by a pixel": async (page) => {
    const before = await valueOf(page, "identity", "points");
    await page.keyboard.press("ArrowRight");
    await page.waitForTimeout(SETTLE_MS);
    return (await valueOf(page, "identity", "points")) !== before;
  },
  "'Back to what was found' empties the points": async (page) => {
    await page.locator("button", { hasText: "Back to what was found" }).click();
    await page.waitForTimeout(SETTLE_MS);
    return (await valueOf(page, "identity", "points")) === "";
  },
  "a slider moves the mouth": async (page) => {
    await page.waitForFunction(
      () => document.querySelector(".moda-expression canvas")?.width >= 128,
      null,
      { timeout: LIMIT_MS },
    );
    await page.waitForTimeout(2000);
    const before = await shownFace(page);
    await page.evaluate(() => {
      const jaw = window.modaNodes.expression.widgets.find((each) => each.name === "jaw");
      jaw.value = 0.8;
      jaw.callback?.(jaw.value);
    });
    await page.waitForTimeout(2000);
    const after = await shownFace(page);
    return before[0] === after[0] && before[1] !== after[1];
  },
};

/** Return the milliseconds from a slider's change to the picture on the screen, in order of size. */
export async function sliderTimes(page) {
  return page.evaluate(async (count) => {
    const { prototype } = CanvasRenderingContext2D;
    const { drawImage } = prototype;
    let drawn = () => {};
    prototype.drawImage = function (...values) {
      drawImage.apply(this, values);
      if (this.canvas.closest(".moda-expression")) drawn();
    };
    const jaw = window.modaNodes.expression.widgets.find((each) => each.name === "jaw");
    const times = [];
    for (let i = 0; i < count; i += 1) {
      const start = performance.now();
      const shown = new Promise((done) => (drawn = () => requestAnimationFrame(done)));
      jaw.value = ((i * 7 + 3) % 30) / 30; // another one each time
      jaw.callback?.(jaw.value);
      await shown;
      times.push(performance.now() - start);
    }
    prototype.drawImage = drawImage;
    return times.sort((one, other) => one - other);
  }, NUM_TIMES);
}

/** Do all steps; returns what went wrong, a line each. */
export async function faceProblems(page, prefix) {
  const problems = [];
  await openFaces(page);
  for (const [name, step] of Object.entries(STEPS)) {
    const passed = await step(page).catch((error) => String(error).split("\n")[0]);
    if (passed !== true) problems.push(`faces: not so: ${name} (${passed})`);
  }
  await page.screenshot({ path: `${prefix}faces.png` });
  return problems;
}
