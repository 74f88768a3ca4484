// Steps on the live page, and what is measured in each. Times are in milliseconds.

const LIMIT_MS = 20_000;
const OPEN = 0.1; // of the jaw
const CLOSED = 0.05;
const TRIALS = 6;

/** Note in the page what is sent, received, shown and played. */
export async function watch(page) {
  await page.waitForFunction(() => globalThis.modaLive?.player.timeline.shown > 25);
  await page.evaluate(async () => {
    const SPOKEN = 0.02;
    const SILENT = 0.003;
    const { context, player } = globalThis.modaLive;
    const seen = { shown: [], onsets: [], pieces: [], played: [], clicks: [], lastSound: 0 };
    globalThis.seen = seen;
    const first = (samples) => samples.findIndex((sample) => Math.abs(sample) > SPOKEN);
    const on = (name, call) =>
      document.addEventListener(`moda-${name}`, ({ detail }) => call(detail));
    on("shown", ({ index, speaking, jaw, due, shown, at, delay, cost }) =>
      seen.shown.push({ index, speaking, jaw, due, shown, at, delay, cost }));
    // Onsets: the first loud sample after a second of quiet, in frames and in what is sent.
    let quiet = Infinity;
    on("frame", ({ index, sound }) => {
      const place = first(sound);
      if (place >= 0 && quiet >= 25) seen.onsets.push({ index, s: place / context.sampleRate });
      quiet = place >= 0 ? 0 : quiet + 1;
    });
    let still = Infinity;
    on("sent", ({ samples, time }) => {
      const place = first(samples);
      const seconds = samples.length / context.sampleRate;
      if (place >= 0 && still >= 1) {
        const captured = time - seconds + place / context.sampleRate;
        const at = performance.now() - 1000 * (context.currentTime - captured);
        seen.pieces.push({ at });
      }
      still = place >= 0 ? 0 : still + seconds;
    });
    for (const name of ["click", "change"]) {
      const note = ({ target }) => seen.clicks.push({ id: target.id, at: performance.now() });
      document.addEventListener(name, note, true);
    }
    const source = `
      registerProcessor("tap", class extends AudioWorkletProcessor {
        quiet = Infinity;
        process([[sound]]) {
          if (!sound) return true;
          const place = sound.findIndex((sample) => Math.abs(sample) > ${SPOKEN});
          const sounds = sound.some((sample) => Math.abs(sample) > ${SILENT});
          if (place >= 0 && this.quiet > sampleRate)
            this.port.postMessage({ onset: (currentFrame + place) / sampleRate });
          if (sounds) this.port.postMessage({ last: (currentFrame + 128) / sampleRate });
          this.quiet = place >= 0 ? 0 : this.quiet + 128;
          return true;
        }
      });`;
    await context.audioWorklet.addModule(
      URL.createObjectURL(new Blob([source], { type: "text/javascript" })),
    );
    const tap = new AudioWorkletNode(context, "tap", { numberOfOutputs: 0 });
    tap.port.onmessage = ({ data }) => {
      if (data.onset) seen.played.push(data.onset);
      else seen.lastSound = data.last;
    };
    player.node.connect(tap);
  });
}

const forget = (page) =>
  page.evaluate(() => {
    for (const list of Object.values(globalThis.seen)) if (list.length) list.length = 0;
  });

const play = (page, speech) => page.setInputFiles("#recording-file", speech);

const until = (page, holds, argument, timeout = LIMIT_MS) =>
  page.waitForFunction(holds, argument, { timeout, polling: 20 });

/** Stop what plays, and wait until the mouth is shut and a second is quiet. */
async function rest(page) {
  await page.click("#interrupt");
  await page.waitForTimeout(1600);
  await forget(page);
}

/** From the choice of a file to the first frame whose jaw is open; and sound against picture. */
export async function recordings(page, speech) {
  const click_to_photon = [];
  const offsets = [];
  for (let trial = 0; trial < TRIALS; trial++) {
    await rest(page);
    await play(page, speech);
    const opens = (open) => globalThis.seen.shown.some(({ jaw }) => jaw > open);
    await until(page, opens, OPEN);
    await page.waitForTimeout(700);
    const measured = await page.evaluate((open) => {
      const { shown, clicks } = globalThis.seen;
      const chosen = clicks.find(({ id }) => id === "recording-file").at;
      return shown.find(({ jaw, at }) => jaw > open && at > chosen).at - chosen;
    }, OPEN);
    click_to_photon.push(measured);
    offsets.push(...(await soundToPicture(page)));
  }
  return { click_to_photon, recording_offset: offsets };
}

