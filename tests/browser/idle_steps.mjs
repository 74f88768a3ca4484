// Whether the pack's views do anything while nobody touches them.
import { openDirector } from "./stage_steps.mjs";

const QUIET_MS = 5000;
const NUM_STAGES = 6;

/** Count, from before the page loads, what the pack's script is called for. */
export async function countCalls(page) {
  await page.addInitScript(() => {
    window.modaCalls = [];
    const isOurs = () => new Error().stack.includes("/extensions/ComfyUI-MoDA/");
    const counted = (kind, call) => {
      if (typeof call !== "function" || !isOurs()) return call;
      return function (...values) {
        window.modaCalls.push(kind);
        return call.apply(this, values);
      };
    };
    for (const name of ["setTimeout", "setInterval", "requestAnimationFrame", "queueMicrotask"]) {
      const own = window[name];
      window[name] = (call, ...rest) => own.call(window, counted(name, call), ...rest);
    }
    const listen = EventTarget.prototype.addEventListener;
    const wrapped = new WeakMap();
    EventTarget.prototype.addEventListener = function (kind, call, ...rest) {
      const heard = counted(`listener of ${kind}`, call);
      if (heard !== call) wrapped.set(call, heard);
      return listen.call(this, kind, heard, ...rest);
    };
    const forget = EventTarget.prototype.removeEventListener;
    EventTarget.prototype.removeEventListener = function (kind, call, ...rest) {
      return forget.call(this, kind, wrapped.get(call) ?? call, ...rest);
    };
    const Observer = window.ResizeObserver;
    window.ResizeObserver = class extends Observer {
      constructor(call) {
        super(counted("ResizeObserver", call));
      }
    };
  });
}

/** Lay six stages on the canvas, and wait; returns what went wrong. */
export async function idleProblems(page) {
  await openDirector(page);
  await page.evaluate((count) => {
    for (let index = 1; index < count; index += 1) {
      const node = app.graph.getNodeById(1).clone();
      app.graph.add(node);
      node.pos = [(index % 3) * 760, Math.floor(index / 3) * 620];
    }
  }, NUM_STAGES);
  await page.waitForTimeout(3000);
  const stages = await page.locator(".moda-stage").count();
  const before = await page.evaluate(() => window.modaCalls.splice(0).length);
  await page.waitForTimeout(QUIET_MS);
  const calls = await page.evaluate(() => window.modaCalls.splice(0));
  const problems = [];
  if (stages !== NUM_STAGES) problems.push(`idle: ${stages} of ${NUM_STAGES} stages are shown`);
  if (!before) problems.push("idle: nothing was counted while the stages were made");
  if (calls.length) {
    const kinds = [...new Set(calls)].join(", ");
    problems.push(`idle: ${calls.length} calls in ${QUIET_MS / 1000} s untouched: ${kinds}`);
  }
  return problems;
}
