"""From a clip to a portrait whose frames are the clip's own."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch

from ..errors import FaceNotFoundError
from ..face.face_track import FaceTrack
from ..face.follow_face import follow_face
from ..head.seen_motion import see_motion
from ..liveportrait.model import PortraitRenderer
from ..motion.checks import check_choice
from ..motion.controls import rest_expression
from ..motion.interpolation import sample_linear
from ..motion.motion import Motion
from ..portrait.crop import CROP_SCALE, CropTransform, crop_from_landmarks
from ..portrait.find_face import SMALLEST_EYE_DISTANCE, FaceChoice
from ..portrait.portrait import Portrait
from ..runtime.prefetch import prefetched
from ..video.footage import Clip
from .clip_time import AFTER_END
from .face_clip import REGIONS, FaceClip, carried_crop
from .network_source import NetworkSource, see_by_networks
from .unseen_gap import find_unseen_gap
from .warp_source import WarpSource

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # (done, total); may raise to cancel

HIGHEST_RATE = 240  # of a motion
ROUNDING_S = 1e-3  # of times that users give


def clip_portrait(
    renderer,
    clip: Clip,
    choice: FaceChoice | None = None,
    region: str = REGIONS[0],
    after_end: str = AFTER_END[0],
    crop_scale: float = CROP_SCALE,
    reference_s: float | None = None,
    progress: Progress | None = None,
) -> Portrait:
    """Follow a face through a clip, and prepare it for a renderer.

    Parameters
    ----------
    renderer : Renderer
    clip : Clip
        Read once for a renderer without weights, else twice.
    choice : FaceChoice, optional
        The face in the first frame that has one, by box, mask, or order and index; default the
        largest.
    region : {"lower face", "whole face"}
        What rendered frames replace of the clip's.
    after_end : {"loop", "hold", "cut"}
        What happens where a motion is longer than the clip, see `frames_of_clip`.
    crop_scale : float
        As of the renderer's `portrait`.
    reference_s : float, optional
        Time of the frame of reference, in seconds: its face counts as at rest, and is the identity
        for the motion model. Default: the frame nearest to frontal and neutral.
    progress : callable (done, total), optional
        Called after every frame; may raise to cancel.

    Returns
    -------
    Portrait
        That of the frame of reference, with the clip in its `clip`.

    Raises
    ------
    FaceNotFoundError
        If no frame has a usable face, or the first one with faces does not have the chosen one.
    ValueError
        If a choice is unknown, the face is given by points, or it is not seen in the frame of
        reference.
    """
    check_choice("region", region, REGIONS)
    check_choice("after_end", after_end, AFTER_END)
    choice = choice or FaceChoice()
    if choice.points is not None:
        raise ValueError(
            "Points locate a face in one picture, not in a clip. Choose the face by box, mask or "
            "index."
        )
    total = len(clip.times) * (1 + isinstance(renderer, PortraitRenderer))

    def on_frame(done: int) -> None:
        if progress is not None:
            progress(min(done, total), total)

    frames = _counted(prefetched(clip.frames(rough=True)), on_frame)
    track = follow_face(frames, choice.index, choice.order, choice.mask, choice.box)
    _note_first_face(track)
    reference = None if reference_s is None else _seen_frame(track, reference_s)
    return portrait_of_track(
        renderer, clip, track, region, after_end, crop_scale, reference, on_frame
    )


def portrait_of_track(
    renderer,
    clip: Clip,
    track: FaceTrack,
    region: str = REGIONS[0],
    after_end: str = AFTER_END[0],
    crop_scale: float = CROP_SCALE,
    reference: int | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> Portrait:
    """Prepare a face that is followed through a clip; see `clip_portrait`.

    `reference` is a frame; `on_frame` is called with the number of frames that were read, those of
    the track included.
    """
    seen = see_motion(track, reference=reference)
    landmarks = track.landmarks(seen.reference)
    if landmarks.eye_distance < SMALLEST_EYE_DISTANCE:
        raise FaceNotFoundError(
            f"The face's eyes are {landmarks.eye_distance:.0f} pixels apart in the clip: too small "
            f"to animate, which takes {SMALLEST_EYE_DISTANCE:.0f}. Use a larger or closer clip."
        )
    [image] = clip.images_at([track.times[seen.reference]])
    portrait = renderer.portrait(image, landmarks, crop_scale)
    values, rest, source = seen.values, rest_expression(), WarpSource()
    networks = isinstance(renderer, PortraitRenderer)
    if networks:
        crops = _crops(track, seen.reference, crop_from_landmarks(landmarks, crop_scale))
        images = prefetched(clip.images_at(track.times))

        def on_seen(done: int) -> None:
            if on_frame is not None:
                on_frame(len(track) + done)

        values, rest = see_by_networks(renderer, images, crops, seen.reference, on_seen)
        source = NetworkSource(crops)
    face = FaceClip(clip, track, values, rest, seen.reference, region, after_end, seen.fits, source)
    portrait = replace(portrait, clip=face)
    if not networks and region == "lower face":
        source = WarpSource(find_unseen_gap(portrait))
        portrait = replace(portrait, clip=replace(face, source=source))
    return portrait


def seen_motion(portrait: Portrait) -> Motion:
    """Return the motion that a portrait's clip shows, at the clip's mean rate.

    Raises `ValueError` if the portrait is of a still picture.
    """
    face: FaceClip = portrait.clip
    if face is None:
        raise ValueError("The portrait is of a still picture, which shows no motion. Use a clip.")
    fps = min(float(face.clip.rate), HIGHEST_RATE)
    times_s = np.arange(max(1, round(face.clip.duration_s * fps))) / fps
    places = np.interp(times_s, face.track.times, np.arange(len(face.track)))
    return Motion(sample_linear(face.seen, torch.from_numpy(places)), face.rest, fps)


def _counted(frames: Iterator, on_frame: Callable[[int], None]) -> Iterator:
    for index, frame in enumerate(frames):
        yield frame
        on_frame(index + 1)


def _seen_frame(track: FaceTrack, time_s: float) -> int:
    """Return the frame at a time; ValueError if the face is not seen in it."""
    index = max(0, int(np.searchsorted(track.times, time_s + ROUNDING_S, "right")) - 1)
    if not track.is_lost[index]:
        return index
    seen = track.times[~track.is_lost]
    nearest = float(seen[np.abs(seen - time_s).argmin()])
    raise ValueError(
        f"The face is not seen at {time_s:g} s of the clip. Choose another frame of reference; the "
        f"nearest one with the face is at {nearest:.2f} s."
    )


def _note_first_face(track: FaceTrack) -> None:
    first_s = float(track.times[np.argmin(track.is_lost)])
    if first_s > 0:
        logger.warning(
            "The clip's first frames have no face; the first one is found at %.2f s. Before it the "
            "clip stays as it is.",
            first_s,
        )


def _crops(track: FaceTrack, reference: int, crop: CropTransform) -> list[CropTransform]:
    """Return the crop of each frame: that of the reference frame, carried by the head's square."""
    return [carried_crop(crop, track.squares[reference], square) for square in track.squares]
