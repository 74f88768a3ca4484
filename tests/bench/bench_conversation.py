"""Two people in one picture: what must not move, who must be silent, and when lips change over.

The bundled portraits and speech, with the starter. The speech is given to two people by a text
whose turns lie within words. Lips are read from the motions and, in `silent_lip_gap_seen`, from
rendered frames by the pack's own face mesh.
"""

import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from moda_core.audio.waveform import load_clip
from moda_core.bundles.bundle import Bundle
from moda_core.bundles.load import load_starter
from moda_core.bundles.scene.cast import Cast, Speaker
from moda_core.bundles.scene.conversation import converse
from moda_core.bundles.scene.listening import Listening
from moda_core.bundles.scene.render_scene import scene_frames
from moda_core.bundles.scene.speech_parts import TURNS, SpeechParts, split_speech
from moda_core.bundles.scene.turns import parse_turns
from moda_core.example import PORTRAIT, SECOND_PORTRAIT, SPEECH
from moda_core.motion.controls import CONTROLS, lip_opening, read
from moda_core.motion.motion import FPS, Motion
from moda_core.portrait.find_face import FaceChoice, find_face
from moda_core.portrait.image import read_image
from moda_core.runtime.threads import one_thread

from .progress import Progress

NAMES = ("Anna", "Ben")
TEXT = "0.0 Anna, 3.2 Ben, 5.0 Anna+Ben, 7.0 nobody"
CHANGE_S = 3.2
START_S = 2.0  # of the speech, so that its turns lie within words
SEEDS = (42, 43, 44, 45)
CLOSED = 0.02  # eye distances
SEEN_FRAMES = 8
REQUIRED = {
    "outside_grey_levels": 0,
    "bystander_grey_levels": 0,
    "silent_lip_gap": CLOSED,
    "change_over_s": 0.1,
}


def two_people(starter: Bundle) -> Cast:
    """Return the bundled portraits side by side."""
    image = torch.cat([read_image(path) for path in (PORTRAIT, SECOND_PORTRAIT)], dim=1)
    choices = [FaceChoice(index=index, order="left to right") for index in range(2)]
    portraits = [starter.portrait(image, choice) for choice in choices]
    return Cast(tuple(map(Speaker, NAMES, portraits)))


def talk(starter: Bundle, cast: Cast, speech: SpeechParts, seed: int) -> Cast:
    """Return the cast with the motions of one seed."""

    def perform(speaker: Speaker, sound: tuple[Tensor, int]) -> Motion:
        return starter.perform(speaker.portrait, starter.encode(sound), seed=seed)

    return converse(cast, speech, perform, Listening(gaze=1.0), seed)


def lip_gap(motion: Motion) -> np.ndarray:
    """Return the opening of the lips (N,) in eye distances."""
    controls = read(motion.offset)
    return lip_opening(dict(zip(CONTROLS, controls.unbind(dim=1), strict=True))).numpy()


def silent_frames(name: str, duration_s: float, num_frames: int) -> np.ndarray:
    """Tell in which frames (N,) a person is silent, a tenth of a second after and before speech."""
    time_s, silent = np.arange(num_frames) / FPS, np.ones(num_frames, bool)
    margin = REQUIRED["change_over_s"]
    for start, stop in parse_turns(TEXT).spans(name, duration_s):
        silent &= (time_s < start - margin) | (time_s > stop + margin)
    return silent


def change_over(cast: Cast) -> float:
    """Return by how many seconds the lips of the one change over before or after the other's."""
    leaving, coming = (lip_gap(speaker.motion) > CLOSED for speaker in cast.speakers)
    near = slice(round((CHANGE_S - 1) * FPS), round((CHANGE_S + 1) * FPS))
    stops = np.flatnonzero(leaving[near])[-1] + 1 + near.start
    starts = np.flatnonzero(coming[near])[0] + near.start
    return float(max(abs(edge / FPS - CHANGE_S) for edge in (stops, starts)))


def seen_gap(frame: Tensor, index: int) -> float:
    """Return the gap of the lips of a face in a frame (H, W, 3), in eye distances."""
    face = find_face(frame, FaceChoice(index=index, order="left to right"))
    upper, lower = face.points()[4:6]
    return float(np.hypot(*(lower - upper)) / face.eye_distance)


def scene(starter: Bundle, cast: Cast) -> Iterator[Tensor]:
    """Yield the frames of a scene one by one."""
    num_frames = max(len(speaker.motion) for speaker in cast.speakers if speaker.motion)
    for chunk in scene_frames(starter.renderer, cast, FPS, num_frames):
        yield from chunk


def unchanged(starter: Bundle, cast: Cast, kept: Tensor) -> int:
    """Return the largest change in grey levels that a scene makes where a mask (H, W) is true."""
    picture = cast.speakers[0].portrait.image[kept].int()
    return max(int((frame[kept].int() - picture).abs().max()) for frame in scene(starter, cast))


@one_thread()
def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    starter, progress = load_starter(device), Progress("conversation", 5)
    progress("faces")
    cast = two_people(starter)
    waveform, rate = load_clip(SPEECH, START_S)
    speech = split_speech([(waveform, rate)], NAMES, TURNS, TEXT)
    progress("motions")
    talks = [talk(starter, cast, speech, seed) for seed in SEEDS]
    first = talks[0]
    num_frames = len(first.speakers[0].motion)
    silent = [silent_frames(name, speech.duration_s, num_frames) for name in NAMES]
    gaps = [
        lip_gap(speaker.motion)[quiet].max()
        for each in talks
        for speaker, quiet in zip(each.speakers, silent, strict=True)
    ]
    progress("both faces")
    regions = [starter.renderer.paste_mask(speaker.portrait) > 0 for speaker in cast.speakers]
    began = time.process_time()
    outside = unchanged(starter, first, ~(regions[0] | regions[1]))
    frame_ms = 1000 * (time.process_time() - began) / num_frames
    progress("one face")
    alone = Cast((first.speakers[0], cast.speakers[1]))
    bystander = unchanged(starter, alone, regions[1] & ~regions[0])
    progress("lips that are seen")
    frames = list(scene(starter, first))
    seen = [
        seen_gap(frames[frame], index)
        for index, quiet in enumerate(silent)
        for frame in np.flatnonzero(quiet)[:: max(1, int(quiet.sum()) // SEEN_FRAMES)]
    ]
    return {
        "dtype": "float32",
        "frames": num_frames,
        "outside_grey_levels": outside,
        "bystander_grey_levels": bystander,
        "silent_lip_gap": round(float(max(gaps)), 4),
        "silent_lip_gap_seen": round(max(seen), 4),
        "change_over_s": round(max(map(change_over, talks)), 3),
        "frame_ms": round(frame_ms, 1),
        "required": REQUIRED,
    }
