// The live page: when frames are shown, what comes late, and what is interrupted.
import assert from "node:assert/strict";
import { test } from "node:test";

import { packSound, readFrame } from "../../moda_core/cli/live/page/messages.js";
import { isLeftOut } from "../../moda_core/cli/live/page/sources.js";
import { FPS, SentSound, Timeline } from "../../moda_core/cli/live/page/timeline.js";

const frame = (index, more = {}) => ({ index, turn: 0, speaking: false, ...more });

function playing(count) {
  const timeline = new Timeline();
  for (let index = 0; index < count; index++) timeline.accept(frame(index), 0);
  return timeline;
}

const near = (value, expected) => assert.ok(Math.abs(value - expected) < 1e-9, `${value}`);

test("frames are shown 25 times a second from the first one on", () => {
  const timeline = playing(3);

  const start = timeline.start;

  assert.ok(start > 0 && start < 0.1);
  assert.equal(timeline.take(start - 0.001), null);
  assert.equal(timeline.take(start + 0.001).index, 0);
  assert.equal(timeline.take(start + 0.002), null);
  assert.equal(timeline.take(start + 1 / FPS + 0.001).index, 1);
});

test("a frame that is overtaken is left out", () => {
  const timeline = playing(3);

  assert.equal(timeline.take(timeline.timeOf(2) + 0.001).index, 2);
  assert.equal(timeline.skipped, 2);
});

test("a late frame at rest moves nothing, a spoken one moves what follows", () => {
  const timeline = playing(3);
  const start = timeline.start;
  const now = timeline.timeOf(3) + 0.05;

  timeline.accept(frame(3), now);
  assert.equal(timeline.start, start);

  const time = timeline.accept(frame(4, { speaking: true }), now);
  assert.ok(time > now);
  near(timeline.held, timeline.start - start);
});

test("frames that wait keep the times of their sounds when what follows is moved", () => {
  const timeline = playing(3);
  const time = timeline.timeOf(2);

  timeline.accept(frame(3, { speaking: true }), timeline.timeOf(3) + 0.05);

  assert.equal(timeline.waiting.at(-2).time, time);
  assert.ok(timeline.waiting.at(-1).time - time > 1 / FPS + 0.05);
});

test("a very late frame moves all, so that a stalled page goes on", () => {
  const timeline = playing(3);

  assert.ok(timeline.accept(frame(3), timeline.timeOf(3) + 5) > timeline.start);
  assert.ok(timeline.held > 5);
});

test("frames that come again replace those that wait", () => {
  const timeline = playing(6);

  timeline.accept(frame(2, { speaking: true }), 0);

  assert.deepEqual(
    timeline.waiting.map(({ index, speaking }) => [index, speaking]),
    [[0, false], [1, false], [2, true]],
  );
});

test("an interruption drops what waits, and what was sent before the server knew", () => {
  const timeline = playing(6);
  timeline.take(timeline.timeOf(1) + 0.001);

  assert.equal(timeline.interrupt(), 2);
  assert.equal(timeline.accept(frame(6), 0), null);
  assert.equal(timeline.waiting.length, 0);
  assert.notEqual(timeline.accept(frame(2, { turn: 1 }), 0), null);
});

test("few frames wait, however many come", () => {
  const timeline = playing(1000);

  assert.ok(timeline.waiting.length <= 50);
});

test("it is known when sound was sent", () => {
  const sent = new SentSound();
  sent.add(0.5, 10);
  sent.add(0.5, 12);

  near(sent.timeOf(0.25), 9.75);
  near(sent.timeOf(0.75), 11.75);
  assert.equal(sent.timeOf(1.5), null);
});

test("a portrait that lags catches up in pauses, and soon in any case", () => {
  const quiet = new Float32Array(4);
  const loud = new Float32Array([0, 0.5, 0, 0]);

  assert.deepEqual([0.2, 0.7, 2].map((unsaid) => isLeftOut(quiet, unsaid)), [false, true, true]);
  assert.deepEqual([0.2, 0.7, 2].map((unsaid) => isLeftOut(loud, unsaid)), [false, false, true]);
});

test("messages are laid out as the server's", () => {
  const sound = new DataView(packSound(new Float32Array([0.25]), 48000));
  assert.deepEqual([sound.getUint8(0), sound.getUint32(4, true)], [1, 48000]);
  assert.equal(sound.getFloat32(8, true), 0.25);

  const bytes = Buffer.from(process.env.MODA_LIVE_FRAME, "base64");
  const read = readFrame(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  assert.deepEqual(
    [read.index, read.turn, read.speaking, read.jaw, read.said, read.cost],
    [70000, 3, true, 0.5, null, 0.25],
  );
  assert.deepEqual([...read.sound].map((x) => x.toFixed(3)), ["1.000", "-0.500"]);
  assert.deepEqual([...read.picture.slice(0, 2)], [0xff, 0xd8]);
});
