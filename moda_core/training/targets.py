"""Neutral facial performances of timed speech, the starter's targets.

At 25 fps; frame i covers 40 i to 40 (i + 1) ms.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from ..motion.controls import CONTROLS
from ..motion.liveliness import X_OF_YAW, blink_lids, random_walk
from ..motion.motion import FPS
from .espeak import Phone
from .visemes import PAUSE, UNKNOWN, viseme_segments

LIPS = ("jaw", "close", "width")  # the controls that speech moves
LIP_COLUMNS = [CONTROLS.index(name) for name in LIPS]
STEPS_PER_FRAME = 4  # lips are blended at 100 Hz
SAMPLES_PER_FRAME = 640  # at 16 kHz

ANTICIPATION_S, CARRY_OVER_S = 0.070, 0.055  # coarticulation starts before a sound, and fades after
CLOSURE_S = 0.025  # spread of a closure around its sound
PAUSE_PRESS = 0.3  # lips rest lightly on each other in a pause
JAW_GAIN, WIDTH_GAIN = 1.35, 1.35  # blending averages shapes; this restores their extremes


@dataclass(frozen=True)
class Performance:
    """A neutral performance of one clip.

    Parameters
    ----------
    controls : array, shape (N, 12), float32
        In the order of `CONTROLS`.
    head : array, shape (N, 6), float32
        Scale over its mean, translation x and y, and pitch, yaw, roll in degrees.
    """

    controls: np.ndarray
    head: np.ndarray


def speech_energy(waveform: np.ndarray, num_frames: int) -> np.ndarray:
    """Return the level of every frame over the loud frames': (samples,) to (num_frames,)."""
    padded = np.zeros(num_frames * SAMPLES_PER_FRAME, np.float32)
    padded[: len(waveform)] = waveform[: len(padded)]
    level = np.sqrt((padded.reshape(num_frames, -1) ** 2).mean(axis=1))
    return np.clip(level / max(np.percentile(level, 95), 0.01), 0, 1.2)


def lip_curves(phones: list[Phone], num_frames: int) -> np.ndarray:
    """Blend mouth shapes of timed sounds into jaw, width, closure and pause: (num_frames, 4)."""
    num_steps = num_frames * STEPS_PER_FRAME
    time = (np.arange(num_steps) + 0.5) / (FPS * STEPS_PER_FRAME)
    pulled, strength = np.zeros((2, num_steps)), np.full((2, num_steps), 1e-3)
    closure, pause = np.zeros(num_steps), np.ones(num_steps)
    for start, end, viseme in viseme_segments(phones):
        middle, half = (start + end) / 2, max((end - start) / 2, 0.015)
        distance = np.abs(time - middle)
        fade = np.where(time < middle, ANTICIPATION_S, CARRY_OVER_S)
        weight = np.exp(-np.clip(distance - 0.6 * half, 0, None) / fade)
        for row, (value, dominance) in enumerate(
            ((viseme.jaw, viseme.dominance), (viseme.width, viseme.width_dominance))
        ):
            pulled[row] += dominance * weight * value
            strength[row] += dominance * weight
        if viseme.close > 0:
            outside = np.clip(distance - 0.5 * half, 0, None) / CLOSURE_S
            closure = np.maximum(closure, viseme.close * np.exp(-0.5 * outside**2))
        if viseme not in (PAUSE, UNKNOWN):
            pause[(time >= start) & (time < end)] = 0
    jaw, width = gaussian_filter1d(pulled / strength, 2.0, axis=1)
    jaw = JAW_GAIN * jaw * (1 - 0.97 * closure)
    width = np.clip(WIDTH_GAIN * width, -1.1, 1.1)
    closure = gaussian_filter1d(closure, 0.8)
    curves = np.stack([jaw, width, closure, pause], axis=1)
    return curves.reshape(num_frames, STEPS_PER_FRAME, 4).mean(axis=1)


def _gaze(random: np.random.Generator, num_frames: int) -> np.ndarray:
    """Return glances aside; about every second one returns to the viewer."""
    gaze, start, direction = np.zeros(num_frames), 0, 0.0
    while start < num_frames:
        length = int(random.uniform(0.5, 2.2) * FPS)
        gaze[start : start + length] = direction
        start += length
        direction = 0.0 if random.random() < 0.55 else random.normal(0, 0.28)
    return gaze


def perform(waveform: np.ndarray, phones: list[Phone], random: np.random.Generator) -> Performance:
    """Perform a clip with a neutral face, at ``round(25 * duration)`` frames.

    The waveform (samples,) is clean at 16 kHz: its level drives the jaw and the nods. `random`
    draws sway, blinks and glances; the lips are the same for any.
    """
    num_frames = round(len(waveform) / SAMPLES_PER_FRAME)
    energy = speech_energy(waveform, num_frames)
    jaw, width, closure, pause = lip_curves(phones, num_frames).T
    speaking = 1 - uniform_filter1d(pause, 13)
    # Stress: louder than the surroundings.
    accent = np.clip(gaussian_filter1d(energy, 3.0) - gaussian_filter1d(energy, 14.0), -0.5, 0.6)
    lids = blink_lids(random, energy)
    values = {
        "jaw": np.clip(jaw * (0.8 + 0.25 * gaussian_filter1d(energy, 2.0)), 0, 1.2),
        "close": np.clip(closure + PAUSE_PRESS * gaussian_filter1d(pause, 1.5), 0, 1),
        "width": width,
        "blink_left": lids,
        "blink_right": lids,
        "brow": np.clip(accent, 0, 1) * 1.2 + 0.08 * random_walk(random, num_frames, 2.0),
        "gaze": _gaze(random, num_frames),
    }
    controls = np.zeros((num_frames, len(CONTROLS)), np.float32)
    for name, value in values.items():
        controls[:, CONTROLS.index(name)] = value
    return Performance(controls, _head(random, accent, speaking))


def _head(random: np.random.Generator, accent: np.ndarray, speaking: np.ndarray) -> np.ndarray:
    """Return nods on stress and sway, livelier during speech."""
    num_frames, lively = len(accent), 0.45 + 0.55 * speaking

    def sway(memory_s: float, size: float) -> np.ndarray:
        return size * random_walk(random, num_frames, memory_s)

    pitch = 11.0 * accent * speaking + sway(1.5, 2.4) * lively
    yaw = sway(2.0, 3.0) * lively
    roll = 0.15 * yaw + sway(2.0, 1.6) * lively
    scale = 1 + sway(3.0, 0.006)
    # Turning the nose to the image's left moves the head there: x falls as yaw grows.
    x = X_OF_YAW * yaw + sway(3.0, 0.006)
    y = 0.0011 * pitch + sway(3.0, 0.005)
    return np.stack([scale, x, y, pitch, yaw, roll], axis=1).astype(np.float32)
