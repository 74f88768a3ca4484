"""Play a motion on a portrait: of a still picture, or of a clip."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from ..compositing.composer import composed_frames
from ..compositing.compositing import Compositing
from ..compositing.overlay import BufferedBackdrop
from ..compositing.paste_mask import check_mask, softened_mask
from ..motion.easing import smoothstep
from ..motion.interpolation import sample_linear
from ..motion.motion import EXPRESSION, Motion
from ..portrait.portrait import Portrait, check_playable
from ..runtime.prefetch import prefetched
from .clip_time import clip_timeline, note_lengths
from .face_clip import FaceClip

LOWEST_RATE, HIGHEST_RATE = Fraction(1), Fraction(240)  # of videos
CLOSING_S = 0.3  # from the end of a motion to the mouth at rest


def fitted_motion(portrait: Portrait, motion: Motion) -> Motion:
    """Return the part of a motion that a portrait shows; a note tells what a clip leaves out."""
    face: FaceClip = portrait.clip
    if face is None or face.order is not None:
        return motion
    note_lengths(face.clip, motion, face.after_end)
    return replace(motion, values=motion.values[: len(face.frames_of(motion))])


def on_clip_times(portrait: Portrait, motion: Motion) -> tuple[Portrait, Motion, dict]:
    """Bring a motion to the own frames of a portrait's clip.

    Where only the lower face is rendered, the clip goes on after a shorter motion, with the mouth
    at rest.

    Parameters
    ----------
    portrait : Portrait
        Of a clip.
    motion : Motion
        Of any rate.

    Returns
    -------
    portrait : Portrait
        Whose clip shows one of its frames for each of the motion, in its own order.
    motion : Motion
        One frame for each of the clip that is shown; its rate is the clip's mean one.
    options : dict
        Of the `VideoWriter`: the clip's rate and colours and, if the rate varies, its times.
    """
    face: FaceClip = portrait.clip
    motion_s = len(motion) / motion.fps
    note_lengths(face.clip, motion, face.after_end, face.goes_on)
    order, starts, options = own_times(face, motion_s)
    played = at_times(motion, starts[:-1], float(options["fps"]))
    return replace(portrait, clip=replace(face, order=order)), played, options


def own_times(face: FaceClip, motion_s: float) -> tuple[np.ndarray, np.ndarray, dict]:
    """Return the clip's frames for a motion of a length, when each is shown, and their timing.

    See `clip_timeline` for the first two, and `on_clip_times` for the last one.
    """
    duration_s = max(motion_s, face.goes_on * face.clip.duration_s)
    times, rate = face.track.times, min(max(face.clip.rate, LOWEST_RATE), HIGHEST_RATE)
    order, starts = clip_timeline(face.clip, times, duration_s, face.after_end)
    even = face.clip.has_constant_rate and len(times) == len(face.clip.times)
    even &= rate == face.clip.rate
    options = {"fps": rate, "times": None if even else starts, "colors": face.clip.colors}
    return order, starts, options


def at_times(motion: Motion, times: np.ndarray, fps: float) -> Motion:
    """Return a motion at some times in seconds, with the mouth at rest after its end.

    `fps` is the mean rate of the times.
    """
    starting = torch.from_numpy(times)
    values = sample_linear(motion.values, starting * motion.fps)
    ended = smoothstep(0.0, CLOSING_S, starting - len(motion) / motion.fps).to(values)[:, None]
    values[:, EXPRESSION] = torch.lerp(values[:, EXPRESSION], motion.rest.to(values), ended)
    return replace(motion, values=values, fps=fps)


def played_frames(
    renderer, portrait: Portrait, motion: Motion, chunk: int, **options
) -> Iterator[Tensor]:
    """Yield the frames (n, H, W, 3), uint8, of a motion on any portrait.

    The parameters are those of the renderer's `frames`. A cut-out whole is shown over a backdrop;
    a clip is its own backdrop.
    """
    if portrait.clip is None:
        return composed_frames(renderer, portrait, motion, chunk, **options)
    return _clip_frames(renderer, portrait, motion, chunk, **options)


def _clip_frames(
    renderer,
    portrait: Portrait,
    motion: Motion,
    chunk: int,
    *,
    compositing: Compositing | None = None,
    options: object = None,
    start: int = 0,
    stop: int | None = None,
) -> Iterator[Tensor]:
    check_playable(portrait, renderer.name, chunk)
    face: FaceClip = portrait.clip
    order = face.frames_of(motion)[start:stop]
    values = face.source.values(face, motion, options)[start:stop]
    images = prefetched(face.clip.images_at(face.track.times[order]), chunk)
    chosen, size = compositing or Compositing(), portrait.image.shape[:2]
    mask = _mask(chosen, size)
    backdrop = chosen.backdrop and BufferedBackdrop(chosen.backdrop, size)

    @torch.inference_mode()  # of its thread; frames may be made in it
    def draw(frame: Tensor, image: Tensor, below: Tensor, index: int, row: Tensor) -> None:
        share, drawn = float(face.presence[index]), below
        if share > 0:
            drawn = face.source.draw(renderer, portrait, image, below, index, row, options)
            if share < 1 or mask is not None:
                drawn = _faded(below, drawn, share, mask)
        frame[...] = drawn

    workers = torch.get_num_threads() if renderer.device.type == "cpu" else 1
    with closing(images), ThreadPoolExecutor(workers) as pool:
        for first in range(0, len(order), chunk):
            part = order[first : first + chunk].tolist()
            pictures = [next(images) for _ in part]
            below = backdrop(first, first + len(part)) if backdrop else pictures
            rows = values[first : first + len(part)]
            frames = torch.empty(len(part), *size, 3, dtype=torch.uint8)
            list(pool.map(draw, frames, pictures, below, part, rows))
            yield frames


def _mask(chosen: Compositing, size: tuple[int, int]) -> Tensor | None:
    """Return the user's mask (H, W) with its soft edge; None if there is none."""
    if chosen.mask is None:
        return None
    check_mask(chosen.mask, size)
    return softened_mask(chosen.mask.cpu(), chosen.feather or 0.0, chosen.erosion)


def _faded(below: Tensor, drawn: Tensor, share: float, mask: Tensor | None) -> Tensor:
    """Return a share of a drawn picture (H, W, 3), uint8, over another, within a mask (H, W)."""
    cover = torch.tensor(share) if mask is None else share * mask[..., None]
    mixed = torch.lerp(below.float(), drawn.float(), cover)
    return (mixed + 0.5).to(torch.uint8)
