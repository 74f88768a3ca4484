"""Synthetic music, to be played under speech in training: chords, a tune, a bass and drums."""

import numpy as np

from ..audio.speech_preparation import SAMPLE_RATE

SCALE = np.array([0, 2, 4, 5, 7, 9, 11])  # semitones
NYQUIST_MARGIN_HZ = 7500.0


def _note(random: np.random.Generator, hertz: float, seconds: float, timbre: np.ndarray):
    """Return one note: partials that decay, with vibrato, an attack and a release."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    attack_s, decay_s, depth, rate = timbre[:4]
    wobble = depth * np.sin(2 * np.pi * rate * time + random.uniform(0, 6)) / (2 * np.pi * rate)
    phase = 2 * np.pi * hertz * (time + wobble)
    sound = np.zeros(len(time))
    for index, level in enumerate(timbre[4:], 1):
        if index * hertz > NYQUIST_MARGIN_HZ:
            break
        sound += (
            level
            * np.sin(index * phase + random.uniform(0, 6))
            * np.exp(-time * index**0.5 / decay_s)
        )
    rise = np.clip(time / attack_s, 0, 1) * np.clip((time[-1] - time) / 0.03, 0, 1)
    return sound * rise


def _timbre(random: np.random.Generator) -> np.ndarray:
    """Return attack, decay, vibrato's depth and rate, and the levels of the partials."""
    plucked = random.random() < 0.5
    attack_s = random.uniform(0.003, 0.02) if plucked else random.uniform(0.02, 0.15)
    decay_s = random.uniform(0.15, 1.0) if plucked else random.uniform(1.0, 6.0)
    depth = 0.0 if plucked else random.uniform(0, 0.012)
    partials = np.arange(1, 17) ** -random.uniform(0.6, 2.2) * random.uniform(0.3, 1, 16)
    return np.r_[attack_s, decay_s, depth, random.uniform(4, 7), partials]


def _drum(random: np.random.Generator, kind: int) -> np.ndarray:
    """Return a bass drum, a snare or a cymbal."""
    decay_s = (0.12, 0.08, random.uniform(0.02, 0.12))[kind]
    time = np.arange(int(6 * decay_s * SAMPLE_RATE)) / SAMPLE_RATE
    hiss = random.standard_normal(len(time))
    if kind == 0:
        sound = 2 * np.sin(2 * np.pi * 55 * time + 12 * np.exp(-time / 0.02)) + 0.05 * hiss
    else:
        sound = np.diff(hiss, prepend=0) if kind == 2 else 0.7 * hiss
    return sound * np.exp(-time / decay_s)


def compose_music(seconds: float, random: np.random.Generator) -> np.ndarray:
    """Return music of a random style, float32 (samples,) at 16 kHz, at a level near 0.1."""
    beat_s = 60 / random.uniform(60, 160)
    total = np.zeros(int((seconds + 10) * SAMPLE_RATE))

    def add(sound: np.ndarray, start_s: float, level: float) -> None:
        first = int(start_s * SAMPLE_RATE)
        part = sound[: max(0, len(total) - first)]
        total[first : first + len(part)] += level * part

    chord, tune, bass = (_timbre(random) for _ in range(3))
    levels = random.uniform(0, 1, 4) * (random.random(4) < 0.75)  # chords, tune, bass, drums
    levels[int(random.integers(4))] = 1.0
    key = random.uniform(100, 200)
    pattern = random.random((3, 8)) < np.array([[0.35], [0.3], [0.6]])
    for beat in range(int(seconds / beat_s) + 1):
        if beat % 4 == 0:
            root = int(random.integers(7))
        start = beat * beat_s
        if beat % 2 == 0:
            for step in (0, 2, 4):
                tone = SCALE[(root + step) % 7] + 12 * (1 + (root + step) // 7)
                length = beat_s * random.choice([1, 2, 4])
                add(_note(random, key * 2 ** (tone / 12), length, chord), start, 0.4 * levels[0])
        for half in range(2):
            if random.random() < 0.6:
                tone = 12 + SCALE[int(random.integers(7))] + 12 * int(random.integers(2))
                length = beat_s * random.choice([0.5, 0.5, 1, 2])
                sound = _note(random, key * 2 ** (tone / 12), length, tune)
                add(sound, start + half * beat_s / 2, 0.7 * levels[1])
            for kind in range(3):
                if levels[3] and pattern[kind, (2 * beat + half) % 8]:
                    add(_drum(random, kind), start + half * beat_s / 2, levels[3])
        add(_note(random, key / 2 * 2 ** (SCALE[root] / 12), beat_s, bass), start, levels[2])
    total = total[: int(seconds * SAMPLE_RATE)]
    return (0.1 * total / max(total.std(), 1e-6)).astype(np.float32)
