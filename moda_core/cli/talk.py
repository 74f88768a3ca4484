"""The whole job: a portrait and a recording in, a video out, streamed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from ..audio.recording import Recording
from ..audio.waveform import audio_duration, frame_count
from ..bundles.bundle import limited_opacity, load_released, load_starter, rendered
from ..errors import FaceNotFoundError, InputFileError, MoDAError, OutputError
from ..face.confidence import LOW_CONFIDENCE
from ..liveportrait.driving import DrivingOptions
from ..model_files.model_folder import find_model_files
from ..model_files.stamps import check_unchanged, user_stamps
from ..portrait.find_face import FaceChoice, locate_face
from ..runtime.stopwatch import Stopwatch
from ..sampling.chain import Progress
from ..sampling.options import SamplingOptions
from ..video.contact_sheet import FrameSampler
from ..video.encode import write_frames
from ..video.soundtrack import AudioTrack
from ..video.writer import COMMENT, VideoWriter, check_output


@dataclass(frozen=True)
class TalkSettings:
    """What a user can choose for a video.

    Parameters
    ----------
    emotion : str
        One of `EMOTIONS`.
    fps : float
        Frames a second of the video; motion is sampled at 25 and resampled.
    seconds : float, optional
        Use only the beginning of the recording.
    track, channel
        What is heard of the recording, see `Recording`; the video has all channels of the track.
    face : FaceChoice
        Which face of the picture moves.
    labelled : bool
        Whether the file's comment says that the video is AI-generated.
    device : str
        Where torch computes, "cpu" or "cuda".
    models : Path, optional
        Folder with the released model files; without it the starter plays.
    dtype : torch.dtype
        Of the released renderer's large networks.
    driving : DrivingOptions, optional
        How motion drives the face, of the released renderer.
    background : str
        Colour behind the transparent parts of the picture.
    transparent : bool
        Whether these parts stay transparent, in a .mov or .webm.

    Raises
    ------
    ValueError
        If there are driving options without `models`.
    """

    emotion: str = "none"
    options: SamplingOptions = field(default_factory=SamplingOptions)
    fps: float = 25.0
    seconds: float | None = None
    track: int | None = None
    channel: str = "mix"
    face: FaceChoice = field(default_factory=FaceChoice)
    labelled: bool = True
    device: str = "cpu"
    models: Path | None = None
    dtype: torch.dtype = torch.float32
    driving: DrivingOptions | None = None
    background: str = "white"
    transparent: bool = False

    def __post_init__(self):
        if self.driving is not None and self.models is None:
            raise ValueError("Driving options are for the released renderer. Name its `models`.")


@dataclass(frozen=True, eq=False)
class TalkResult:
    """What became of it: frames for a contact sheet, evenly spread, (H, W, 3), uint8.

    `confidence` says how far the portrait's landmarks can be trusted.
    """

    num_frames: int
    frames: list[Tensor]
    confidence: float

    @property
    def uncertain(self) -> bool:
        """Whether the user should look at where the face was found."""
        return self.confidence < LOW_CONFIDENCE


def talk(
    portrait_path: str | Path,
    audio_path: str | Path,
    output: str | Path,
    settings: TalkSettings | None = None,
    stopwatch: Stopwatch | None = None,
    progress: Callable[[str], Progress] | None = None,
    num_samples: int = 0,
) -> TalkResult:
    """Animate a portrait with a recording and write the video."""
    settings, stopwatch = settings or TalkSettings(), stopwatch or Stopwatch()
    progress = progress or (lambda what: lambda done, total: None)
    check_device(settings.device)
    check_output(output, settings.transparent)
    check_inputs_are_kept(output, portrait_path, audio_path)

    files = None if settings.models is None else find_model_files(settings.models)
    if files is not None:
        check_unchanged(filter(None, vars(files).values()), user_stamps())
    image, landmarks = locate_face(portrait_path, settings.face)
    opacity = limited_opacity(portrait_path)
    if settings.transparent and opacity is None:
        raise InputFileError(
            f"'{portrait_path}' has no transparent parts. Use a cut-out, such as a PNG with "
            "transparency, or leave out --transparent."
        )
    duration_s = audio_duration(audio_path, settings.seconds, settings.track)
    num_frames = frame_count(duration_s, settings.fps)
    if files is None:
        bundle, options = load_starter(settings.device), {}
    else:
        bundle = load_released(files, settings.device, settings.dtype)
        options = {"options": settings.driving}
    try:
        portrait = bundle.portrait(image, landmarks, settings.background, opacity)
    except FaceNotFoundError as error:
        raise FaceNotFoundError(f"'{portrait_path}': {error}") from error
    stopwatch.end_set_up()

    with stopwatch.stage("audio"):
        recording = Recording(audio_path, settings.track, settings.channel)
        speech = bundle.encode(recording, duration_s, progress("audio"))
    with stopwatch.stage("motion"):
        motion = bundle.perform(
            portrait,
            speech,
            settings.emotion,
            settings.options.seed,
            options=settings.options,
            progress=progress("motion"),
        )
        motion = motion.resampled(settings.fps, num_frames)
    renderer = bundle.renderer
    del bundle, speech  # what rendering does not need may go

    sampler, shown = FrameSampler(num_frames, num_samples), progress("render")

    def on_frames(frames: Tensor) -> None:
        sampler.add(frames)
        shown(sampler.position, num_frames)

    comment = COMMENT if settings.labelled else None
    clear = settings.transparent
    writer = VideoWriter(
        output,
        portrait.size,
        motion.fps,
        num_frames,
        AudioTrack(audio_path, track=settings.track),
        comment=comment,
        transparent=clear,
    )
    chunks = rendered(renderer, portrait, motion, clear, **options)
    write_frames(writer, chunks, on_frames, stopwatch)
    return TalkResult(num_frames, sampler.kept, portrait.landmarks.confidence)


def check_device(device: str) -> None:
    """Check that torch can compute on a device."""
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise MoDAError(f"The device '{device}' can't be used ({reason}). Use 'cpu'.") from error


def check_inputs_are_kept(output: str | Path, *inputs: str | Path) -> None:
    """Check that the video replaces none of the files that it is made of."""
    for path in map(Path, inputs):
        if Path(output).exists() and path.exists() and path.samefile(output):
            raise OutputError(f"'{output}' is also an input. Name another file for the video.")
