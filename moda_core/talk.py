"""The whole job: a portrait and a recording in, a video out, streamed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from .ahead import ahead
from .audio.waveform import audio_duration, frame_count
from .console import Stopwatch
from .contact_sheet import FrameSampler
from .emotion import emotion_weights
from .errors import FaceNotFoundError, MoDAError, OutputError
from .motion import Motion
from .pipeline import perform
from .portrait.image import SIZE_LIMIT, limit_size, read_image
from .portrait.portrait import Portrait
from .starter.landmarks import LOW_CONFIDENCE, find_landmarks, landmarks_from_points
from .starter.warp_renderer import WarpRenderer
from .starter_model import encode_speech, load_starter_model
from .video import COMMENT, VideoWriter, check_output
from .windows import Progress, SamplingOptions

CHUNK, CHUNK_PIXELS = 8, 16_000_000  # frames and pixels that are rendered at once, at most


@dataclass(frozen=True)
class TalkSettings:
    """What a user can choose for a video.

    Parameters
    ----------
    emotion : str
        One of `EMOTIONS`.
    options : SamplingOptions
    fps : float
        Frames a second of the video; motion is sampled at 25 and resampled.
    seconds : float, optional
        Use only the beginning of the recording.
    points : list of (float, float), optional
        Landmarks in pixels of the picture file, instead of looking for a face.
    face : int
        Which face of several, 0 is the first.
    labelled : bool
        Whether the file's comment says that the video is AI-generated.
    device : str
        Where torch computes, "cpu" or "cuda".
    """

    emotion: str = "none"
    options: SamplingOptions = field(default_factory=SamplingOptions)
    fps: float = 25.0
    seconds: float | None = None
    points: list[tuple[float, float]] | None = None
    face: int = 0
    labelled: bool = True
    device: str = "cpu"


@dataclass(frozen=True, eq=False)
class TalkResult:
    """What became of it.

    Parameters
    ----------
    num_frames : int
    frames : list of Tensor, shape (H, W, 3), uint8
        Some frames, evenly spread, for a contact sheet.
    confidence : float
        How far the portrait's landmarks can be trusted.
    """

    num_frames: int
    frames: list[Tensor]
    confidence: float

    @property
    def uncertain(self) -> bool:
        """Whether the user should look at where the face was found."""
        return self.confidence < LOW_CONFIDENCE


def read_portrait(path: str | Path, settings: TalkSettings, renderer: WarpRenderer) -> Portrait:
    """Read a picture and prepare its face for a renderer.

    Parameters
    ----------
    path : str or Path
        A picture with a face.
    settings : TalkSettings
        Its `points` or `face` say which face.
    renderer : WarpRenderer
        Who will play the portrait.

    Returns
    -------
    Portrait

    Raises
    ------
    InputFileError
        If the file is no usable picture.
    FaceNotFoundError
        If there is no usable face in it; the text names the file.
    """
    original = read_image(path)
    image = limit_size(original)
    if settings.points is not None:
        longer = max(original.shape[:2])
        scale = max(image.shape[:2]) / longer if longer > SIZE_LIMIT else 1.0
        points = [(x * scale, y * scale) for x, y in settings.points]
        height, width = image.shape[:2]
        for x, y in points:
            if not (0 <= x <= width and 0 <= y <= height):
                raise FaceNotFoundError(
                    f"The point {x / scale:g},{y / scale:g} is not inside the picture '{path}'. "
                    "Give points in pixels of the picture file, x before y."
                )
        try:
            return renderer.portrait(image, landmarks_from_points(points))
        except ValueError as error:
            raise FaceNotFoundError(f"The points for '{path}' make no face: {error}") from error
    try:
        return renderer.portrait(image, find_landmarks(image, settings.face))
    except (FaceNotFoundError, ValueError) as error:
        raise FaceNotFoundError(f"'{path}': {error}") from error


def talk(
    portrait_path: str | Path,
    audio_path: str | Path,
    output: str | Path,
    settings: TalkSettings | None = None,
    stopwatch: Stopwatch | None = None,
    progress: Callable[[str], Progress] | None = None,
    num_samples: int = 0,
) -> TalkResult:
    """Animate a portrait with a recording and write the video.

    Parameters
    ----------
    portrait_path, audio_path, output : str or Path
        Picture, recording and video; a video of that name is replaced.
    settings : TalkSettings, optional
    stopwatch : Stopwatch, optional
        Gets the time of each stage.
    progress : callable (what) -> callable (done, total), optional
        Makes what shows the progress of "motion" and "render"; may raise to cancel.
    num_samples : int
        How many frames to return.

    Returns
    -------
    TalkResult

    Raises
    ------
    MoDAError
        If an input or the output can't be used; no file is left behind.
    ValueError
        If a setting is out of its range.
    """
    settings, stopwatch = settings or TalkSettings(), stopwatch or Stopwatch()
    progress = progress or (lambda what: lambda done, total: None)
    check_device(settings.device)
    check_output(output)
    check_inputs_are_kept(output, portrait_path, audio_path)

    renderer = WarpRenderer(settings.device)
    portrait = read_portrait(portrait_path, settings, renderer)
    duration_s = audio_duration(audio_path, settings.seconds)
    num_frames = frame_count(duration_s, settings.fps)
    model = load_starter_model(settings.device)
    stopwatch.end_set_up()

    with stopwatch.stage("audio"):
        features = encode_speech(audio_path, duration_s)
    with stopwatch.stage("motion"):
        emotion, shown = emotion_weights(settings.emotion), progress("motion")
        motion = perform(model, features, portrait, emotion, settings.options, shown)
        motion = motion.resampled(settings.fps, num_frames)

    sampler = FrameSampler(num_frames, num_samples)
    writer = open_writer(output, portrait, motion, audio_path, settings)
    shown = progress("render")
    with writer:
        chunk = max(1, min(CHUNK, CHUNK_PIXELS // portrait.image[..., 0].numel()))
        for frames in timed(ahead(renderer.frames(portrait, motion, chunk)), stopwatch):
            with stopwatch.stage("encode"):
                writer.write(frames)
            sampler.add(frames)
            shown(writer.num_written, num_frames)
    return TalkResult(num_frames, sampler.kept, portrait.landmarks.confidence)


def open_writer(
    output: str | Path,
    portrait: Portrait,
    motion: Motion,
    audio_path: str | Path,
    settings: TalkSettings,
) -> VideoWriter:
    """Return the writer of a portrait's video, with the recording as its sound.

    Parameters
    ----------
    output : str or Path
        The video, see `VideoWriter`.
    portrait : Portrait
        Gives the size of the frames.
    motion : Motion
        Gives the frame rate and the number of frames.
    audio_path : str or Path
    settings : TalkSettings
        Says whether the video is labelled.

    Returns
    -------
    VideoWriter

    Raises
    ------
    OutputError
        If the video can't be written there.
    """
    height, width = portrait.image.shape[:2]
    comment = COMMENT if settings.labelled else None
    return VideoWriter(
        output, (width, height), motion.fps, len(motion), audio_path, comment=comment
    )


def check_device(device: str) -> None:
    """Check that torch can compute on a device.

    Parameters
    ----------
    device : str

    Raises
    ------
    MoDAError
        If it can't.
    """
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise MoDAError(f"The device '{device}' can't be used ({reason}). Use 'cpu'.") from error


def check_inputs_are_kept(output: str | Path, *inputs: str | Path) -> None:
    """Check that the video replaces none of the files that it is made of.

    Parameters
    ----------
    output : str or Path
    *inputs : str or Path

    Raises
    ------
    OutputError
        If it is the same file as an input.
    """
    for path in map(Path, inputs):
        if Path(output).exists() and path.exists() and path.samefile(output):
            raise OutputError(f"'{output}' is also an input. Name another file for the video.")


def timed(chunks: Iterator[Tensor], stopwatch: Stopwatch) -> Iterator[Tensor]:
    """Pass chunks on, counting the time spent waiting for them to the stage "render"."""
    while True:
        with stopwatch.stage("render"):
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk
