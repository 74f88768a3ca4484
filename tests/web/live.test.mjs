// The live page: when frames are shown, what comes late, and what is interrupted.
import assert from "node:assert/strict";
import { test } from "node:test";

import { packSound, readFrame } from "../../moda_core/cli/live/page/messages.js";
import { CatchUp } from "../../moda_core/cli/live/page/sources.js";
import { FPS, SentSound, Timeline } from "../../moda_core/cli/live/page/timeline.js";

const frame = (index, more = {}) => ({ index, turn: 0, loud: false, ...more });

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

test("a late silent frame moves nothing, a loud one moves what follows", () => {
  const timeline = playing(3);
  const start = timeline.start;
  const now = timeline.timeOf(3) + 0.05;

  timeline.accept(frame(3), now);
  assert.equal(timeline.start, start);

  const time = timeline.accept(frame(4, { loud: true }), now);
  assert.ok(time > now);
  near(timeline.held, timeline.start - start);
});

test("frames that wait keep the times of their sounds when what follows is moved", () => {
  const timeline = playing(3);
  const time = timeline.timeOf(2);

  timeline.accept(frame(3, { loud: true }), timeline.timeOf(3) + 0.05);

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

  timeline.accept(frame(2, { loud: true }), 0);

  assert.deepEqual(
    timeline.waiting.map(({ index, loud }) => [index, loud]),
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

const QUIET = new Float32Array(480);
const LOUD = QUIET.map((_, i) => (i === 7 ? 0.5 : 0));

/** Return how many of a second's pieces of 10 ms are left out. */
function leftOut(samples, { unsaid = 0.3, spare = 0.05 }) {
  const catchUp = new CatchUp();
  const pieces = Array.from({ length: 100 }, (_, i) => ({ unsaid, spare, now: i / 100 }));
  return pieces.filter((piece) => catchUp.leavesOut(samples, 0.01, piece)).length;
}

test("as much is left out of a pause as frames come too early", () => {
  assert.equal(leftOut(QUIET, { spare: 0.05 }), 0);
  assert.equal(leftOut(QUIET, { spare: 0.095 }), 5);
  assert.equal(leftOut(LOUD, { spare: 0.095 }), 0);
});

test("more is left out only when frames can tell what that did", () => {
  const catchUp = new CatchUp();
  const times = Array.from({ length: 300 }, (_, i) => i / 100);
  const lag = (now) => ({ unsaid: 0.3, spare: 0.095, now });

  const left = times.filter((now) => catchUp.leavesOut(QUIET, 0.01, lag(now)));

  assert.deepEqual(left.map((now) => Math.floor(now / 1.5)), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
});

test("a portrait that lags far catches up in pauses, and soon in any case", () => {
  assert.deepEqual([0.3, 0.8, 2].map((unsaid) => leftOut(QUIET, { unsaid })), [0, 100, 100]);
  assert.deepEqual([0.3, 0.8, 2].map((unsaid) => leftOut(LOUD, { unsaid })), [0, 0, 100]);
});

test("it is known by how much the latest frame of a second came early", () => {
  assert.equal(new Timeline().spare(), 0);

  const timeline = playing(1);
  const { start } = timeline;
  timeline.accept(frame(10), start + 0.3);
  timeline.accept(frame(11), start + 0.4);

  near(timeline.spare(), 0.03);

  timeline.accept(frame(40), start + 1.5);
  near(timeline.spare(), 0.1);

  timeline.interrupt();
  assert.equal(timeline.spare(), 0);
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
