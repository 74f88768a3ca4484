// Runs beside the sound: plays samples at their places, and cuts the microphone into pieces.

const RING_S = 4;
const FADE = 128; // samples in which an interrupted sound ends
const PIECE_S = 0.01;

/** Plays {at, samples}: `at` is the context's frame of the first one. {clear: true} stops all. */
class MoDAPlayer extends AudioWorkletProcessor {
  constructor() {
    super();
    this.ring = new Float32Array(RING_S * sampleRate);
    this.fading = false;
    this.port.onmessage = ({ data }) => (data.clear ? (this.fading = true) : this.place(data));
  }

  place({ at, samples }) {
    const size = this.ring.length;
    for (let i = Math.max(0, currentFrame - at); i < samples.length; i++) {
      if (at + i >= currentFrame + size) break;
      this.ring[(at + i) % size] = samples[i];
    }
  }

  process(inputs, [[output]]) {
    const size = this.ring.length;
    for (let i = 0; i < output.length; i++) {
      const place = (currentFrame + i) % size;
      output[i] = this.ring[place];
      this.ring[place] = 0;
    }
    if (this.fading) {
      for (let i = 0; i < output.length; i++) output[i] *= Math.max(0, 1 - i / FADE);
      this.ring.fill(0);
      this.fading = false;
    }
    return true;
  }
}

/** Posts {samples, at}: 10 ms of the microphone, and the context's frame of their end. */
class MoDAMicrophone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.size = Math.round(PIECE_S * sampleRate);
    this.piece = new Float32Array(this.size);
    this.count = 0;
  }

  process([channels]) {
    const sound = channels[0];
    for (let i = 0; sound && i < sound.length; i++) {
      this.piece[this.count++] = sound[i];
      if (this.count < this.size) continue;
      const samples = this.piece;
      this.port.postMessage({ samples, at: currentFrame + i + 1 }, [samples.buffer]);
      this.piece = new Float32Array(this.size);
      this.count = 0;
    }
    return true;
  }
}

registerProcessor("moda-player", MoDAPlayer);
registerProcessor("moda-microphone", MoDAMicrophone);
