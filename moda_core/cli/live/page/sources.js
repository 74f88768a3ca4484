// Where sound comes from: the microphone, or a recording that is sent as it is played.

const PIECE_S = 0.04;
const AHEAD_S = 2; // by which a recording is sent before it is shown
const PUMP_MS = 20;
const QUIET = 0.01; // largest sample of a pause
const SPARE_S = 0.07; // by which frames come too early, so that a part of a pause is left out
const KEPT_S = 0.04; // of that, which stays
const EFFECT_S = 1.5; // until frames come less early for it
const BEHIND_S = 0.7; // unsaid, from which pauses are left out
const LOST_S = 1.5; // from which all is left out

/** Return the largest sample. */
export function peak(samples) {
  return samples.reduce((largest, sample) => Math.max(largest, Math.abs(sample)), 0);
}

/**
 * Keeps a portrait close behind a microphone: what it lags more than it must is left out of pauses.
 */
export class CatchUp {
  constructor() {
    this.rest = 0; // seconds that are still to be left out
    this.since = -Infinity; // when that was decided
  }

  /**
   * Tell whether a piece of sound is left out.
   *
   * `unsaid` is how much was sent and not shown yet, `spare` by how much frames come before their
   * times, `now` and `seconds` the time and the length of the piece.
   */
  leavesOut(samples, seconds, { unsaid, spare, now }) {
    if (unsaid > LOST_S) return true;
    if (peak(samples) >= QUIET) return false;
    if (unsaid > BEHIND_S) return true;
    if (now - this.since > EFFECT_S) {
      this.since = now;
      this.rest = spare > SPARE_S ? spare - KEPT_S : 0;
    }
    if (this.rest < seconds) return false;
    this.rest -= seconds;
    return true;
  }
}

/**
 * Send what the microphone hears until `stop` is called.
 *
 * `send` takes samples and the context's time of their end; `lag` returns {unsaid, spare}, see
 * `CatchUp`.
 */
export async function openMicrophone(context, send, lag, onLevel) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
  const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
  const node = new AudioWorkletNode(context, "moda-microphone", {
    numberOfOutputs: 0,
    channelCount: 1,
    channelCountMode: "explicit",
  });
  const catchUp = new CatchUp();
  node.port.onmessage = ({ data: { samples, at } }) => {
    onLevel(peak(samples));
    const seconds = samples.length / context.sampleRate;
    const behind = { ...lag(), now: context.currentTime };
    if (!catchUp.leavesOut(samples, seconds, behind)) send(samples, at / context.sampleRate);
  };
  source.connect(node);
  const stop = () => {
    node.port.onmessage = null;
    source.disconnect();
    stream.getTracks().forEach((track) => track.stop());
  };
  return { stop, stream };
}

/** Decode a recording, mixed to one channel, at the context's rate. */
export async function decode(context, bytes) {
  const sound = await context.decodeAudioData(bytes);
  const mixed = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel++) {
    const samples = sound.getChannelData(channel);
    for (let i = 0; i < mixed.length; i++) mixed[i] += samples[i] / sound.numberOfChannels;
  }
  return mixed;
}

/**
 * Send a recording as it is shown, some of it ahead.
 *
 * `onProgress` is called with the share that was sent, `onEnd` when all was. Returns {stop}.
 */
export function playRecording(context, samples, send, unsaid, onProgress, onEnd) {
  const size = Math.round(PIECE_S * context.sampleRate);
  let next = 0;
  const pump = () => {
    if (context.state !== "running") return;
    while (next < samples.length && unsaid() < AHEAD_S) {
      send(samples.slice(next, next + size), context.currentTime);
      next += size;
    }
    onProgress(Math.min(1, next / samples.length));
    if (next < samples.length) return;
    stop();
    onEnd();
  };
  const timer = setInterval(pump, PUMP_MS);
  const stop = () => clearInterval(timer);
  pump();
  return { stop };
}
