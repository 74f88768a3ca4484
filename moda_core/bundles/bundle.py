"""What turns a portrait and a recording into frames, loaded together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from ..audio.encoder_folder import load_audio_encoder
from ..audio.features import AudioFeatures
from ..audio.recording import Recording, encode_recording
from ..compositing.composer import composed_frames
from ..compositing.compositing import Compositing
from ..emotion.emotion import Emotion
from ..emotion.labels import emotion_weights
from ..errors import FaceNotFoundError
from ..face.landmarks import FaceLandmarks
from ..liveportrait.load import load_renderer
from ..model_files.model_folder import ENCODER, ModelFiles, find_model_files
from ..motion.checks import check_choice
from ..motion.motion import Motion
from ..portrait.crop import CROP_SCALE, CropTransform
from ..portrait.cutout import (
    Color,
    check_opacity,
    cutout_portrait,
    parse_color,
    transparent_frames,
)
from ..portrait.find_face import FaceChoice, find_face, locate_face
from ..portrait.image import SIZE_LIMIT, limit_size, read_opacity
from ..portrait.portrait import Portrait
from ..sampling.chain import Progress
from ..sampling.emotion_curve import emotion_curve
from ..sampling.motion_model import MotionModel
from ..sampling.options import SamplingOptions
from ..sampling.request import SamplingRequest
from ..video.encode import write_frames
from ..video.soundtrack import AudioTrack
from ..video.writer import COMMENT, QUALITIES, VideoWriter
from ..warp.warp_renderer import WarpRenderer
from .pipeline import perform_takes
from .released import load_released_model
from .starter import encode_speech, load_starter_model


class Renderer(Protocol):
    """What every renderer offers, with the errors that each raises."""

    name: str

    slack: float  # by how much the background's colour may change the face, of 1

    free_memory: Callable[[], None] | None

    def portrait(
        self, image: Tensor, landmarks: FaceLandmarks, crop_scale: float = CROP_SCALE
    ) -> Portrait:
        """Prepare a picture for `frames`.

        Parameters
        ----------
        image : Tensor, shape (H, W, 3), uint8
            The full picture.
        landmarks : FaceLandmarks
            Of the face to animate, in pixels of `image`.
        crop_scale : float
            Side of the crop over that of the square around the face.

        Raises
        ------
        ValueError
            If the picture has another shape or type, the points make no face, or the scale is not
            above 0.
        """

    def with_picture(self, portrait: Portrait, image: Tensor) -> Portrait:
        """Return a portrait that moves another picture (H, W, 3), uint8, in the same way."""

    def chunk_size(self, portrait: Portrait) -> int:
        """Return how many frames of a portrait to render at once."""

    def frames(
        self,
        portrait: Portrait,
        motion: Motion,
        chunk: int,
        *,
        compositing: Compositing | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> Iterator[Tensor]:
        """Render a motion, a chunk of frames at a time.

        Where memory runs out, the chunk is halved and rendering goes on.

        Parameters
        ----------
        portrait : Portrait
            Made by this renderer.
        motion : Motion
            Of any model.
        chunk : int
            Frames in memory at once, at least 1.
        compositing : Compositing, optional
            Where frames are seen, and over what; default a square with soft edges.
        start, stop : int
            First frame to render, and the one after the last; default all. A part of the motion
            would start from its own pose instead. The backdrop counts from `start`.

        Yields
        ------
        Tensor, shape (n, H, W, 3), uint8
            Full pictures on the CPU, n at most `chunk`.

        Raises
        ------
        ValueError
            If the portrait belongs to another renderer, `chunk` is below 1, or a mask or backdrop
            has another size than the picture.
        MoDAError
            If there is not enough memory for a single frame.
        """

    def faces(
        self,
        portrait: Portrait,
        motion: Motion,
        chunk: int,
        *,
        start: int = 0,
        stop: int | None = None,
    ) -> Iterator[Tensor]:
        """Render the square around the face, (n, 512, 512, 3); parameters as in `frames`."""

    def crop(self, portrait: Portrait) -> tuple[Tensor, CropTransform]:
        """Return the unmoved square (512, 512, 3) uint8, and where it lies in the picture.

        This and the mask raise ValueError if the portrait belongs to another renderer.
        """

    def paste_mask(self, portrait: Portrait) -> Tensor:
        """Return where frames replace the picture, (H, W) in [0, 1]."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """An audio encoder, a motion model and a renderer that belong together.

    Parameters
    ----------
    encoder : callable (recording, duration_s, progress) -> AudioFeatures
        The audio encoder that the model was trained with.
    """

    model: MotionModel
    renderer: Renderer
    encoder: Callable[..., AudioFeatures]

    def portrait(
        self,
        image: str | Path | Tensor,
        face: FaceChoice | FaceLandmarks | None = None,
        background: str = "white",
        opacity: Tensor | None = None,
        limit: int = SIZE_LIMIT,
    ) -> Portrait:
        """Find a face in a picture and prepare it for `perform` and `render`.

        Parameters
        ----------
        image : str, Path or Tensor, shape (H, W, 3), uint8
            A file is scaled down to `limit`.
        face : FaceChoice or FaceLandmarks, optional
            Which face, in pixels of the picture or its file; default the largest. Landmarks go
            with a tensor only.
        background : str
            Colour behind the transparent parts of a picture, such as "#00ff00".
        opacity : Tensor, shape (H, W), uint8, optional
            Of a tensor, which is over white; default that of the file.
        limit : int
            Longest side of a file's picture, in pixels; default that of the reference.

        Raises
        ------
        FaceNotFoundError
            If there is no usable face.
        InputFileError
            If the file is not a usable picture.
        ValueError
            If the picture or its opacity has another shape or type, or the limit is below 1.
        """
        source = "" if isinstance(image, Tensor) else f"'{image}': "
        if source and isinstance(face, FaceLandmarks):
            raise ValueError(
                "Landmarks are in pixels of a picture in memory, got a file. Read it first, or "
                "give a FaceChoice with points in pixels of the file."
            )
        color = parse_color(background)
        if source:
            opacity = limited_opacity(image, limit)
            image, face = locate_face(image, face, limit)
        elif not isinstance(face, FaceLandmarks):
            face = find_face(image, face)
        return prepared_portrait(self.renderer, image, face, color, opacity, source)

    def encode(
        self,
        recording: Recording | str | Path | tuple[Tensor, int],
        duration_s: float | None = None,
        progress: Progress | None = None,
    ) -> AudioFeatures:
        """Compute the audio features of speech.

        Parameters
        ----------
        recording : Recording, str, Path, or tuple (waveform, sample_rate)
            Any file with a sound track; or a Tensor of shape (C, T), full scale at 1, and its
            samples a second. A `Recording` also names a track or a channel.
        duration_s : float, optional
            Seconds to encode, padded with silence; default its whole length.
        progress : callable (done, total), optional
            May raise to cancel.

        Raises
        ------
        InputFileError
            If the file has no usable sound.
        """
        return self.encoder(recording, duration_s, progress)

    def perform(
        self,
        portrait: Portrait,
        speech: AudioFeatures,
        emotion: str | Mapping[str, float] | Emotion = "none",
        seed: int = 42,
        seeds: Sequence[int] | None = None,
        options: SamplingOptions | SamplingRequest | None = None,
        progress: Progress | None = None,
    ) -> Motion | list[Motion]:
        """Sample the motion of a portrait that speaks.

        Parameters
        ----------
        portrait : Portrait
            Prepared by this bundle.
        speech : AudioFeatures
            Encoded by this bundle.
        emotion : str, mapping or Emotion
            A label, weights by label, or a blend or timeline of emotions.
        seed : int
            Another seed gives another performance.
        seeds : sequence of int, optional
            Several takes, sampled in one batch, instead of the one from `seed`.
        options : SamplingOptions or SamplingRequest, optional
            How to sample, and what is given beforehand. `seed` replaces the one in it.
        progress : callable (done, total), optional
            Called after every step; may raise to cancel.

        Returns
        -------
        Motion, or list of Motion if `seeds` are given
            At 25 fps, one frame for each of the speech.
        """
        if not isinstance(emotion, Emotion):
            emotion = Emotion(emotion_weights(emotion), str(emotion))
        request = SamplingRequest(options) if isinstance(options, SamplingOptions) else options
        request = replace(request or SamplingRequest(), emotion=emotion_curve(emotion, speech))
        chosen = [seed] if seeds is None else seeds
        takes = perform_takes(self.model, speech, portrait, request, chosen, progress)
        motions = [takes.motion(index) for index in range(len(takes.seeds))]
        return motions[0] if seeds is None else motions

    def render(self, portrait: Portrait, motion: Motion, **options) -> Iterator[Tensor]:
        """Yield the frames of a motion, in chunks (n, H, W, 3) uint8 on the CPU.

        Parameters
        ----------
        portrait : Portrait
            Prepared by this bundle.
        motion : Motion
            Of any model.
        **options
            Of the renderer's `frames`: `compositing`, `start`, `stop`; of the released renderer
            also `options`, a `DrivingOptions`.
        """
        return rendered(self.renderer, portrait, motion, False, **options)

    def write_video(
        self,
        path: str | Path,
        portrait: Portrait,
        motion: Motion,
        audio: Recording | str | Path | tuple[Tensor, int] | None = None,
        comment: str | None = COMMENT,
        on_frames: Callable[[Tensor], None] | None = None,
        transparent: bool = False,
        quality: str = "standard",
        **options,
    ) -> None:
        """Render a motion into a video while it is encoded, whatever its length.

        Parameters
        ----------
        path : str or Path
            Ends in .mp4, .mov or .mkv, or for a transparent video in .mov or .webm; a file of that
            name is replaced.
        portrait, motion
            As for `render`.
        audio : Recording, str, Path, or tuple (waveform, sample_rate), optional
            The sound, cut or padded to the frames; default none. All channels of a `Recording`.
        comment : str or None
            The file's comment.
        on_frames : callable (frames), optional
            Called with each chunk of frames; may raise to cancel.
        transparent : bool
            Whether the transparent parts of the portrait's picture stay so: ProRes 4444 or VP9. It
            takes twice the time.
        quality : {"standard", "high", "small file"}
            Of the H.264 encoding.
        **options
            Of `render`.

        Raises
        ------
        OutputError
            If the video can't be written there; no file is left behind.
        ValueError
            If the quality is unknown.
        """
        check_choice("quality", quality, QUALITIES)
        if isinstance(audio, Recording):
            source = audio.source if isinstance(audio.source, tuple) else (audio.source, None)
            audio = AudioTrack(*source, audio.start_s, audio.track)
        elif isinstance(audio, tuple):
            audio = AudioTrack(*audio)
        writer = VideoWriter(
            path,
            portrait.size,
            motion.fps,
            len(motion),
            audio,
            QUALITIES[quality],
            comment=comment,
            transparent=transparent,
        )
        chunks = rendered(self.renderer, portrait, motion, transparent, **options)
        write_frames(writer, chunks, on_frames)


def prepared_portrait(
    renderer: Renderer,
    image: Tensor,
    face: FaceLandmarks,
    color: Color,
    opacity: Tensor | None,
    source: str = "",
) -> Portrait:
    """Prepare a picture, over white, with the opacity that `Bundle.portrait` takes.

    `source` begins the message of a FaceNotFoundError.
    """
    if opacity is not None:
        check_opacity(opacity, image)
        opacity = opacity / 255
    try:
        return cutout_portrait(renderer, image, opacity, color, face)
    except ValueError as error:
        raise FaceNotFoundError(f"{source}{error}") from error


def rendered(
    renderer: Renderer, portrait: Portrait, motion: Motion, transparent: bool, **options
) -> Iterator[Tensor]:
    """Yield the frames of a motion, (n, H, W, 3), or (n, H, W, 4) with opacity."""
    chunk = renderer.chunk_size(portrait)
    if not transparent:
        return composed_frames(renderer, portrait, motion, chunk, **options)
    slack = renderer.slack
    pairs = transparent_frames(renderer.frames, portrait, motion, chunk, slack=slack, **options)
    return (rgba for _, rgba in pairs)


def limited_opacity(path: str | Path, limit: int = SIZE_LIMIT) -> Tensor | None:
    """Return the opacity (H, W), uint8, of a picture file, of the size of `locate_face`."""
    opacity = read_opacity(path)
    return None if opacity is None else limit_size(opacity[..., None], limit)[..., 0]


def load_starter(device: str = "cpu") -> Bundle:
    """Load the starter, which is part of the pack.

    Parameters
    ----------
    device : str
        Where torch computes.
    """

    def encode(recording, duration_s=None, progress=None):
        return encode_speech(recording, duration_s)  # takes no time that needs to be shown

    return Bundle(load_starter_model(device), WarpRenderer(device), encode)


def load_released(
    files: str | Path | ModelFiles, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Bundle:
    """Load the released networks.

    Parameters
    ----------
    files : str, Path or ModelFiles
        The folder in which they lie, at any depth, or each of them.
    device : str
        Where torch computes.
    dtype : torch.dtype
        Of the large networks, see `load_renderer`.

    Raises
    ------
    MissingModelError
        If the folder lacks a file.
    InputFileError
        If a file is damaged or of another model.
    """
    if not isinstance(files, ModelFiles):
        files = find_model_files(Path(files))
    encoder = load_audio_encoder(files.encoder, device, name=ENCODER)

    def encode(recording, duration_s=None, progress=None):
        return encode_recording(encoder, recording, duration_s, progress=progress)

    return Bundle(
        load_released_model(files.motion_model, device), load_renderer(files, device, dtype), encode
    )
