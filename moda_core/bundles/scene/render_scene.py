"""The frames of a scene: each face over the frames of those before it, in one pass."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ...clip.clip_time import note_lengths
from ...clip.play_clip import at_times, own_times, played_frames
from ...compositing.compositing import Backdrop, Compositing
from ...compositing.renderer import Renderer
from ...motion.easing import smoothstep
from ...motion.motion import Motion
from .cast import Cast, Speaker

SEAM = 0.2  # width of the border between the regions of two faces, in eye distances


def longest_motion(cast: Cast) -> Motion:
    """Return the longest motion of a cast; ValueError if nobody has one."""
    motions = [speaker.motion for speaker in cast.speakers if speaker.motion is not None]
    if not motions:
        raise ValueError(
            f"Nobody in the cast has a motion: {', '.join(cast.names)}. Link a motion to one of "
            "them, or use MoDA Conversation."
        )
    return max(motions, key=lambda motion: len(motion) / motion.fps)


def on_clip_times(cast: Cast) -> tuple[Cast, Motion, dict]:
    """Bring the motions of a cast, whose picture is a clip, to the clip's own frames.

    Returns
    -------
    cast : Cast
        Each motion has one frame for each of the clip that is shown.
    longest : Motion
        One of them; all have the same length.
    options : dict
        Of the `VideoWriter`, see `clip.play_clip.on_clip_times`.
    """
    longest = longest_motion(cast)
    face = cast.speakers[0].portrait.clip
    note_lengths(face.clip, longest, face.after_end, face.goes_on)
    order, starts, options = own_times(face, len(longest) / longest.fps)

    def timed(speaker: Speaker) -> Speaker:
        shown = replace(speaker.portrait, clip=replace(speaker.portrait.clip, order=order))
        if speaker.motion is None:
            return replace(speaker, portrait=shown)
        motion = at_times(speaker.motion, starts[:-1], float(options["fps"]))
        return replace(speaker, portrait=shown, motion=motion)

    played = Cast(tuple(map(timed, cast.speakers)))
    return played, longest_motion(played), options


def scene_frames(
    renderer: Renderer, cast: Cast, fps: float, num_frames: int, **options
) -> Iterator[Tensor]:
    """Yield the frames of a scene, in chunks (n, H, W, 3) uint8 on the CPU.

    Parameters
    ----------
    renderer : Renderer
        That made the portraits.
    cast : Cast
        Those without a motion stay as they are in the picture.
    fps : float
        Frame rate to which all motions are brought; the last frame of a shorter one is held.
    num_frames : int
    **options
        Of the renderer's `frames`, but no `compositing`.

    Raises
    ------
    ValueError
        If nobody has a motion, or the portraits belong to another renderer.
    """
    longest_motion(cast)
    moving = [speaker for speaker in cast.speakers if speaker.motion is not None]
    chunk = min(renderer.chunk_size(speaker.portrait) for speaker in moving)
    masks = scene_masks(renderer, moving)
    chunks = None
    for speaker, mask in zip(moving, masks, strict=True):
        backdrop = None if chunks is None else in_order(chunks)
        compositing = Compositing(mask=mask, backdrop=backdrop)
        motion = speaker.motion.resampled(fps, num_frames)
        chunks = played_frames(
            renderer, speaker.portrait, motion, chunk, compositing=compositing, **options
        )
    return chunks


def in_order(chunks: Iterator[Tensor]) -> Backdrop:
    """Return frames that come in chunks as a backdrop, which holds one chunk at a time."""
    waiting: list[Tensor] = []

    def backdrop(start: int, stop: int) -> Tensor:
        while sum(map(len, waiting)) < stop - start:
            waiting.append(next(chunks))
        frames = torch.cat(waiting) if len(waiting) > 1 else waiting[0]
        waiting[:] = [frames[stop - start :]]
        return frames[: stop - start]

    return backdrop


def scene_masks(renderer: Renderer, speakers: list[Speaker]) -> list[Tensor | None]:
    """Return where each face of a picture is seen, (H, W) in [0, 1]; None is its whole region.

    What the regions of two faces share belongs to the nearer face, by eye distances. A speaker's
    own mask stays as it is, and other regions leave it out.
    """
    in_clip = any(speaker.portrait.clip is not None for speaker in speakers)
    if len(speakers) == 1 or in_clip:  # regions that move with their faces are smaller
        return [speaker.mask for speaker in speakers]
    regions = [
        renderer.paste_mask(speaker.portrait).float().cpu()
        if speaker.mask is None
        else speaker.mask
        for speaker in speakers
    ]
    masks = []
    for index, speaker in enumerate(speakers):
        if speaker.mask is not None:
            masks.append(speaker.mask)
            continue
        share = torch.ones_like(regions[index])
        for other, neighbour in enumerate(speakers):
            if other == index or not ((regions[other] > 0) & (regions[index] > 0)).any():
                continue
            if neighbour.mask is None:
                share = share * _nearer(speaker, neighbour).where(regions[other] > 0, 1.0)
            else:
                share = share * (1 - neighbour.mask.to(share))
        masks.append(None if (share == 1).all() else regions[index] * share)
    return masks


def _nearer(speaker: Speaker, other: Speaker) -> Tensor:
    """Return where a face is nearer than another, (H, W) in [0, 1], 0.5 at the same distance."""
    width, height = speaker.portrait.size
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")

    def distance(person: Speaker) -> Tensor:
        face = person.portrait.landmarks
        center = np.mean([face.box[:2], face.box[2:]], axis=0)
        away = torch.hypot(x + 0.5 - float(center[0]), y + 0.5 - float(center[1]))
        return away / face.eye_distance

    return smoothstep(-SEAM / 2, SEAM / 2, distance(other) - distance(speaker)).float()
