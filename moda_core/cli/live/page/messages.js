// What the page and the server send each other; see messages.py.

const SOUND = 1;
const PICTURE = 2;
const FRAME = 1;
const SOUND_HEAD = 8;
const FRAME_HEAD = 24;

/** Return the message of a piece of sound, Float32Array. */
export function packSound(samples, rate) {
  const message = new ArrayBuffer(SOUND_HEAD + 4 * samples.length);
  const view = new DataView(message);
  view.setUint8(0, SOUND);
  view.setUint32(4, rate, true);
  new Float32Array(message, SOUND_HEAD).set(samples);
  return message;
}

/** Return the message of a picture's file, Blob. */
export function packPicture(file) {
  return new Blob([new Uint8Array([PICTURE]), file]);
}

/** Return what a frame's message holds: its state, sound as Float32Array, picture as bytes. */
export function readFrame(message) {
  const view = new DataView(message);
  if (view.getUint8(0) !== FRAME) throw new Error(`Unknown kind of message ${view.getUint8(0)}.`);
  const soundBytes = view.getUint32(16, true);
  const coded = new Int16Array(message, FRAME_HEAD, soundBytes / 2);
  const said = view.getFloat32(12, true);
  return {
    speaking: view.getUint8(1) === 1,
    turn: view.getUint16(2, true),
    index: view.getUint32(4, true),
    jaw: view.getFloat32(8, true),
    said: Number.isNaN(said) ? null : said,
    cost: view.getFloat32(20, true),
    sound: Float32Array.from(coded, (sample) => sample / 32767),
    picture: new Uint8Array(message, FRAME_HEAD + soundBytes),
  };
}
