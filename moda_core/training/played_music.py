"""Music played on recorded instruments by fluidsynth, to be put under speech in training.

Instruments that imitate voices are left out: the mouth must stay shut on what remains.
"""

import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from ..audio.speech_preparation import SAMPLE_RATE
from ..errors import MoDAError

SOUND_FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")  # of Debian's fluid-soundfont-gm, MIT
TICKS = 480  # of a beat
DRUMS = 9  # channel
VOICES = (52, 53, 54, 85, 91)  # programs of General MIDI: choirs and synthetic voices
PROGRAMS = [program for program in range(104) if program not in VOICES]
BASSES = range(32, 40)
SCALE = (0, 2, 4, 5, 7, 9, 11)  # semitones
KICKS, SNARES, CYMBALS = (35, 36), (38, 40, 37), (42, 44, 46, 51, 70)
SILENT_RMS = 1e-4

Event = tuple[int, bytes]  # a tick and a message


def require() -> None:
    """Raise a `MoDAError` that names the packages unless fluidsynth and its sounds are here."""
    if shutil.which("fluidsynth") is None or not SOUND_FONT.exists():
        raise MoDAError(
            f"The program 'fluidsynth' or the sounds {SOUND_FONT} were not found. Install them "
            "with 'apt install fluidsynth fluid-soundfont-gm' (Debian)."
        )


def play_music(seconds: float, random: np.random.Generator) -> np.ndarray:
    """Return music of a random style, float32 (samples,) at 16 kHz, at a level near 0.1."""
    require()
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder) / "piece.mid", Path(folder) / "piece.wav"
        score.write_bytes(compose(seconds, random))
        options = ["-ni", "-g", "0.5", "-r", str(SAMPLE_RATE), "-F", str(sound)]
        done = subprocess.run(
            ["fluidsynth", *options, str(SOUND_FONT), str(score)], capture_output=True, text=True
        )
        if done.returncode != 0 or not sound.exists():
            raise MoDAError(f"fluidsynth failed: {done.stderr.strip()}")
        waveform = soundfile.read(sound, dtype="float32", always_2d=True)[0].mean(axis=1)
    waveform = waveform[: int(seconds * SAMPLE_RATE)]
    waveform = np.pad(waveform, (0, int(seconds * SAMPLE_RATE) - len(waveform)))
    return (0.1 * waveform / max(waveform.std(), SILENT_RMS)).astype(np.float32)


def compose(seconds: float, random: np.random.Generator) -> bytes:
    """Compose chords, a tune, a bass and drums, some of them absent, as a MIDI file."""
    beat_s = 60 / random.uniform(60, 160)
    bars = int(seconds / (4 * beat_s)) + 1
    key, roots = int(random.integers(48, 60)), random.integers(7, size=bars)
    present = random.random(4) < (0.8, 0.7, 0.6, 0.55)
    present[int(random.integers(4))] = True
    parts = (_chords, _tune, _bass, _drums)
    events = [
        event
        for part, plays in zip(parts, present, strict=True)
        if plays
        for event in part(key, roots, random)
    ]
    return _midi_file(events, beat_s)


def _chords(key: int, roots: np.ndarray, random: np.random.Generator) -> list[Event]:
    events, broken = _program(0, int(random.choice(PROGRAMS))), random.random() < 0.5
    level = int(random.integers(40, 100))
    for bar, root in enumerate(roots):
        tones = [_tone(key, root + step) for step in (0, 2, 4)]
        if broken:
            for eighth in range(8):
                start = bar * 4 * TICKS + eighth * TICKS // 2
                events += _note(0, tones[eighth % 3], start, TICKS // 2, level)
        else:
            beats = int(random.choice([1, 2, 4]))
            for beat in range(0, 4, beats):
                start = (4 * bar + beat) * TICKS
                for tone in tones:
                    events += _note(0, tone, start, beats * TICKS, level)
    return events


def _tune(key: int, roots: np.ndarray, random: np.random.Generator) -> list[Event]:
    events = _program(1, int(random.choice(PROGRAMS)))
    events.append((0, bytes([0xB1, 1, int(random.choice([0, 40, 90]))])))  # vibrato
    level, step, tick = int(random.integers(60, 120)), int(random.integers(7, 14)), 0
    glides = random.random() < 0.3
    while tick < len(roots) * 4 * TICKS:
        length = int(TICKS * random.choice([0.5, 0.5, 1, 1, 2]))
        if random.random() < 0.85:
            step = int(np.clip(step + random.integers(-3, 4), 4, 18))
            events += _note(1, _tone(key, step), tick, length, level)
            if glides and random.random() < 0.4:
                for part in range(8):
                    bend = 8192 + int(4096 * (part / 7 - 1))
                    at = tick + part * length // 16
                    events.append((at, bytes([0xE1, bend & 127, bend >> 7])))
        tick += length
    return events


def _bass(key: int, roots: np.ndarray, random: np.random.Generator) -> list[Event]:
    events, level = _program(2, int(random.choice(BASSES))), int(random.integers(60, 120))
    beats = int(random.choice([1, 2, 4]))
    for bar, root in enumerate(roots):
        for beat in range(0, 4, beats):
            start = (4 * bar + beat) * TICKS
            events += _note(2, _tone(key - 24, root), start, beats * TICKS, level)
    return events


def _drums(key: int, roots: np.ndarray, random: np.random.Generator) -> list[Event]:
    events, level = [], int(random.integers(50, 120))
    kit = [int(random.choice(kind)) for kind in (KICKS, SNARES, CYMBALS)]
    pattern = random.random((3, 8)) < np.array([[0.35], [0.3], [0.6]])
    for eighth in range(8 * len(roots)):
        for drum, played in zip(kit, pattern[:, eighth % 8], strict=True):
            if played:
                events += _note(DRUMS, drum, eighth * TICKS // 2, TICKS // 4, level)
    return events


def _tone(key: int, step: int) -> int:
    """Return the number of a tone that lies some steps of the scale above the key."""
    return int(np.clip(key + SCALE[step % 7] + 12 * (step // 7), 0, 127))


def _program(channel: int, program: int) -> list[Event]:
    return [(0, bytes([0xC0 | channel, program]))]


def _note(channel: int, tone: int, start: int, length: int, level: int) -> list[Event]:
    return [
        (start, bytes([0x90 | channel, tone, level])),
        (start + length - 1, bytes([0x80 | channel, tone, 0])),
    ]


def _midi_file(events: list[Event], beat_s: float) -> bytes:
    """Write a MIDI file of one track; its format: Standard MIDI Files 1.0."""
    tempo = b"\xff\x51\x03" + struct.pack(">I", round(beat_s * 1e6))[1:]
    track, now = b"\0" + tempo, 0
    for tick, message in sorted(events, key=lambda event: event[0]):
        track += _variable_length(tick - now) + message
        now = tick
    track += b"\0\xff\x2f\0"
    header = struct.pack(">4sIHHH", b"MThd", 6, 0, 1, TICKS)
    return header + struct.pack(">4sI", b"MTrk", len(track)) + track


def _variable_length(number: int) -> bytes:
    groups = [number & 127]
    while number := number >> 7:
        groups.append(number & 127 | 128)
    return bytes(reversed(groups))
