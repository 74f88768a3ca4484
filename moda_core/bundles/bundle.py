"""What turns a portrait and a recording into frames, loaded together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path

from torch import Tensor

from ..audio.features import AudioFeatures
from ..audio.log_mel_stream import LogMelStream
from ..audio.recording import Recording
from ..audio.speech_stream import SpeechStream
from ..clip.clip_portrait import clip_portrait, seen_motion
from ..clip.clip_time import AFTER_END
from ..clip.face_clip import REGIONS
from ..clip.play_clip import on_clip_times, played_frames
from ..compositing.renderer import Renderer
from ..emotion.emotion import Emotion
from ..emotion.labels import emotion_weights
from ..errors import FaceNotFoundError
from ..face.landmarks import FaceLandmarks
from ..motion.checks import check_choice
from ..motion.motion import Motion
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
from ..sampling.rolling import RollingPlan
from ..video.encode import write_frames
from ..video.footage import Clip, open_footage
from ..video.soundtrack import AudioTrack
from ..video.writer import COMMENT, QUALITIES, VideoWriter
from .live.stream import PortraitStream
from .pipeline import perform_takes


@dataclass(frozen=True, eq=False)
class Bundle:
    """An audio encoder, a motion model and a renderer that belong together.

    Parameters
    ----------
    encoder : callable (recording, duration_s, progress) -> AudioFeatures
        The audio encoder that the model was trained with.
    listener : callable () -> LogMelStream or SpeechStream
        Makes what computes the same features while sound arrives.
    plan : RollingPlan
        How it is streamed by default.
    """

    model: MotionModel
    renderer: Renderer
    encoder: Callable[..., AudioFeatures]
    listener: Callable[[], LogMelStream | SpeechStream]
    plan: RollingPlan

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

    def clip(
        self,
        source: str | Path | BytesIO | Clip,
        face: FaceChoice | None = None,
        region: str = REGIONS[0],
        after_end: str = AFTER_END[0],
        reference_s: float | None = None,
        progress: Progress | None = None,
    ) -> Portrait:
        """Follow a face through a clip, as a portrait each frame of which is its own picture.

        Parameters
        ----------
        source : str, Path, BytesIO or Clip
            A video file, its content, or images in memory, see `ImageSequence`.
        face : FaceChoice, optional
            Which face of the first frame with one, by box, mask, order and index; default the
            largest.
        region : {"lower face", "whole face"}
            What is rendered; the rest of each frame is the clip's. The lower face speaks with the
            motion's mouth, and keeps the clip's pose and eyes.
        after_end : {"loop", "hold", "cut"}
            A motion that is longer lets the clip play there and back, holds its last frame, or is
            cut.
        reference_s : float, optional
            Time of a frame whose face counts as at rest, in seconds; default the most frontal and
            neutral one.
        progress : callable (done, total), optional
            May raise to cancel.

        Raises
        ------
        FaceNotFoundError
            If there is no usable face.
        InputFileError
            If the file is not a usable video.
        ValueError
            If a choice is unknown, or the face is chosen by points.
        """
        clip = open_footage(source) if isinstance(source, str | Path | BytesIO) else source
        return clip_portrait(
            self.renderer,
            clip,
            face,
            region,
            after_end,
            reference_s=reference_s,
            progress=progress,
        )

    def seen_motion(self, portrait: Portrait) -> Motion:
        """Return the motion that the clip of a portrait shows, at the clip's mean rate.

        Raises `ValueError` if the portrait is of a still picture.
        """
        return seen_motion(portrait)

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
        emotion = _as_emotion(emotion)
        request = SamplingRequest(options) if isinstance(options, SamplingOptions) else options
        request = replace(request or SamplingRequest(), emotion=emotion_curve(emotion, speech))
        chosen = [seed] if seeds is None else seeds
        takes = perform_takes(self.model, speech, portrait, request, chosen, progress)
        motions = [takes.motion(index) for index in range(len(takes.seeds))]
        return motions[0] if seeds is None else motions

    def stream(
        self,
        portrait: Portrait,
        emotion: str | Mapping[str, float] | Emotion = "none",
        seed: int = 42,
        sample_rate: int = 24000,
        plan: RollingPlan | None = None,
    ) -> PortraitStream:
        """Animate a portrait to sound that is still arriving.

        Parameters
        ----------
        portrait : Portrait
            Prepared by this bundle, of a still picture.
        emotion, seed
            As of `perform`; an emotion can be changed later.
        sample_rate : int
            Of the sound that comes with the frames.
        plan : RollingPlan, optional
            How long windows are, how far ahead they hear, and how they are sampled.

        Raises
        ------
        ValueError
            If the model can't be streamed, or the portrait is of a clip.
        """
        render = partial(rendered, self.renderer, transparent=False)
        return PortraitStream(
            self.model,
            self.listener(),
            self.renderer,
            render,
            portrait,
            plan or self.plan,
            sample_rate,
            _as_emotion(emotion),
            seed,
        )

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

        A clip's frames keep their own times and colours.

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
        timing = {"fps": motion.fps}
        if portrait.clip is not None:
            portrait, motion, timing = on_clip_times(portrait, motion)
        writer = VideoWriter(
            path,
            portrait.size,
            num_frames=len(motion),
            audio=audio,
            crf=QUALITIES[quality],
            comment=comment,
            transparent=transparent,
            **timing,
        )
        chunks = rendered(self.renderer, portrait, motion, transparent, **options)
        write_frames(writer, chunks, on_frames)


def _as_emotion(emotion: str | Mapping[str, float] | Emotion) -> Emotion:
    if isinstance(emotion, Emotion):
        return emotion
    return Emotion(emotion_weights(emotion), str(emotion))


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
        return played_frames(renderer, portrait, motion, chunk, **options)
    slack = renderer.slack
    pairs = transparent_frames(renderer.frames, portrait, motion, chunk, slack=slack, **options)
    return (rgba for _, rgba in pairs)


def limited_opacity(path: str | Path, limit: int = SIZE_LIMIT) -> Tensor | None:
    """Return the opacity (H, W), uint8, of a picture file, of the size of `locate_face`."""
    opacity = read_opacity(path)
    return None if opacity is None else limit_size(opacity[..., None], limit)[..., 0]