/** Return by how much pictures came after their sounds, at each onset that was played. */
const soundToPicture = (page) =>
  page.evaluate(() => {
    const { shown, onsets, played } = globalThis.seen;
    const found = [];
    for (const { index, s } of onsets) {
      // One at rest of the same index may have been shown before.
      const frame = shown.find((each) => each.index === index && each.speaking);
      if (!frame) continue;
      const heard = played.find((time) => Math.abs(time - frame.due - s) < 0.5);
      // The picture of a frame belongs to the beginning of its sound.
      if (heard !== undefined) found.push(1000 * (frame.shown - (heard - s)));
    }
    return found;
  });

/** From a click on Interrupt to a closed mouth, and to silence. */
export async function interruptions(page, speech) {
  const closed = [];
  const silent = [];
  for (let trial = 0; trial < TRIALS; trial++) {
    await rest(page);
    await play(page, speech);
    await until(page, (open) => globalThis.seen.shown.some(({ jaw }) => jaw > open), OPEN);
    await page.waitForTimeout(300 + 70 * trial);
    await page.click("#interrupt");
    await page.waitForTimeout(1000);
    const times = await page.evaluate((limit) => {
      const { shown, clicks, lastSound } = globalThis.seen;
      const { player } = globalThis.modaLive;
      const clicked = clicks.find(({ id }) => id === "interrupt").at;
      const later = shown.filter(({ at }) => at > clicked);
      const last = later.findLastIndex(({ jaw }) => jaw > limit);
      const quiet = performance.now() + 1000 * (lastSound - player.heard());
      return {
        closed: later[last + 1].at - clicked,
        silent: Math.max(0, quiet - clicked),
      };
    }, CLOSED);
    closed.push(times.closed);
    silent.push(times.silent);
  }
  return { closed, silent };
}

/** Pause in the middle of speech: nothing moves, and all goes on afterwards. */
export async function pausing(page, speech) {
  await rest(page);
  await play(page, speech);
  await page.waitForTimeout(700);
  const count = () => page.evaluate(() => globalThis.seen.shown.length);
  await page.click("#pause");
  await page.waitForTimeout(300);
  const before = await count();
  await page.waitForTimeout(700);
  const paused = await count();
  await page.click("#pause");
  await page.waitForTimeout(1000);
  const after = await count();
  const problems = [];
  if (paused > before) problems.push(`${paused - before} frames were shown while it was paused`);
  if (after - paused < 10) problems.push(`only ${after - paused} frames came in the second after it`);
  return problems;
}

/** Another emotion, and another portrait. */
export async function portraits(page, picture) {
  await rest(page);
  await page.click("#emotions button[value=happiness]");
  await page.setInputFiles("#portrait-file", picture);
  const state = () => document.getElementById("state").textContent === "Listening";
  await page.waitForTimeout(100);
  await until(page, state);
  const pressed = await page.getAttribute("#emotions button[value=happiness]", "aria-pressed");
  return pressed === "true" ? [] : ["the chosen emotion is not marked"];
}

/** Speak into the microphone for some turns of its file. */
export async function listening(page, cycles) {
  await rest(page);
  await page.click("#microphone");
  await until(page, () => globalThis.seen.pieces.length >= 1);
  await page.waitForTimeout(1500);
  await forget(page);
  const before = await page.evaluate(() => globalThis.modaLive.player.timeline.held);
  const enough = (count) => globalThis.seen.pieces.length > count;
  await until(page, enough, cycles, 10_000 * (cycles + 2));
  const offset = await soundToPicture(page);
  const spoken = await page.evaluate((open) => {
    const { shown, pieces } = globalThis.seen;
    const opened = pieces.slice(0, -1).map(({ at }) => {
      const frame = shown.find((each) => each.at > at && each.jaw > open);
      return frame ? frame.at - at : Infinity;
    });
    const [first, last] = [shown[0], shown.at(-1)];
    const seconds = (last.at - first.at) / 1000;
    const pace = (last.index - first.index) / 25 / seconds;
    const drawn = shown.length / (last.index - first.index + 1);
    const draws = shown.map((frame) => 1000 * (frame.shown - frame.due));
    const delays = shown.map(({ delay }) => 1000 * delay);
    const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
    const minute = Math.min(1500, Math.floor(shown.length / 2));
    return {
      microphone_to_photon: opened,
      window: shown.map(({ cost }) => 1000 * cost),
      seconds,
      pace,
      drawn,
      drift: mean(draws.slice(-minute)) - mean(draws.slice(0, minute)),
      delay_first: mean(delays.slice(0, minute)),
      delay_last: mean(delays.slice(-minute)),
    };
  }, OPEN);
  const held = await page.evaluate(() => globalThis.modaLive.player.timeline.held);
  return { ...spoken, microphone_offset: offset, held: 1000 * (held - before) };
}
