// Where sound comes from: the microphone, or a recording that is sent as it is played.

const PIECE_S = 0.04;
const AHEAD_S = 2; // by which a recording is sent before it is shown
const PUMP_MS = 20;
const QUIET = 0.01; // largest sample of a pause
const BEHIND_S = 0.4; // from which pauses are left out
const LOST_S = 1; // from which all is left out

/** Return the largest sample. */
export function peak(samples) {
  return samples.reduce((largest, sample) => Math.max(largest, Math.abs(sample)), 0);
}

/** Tell whether a piece of the microphone is left out, so that the portrait catches up. */
export function isLeftOut(samples, unsaid) {
  return unsaid > LOST_S || (unsaid > BEHIND_S && peak(samples) < QUIET);
}

/**
 * Send what the microphone hears until `stop` is called.
 *
 * `send` takes samples and the context's time of their end; `unsaid` returns the seconds that were
 * sent and not shown yet.
 */
export async function openMicrophone(context, send, unsaid, onLevel) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
  const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
  const node = new AudioWorkletNode(context, "moda-microphone", {
    numberOfOutputs: 0,
    channelCount: 1,
    channelCountMode: "explicit",
  });
  node.port.onmessage = ({ data }) => {
    onLevel(peak(data.samples));
    if (!isLeftOut(data.samples, unsaid())) send(data.samples, data.at / context.sampleRate);
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
