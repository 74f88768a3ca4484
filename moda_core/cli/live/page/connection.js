// The socket to the server.
import { packPicture, packSound, readFrame } from "./messages.js";

const MOST_UNSENT = 1 << 20; // bytes that may wait for a server that does not read

/**
 * Connect, and say the rate of the sound.
 *
 * `on` has functions for the types of the server's messages, and `frame` and `closed`.
 */
export function connect(sampleRate, on) {
  const socket = new WebSocket(`ws://${location.host}/live`);
  socket.binaryType = "arraybuffer";
  const tell = (message) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  socket.onopen = () => tell({ type: "hello", sample_rate: sampleRate });
  socket.onmessage = ({ data }) => {
    if (typeof data !== "string") return on.frame(readFrame(data));
    const message = JSON.parse(data);
    on[message.type]?.(message);
  };
  socket.onclose = () => on.closed();
  return {
    tell,
    /** Send sound; false if it could not be sent. */
    sendSound(samples) {
      const isReady = socket.readyState === WebSocket.OPEN && socket.bufferedAmount < MOST_UNSENT;
      if (isReady) socket.send(packSound(samples, sampleRate));
      return isReady;
    },
    sendPicture: (file) => socket.send(packPicture(file)),
    close: () => socket.close(),
  };
}
