// The speech that a stage is about: where it comes from, and how loud it is when.
import { nodesAfter, nodesBefore, viewQuery } from "../upstream.js";
import { widgetOf } from "../view.js";

const NUM_PEAKS = 2000;
const LARGEST_BYTES = 50e6; // of a file that the page decodes; half an hour or more
const decoded = new Map(); // promises of {peaks, seconds}, by URL
const heard = new Map(); // {peaks, seconds} of the last run, by id of MoDA Encode Audio

/** Listen to what runs say of sounds that are in no file. */
export function listenToRuns(api) {
  api.addEventListener("executed", ({ detail }) => {
    const [speech] = detail.output?.moda_speech ?? []; // text
    if (speech) heard.set(String(detail.node), JSON.parse(speech));
  });
}

/**
 * Find the speech that drives a node, before it or, for an emotion, before those it goes to.
 *
 * Returns {url, start, seconds, ranIn} or null: the part of a file, or the id of the node whose
 * last run heard it. `seconds` is null if the part goes to the end.
 */
export function speechOf(node, api) {
  const before = [node, ...nodesAfter(node)].flatMap((each) => nodesBefore(each));
  const encoder = before.find((each) => each.comfyClass === "MoDAEncodeAudio");
  const start = Number(widgetOf(encoder ?? {}, "start")?.value ?? 0);
  const seconds = Number(widgetOf(encoder ?? {}, "duration")?.value ?? 0) || null;
  const slot = encoder?.inputs?.findIndex((input) => input.name === "audio") ?? -1;
  const source = encoder ? encoder.getInputNode?.(slot) : before.find(fileUrl(api));
  const url = source && fileUrl(api)(source);
  if (url) return { url, start, seconds, ranIn: null };
  return encoder ? { url: null, start: 0, seconds: null, ranIn: String(encoder.id) } : null;
}

/** Return a function that gives the URL of the sound that a node loads, or null. */
function fileUrl(api) {
  return (node) => {
    if (node.comfyClass === "MoDAExample") return api.apiURL("/moda/example_speech");
    const name = node.comfyClass === "LoadAudio" && widgetOf(node, "audio")?.value;
    return name ? api.apiURL(`/view?${viewQuery(name)}`) : null;
  };
}

/** Return {peaks, seconds} of a speech, or null if it can't be heard yet. */
export async function peaksOf(speech) {
  if (!speech) return null;
  if (!speech.url) return heard.get(speech.ranIn) ?? null;
  if (!decoded.has(speech.url)) decoded.set(speech.url, decode(speech.url));
  const whole = await decoded.get(speech.url).catch(() => {
    decoded.delete(speech.url);
    return null;
  });
  if (!whole) return null;
  const seconds = Math.max(0, Math.min(speech.seconds ?? Infinity, whole.seconds - speech.start));
  const scale = whole.peaks.length / whole.seconds;
  const first = Math.floor(speech.start * scale);
  return { peaks: whole.peaks.slice(first, first + Math.ceil(seconds * scale)), seconds };
}

async function decode(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  if (Number(answer.headers.get("content-length")) > LARGEST_BYTES) return null;
  const context = new OfflineAudioContext(1, 1, 16000);
  const sound = await context.decodeAudioData(await answer.arrayBuffer());
  const samples = sound.getChannelData(0);
  const count = Math.min(NUM_PEAKS, samples.length);
  const peaks = Array.from({ length: count }, (_, index) => {
    const first = Math.floor((index * samples.length) / count);
    const last = Math.floor(((index + 1) * samples.length) / count);
    let peak = 0;
    for (let i = first; i < last; i += 1) peak = Math.max(peak, Math.abs(samples[i]));
    return peak;
  });
  return { peaks, seconds: sound.duration };
}
