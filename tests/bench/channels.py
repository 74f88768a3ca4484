"""What recordings go through before they reach us: lines, rooms, noise, codecs, music."""

import io
from collections.abc import Callable

import av
import numpy as np
from scipy.signal import butter, fftconvolve, firwin2, lfilter, sosfiltfilt

from moda_core.audio.speech_preparation import SAMPLE_RATE

PEAK = 0.5
LOUD = 0.02  # share of the peak from which a sample counts as speech
BRIGHT_HZ, BRIGHT_DB = 2000, 12  # an octave above
REVERB_S, REVERB_DIRECT = 0.5, 1.4  # over a tail of unit power: 3 dB
MP3_RATE = 32000
MAX_CODEC_DELAY = 4000  # samples


def _loud_rms(waveform: np.ndarray) -> float:
    loud = waveform[np.abs(waveform) > LOUD * np.abs(waveform).max()]
    return float(np.sqrt((loud**2).mean())) if len(loud) else 0.0


def _at_peak(waveform: np.ndarray, peak: float = PEAK) -> np.ndarray:
    return (waveform * (peak / max(np.abs(waveform).max(), 1e-9))).astype(np.float32)


def add_below(waveform: np.ndarray, other: np.ndarray, decibels: float) -> np.ndarray:
    """Add a sound this far below the loud speech of a waveform (samples,)."""
    gain = _loud_rms(waveform) / np.sqrt((other**2).mean()) * 10 ** (-decibels / 20)
    return (waveform + gain * other).astype(np.float32)


def telephone(waveform: np.ndarray) -> np.ndarray:
    """Keep 300 to 3400 Hz."""
    bands = butter(4, [300, 3400], "band", fs=SAMPLE_RATE, output="sos")
    return sosfiltfilt(bands, waveform).astype(np.float32)


def muffled(waveform: np.ndarray) -> np.ndarray:
    """Keep what is below 2 kHz."""
    bands = butter(4, 2000, "low", fs=SAMPLE_RATE, output="sos")
    return sosfiltfilt(bands, waveform).astype(np.float32)


def bright(waveform: np.ndarray) -> np.ndarray:
    """Raise 12 dB an octave above 2 kHz."""
    hertz = np.r_[0, np.linspace(BRIGHT_HZ, SAMPLE_RATE / 2, 30)]
    gain = 10 ** (BRIGHT_DB * np.log2(np.maximum(hertz, BRIGHT_HZ) / BRIGHT_HZ) / 20)
    response = firwin2(513, hertz, gain, fs=SAMPLE_RATE)
    return _at_peak(fftconvolve(waveform, response, "same"))


def quiet(waveform: np.ndarray) -> np.ndarray:
    """Lower the level by 20 dB."""
    return (0.1 * waveform).astype(np.float32)


def reverberant(waveform: np.ndarray) -> np.ndarray:
    """Record in a room that fades by 60 dB in half a second."""
    time = np.arange(int(REVERB_S * SAMPLE_RATE)) / SAMPLE_RATE
    tail = np.random.default_rng(5).standard_normal(len(time)) * np.exp(-6.9 * time / REVERB_S)
    tail[: int(0.002 * SAMPLE_RATE)] = 0
    tail /= np.sqrt((tail**2).sum())
    tail[0] = REVERB_DIRECT
    return _at_peak(fftconvolve(waveform, tail)[: len(waveform)])


def coloured_noise(num_samples: int, slope: float, seed: int = 6) -> np.ndarray:
    """Return noise whose power falls with frequency to `slope`: 0 is white, 1 is pink."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(num_samples))
    lowest = 20 * num_samples / SAMPLE_RATE
    spectrum /= np.maximum(np.arange(len(spectrum)), lowest) ** (slope / 2)
    noise = np.fft.irfft(spectrum, num_samples)
    return noise / noise.std()


def noisy(waveform: np.ndarray) -> np.ndarray:
    """Add pink noise 10 dB below."""
    return add_below(waveform, coloured_noise(len(waveform), 1), 10)


def mp3(waveform: np.ndarray) -> np.ndarray:
    """Encode at 32 kbit/s and decode."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as output:
        stream = output.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = MP3_RATE
        frame = av.AudioFrame.from_ndarray(waveform[None].astype(np.float32), "fltp", "mono")
        frame.sample_rate = SAMPLE_RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            output.mux(packet)
    file.seek(0)
    with av.open(file) as given:
        decoded = [frame.to_ndarray()[0] for frame in given.decode(audio=0)]
    decoded = np.concatenate(decoded)
    # Some decoders keep the encoder's delay.
    both = fftconvolve(decoded, waveform[::-1])[len(waveform) - 1 :]
    decoded = decoded[int(np.argmax(both[:MAX_CODEC_DELAY])) :]
    missing = max(0, len(waveform) - len(decoded))
    return np.pad(decoded, (0, missing))[: len(waveform)].astype(np.float32)


def channels(music: np.ndarray) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Return all channels by name; `music` (samples,) at 16 kHz is longer than any recording."""

    def over_music(waveform: np.ndarray) -> np.ndarray:
        first = (7919 * len(waveform)) % (len(music) - len(waveform))
        bed = music[first : first + len(waveform)]
        return _at_peak(add_below(waveform, bed, 6), 0.6)

    def over_bright_music(waveform: np.ndarray) -> np.ndarray:
        return _at_peak(lfilter([1, -0.97], [1], over_music(waveform)), 0.6)

    return {
        "clean": lambda waveform: waveform,
        "telephone": telephone,
        "muffled": muffled,
        "bright": bright,
        "-20 dB": quiet,
        "reverb": reverberant,
        "noise": noisy,
        "mp3": mp3,
        "music": over_music,
        "bright music": over_bright_music,
    }
