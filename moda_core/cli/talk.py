"""The whole job: a portrait and a recording, or saved motion, in; a video out, streamed."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ..audio.features import AudioFeatures
from ..audio.loudness import normalize_loudness
from ..audio.recording import Recording
from ..audio.waveform import audio_duration, load_clip
from ..bundles.bundle import Bundle, rendered
from ..bundles.load import load_released, load_starter
from ..clip.clip_portrait import clip_portrait, seen_motion
from ..clip.clip_time import AFTER_END
from ..clip.face_clip import REGIONS
from ..clip.play_clip import fitted_motion, on_clip_times
from ..compositing.backdrop import FITS, file_backdrop
from ..compositing.compositing import Compositing
from ..compositing.renderer import Renderer
from ..errors import MoDAError, OutputError
from ..face.confidence import LOW_CONFIDENCE
from ..liveportrait.driving import DrivingOptions
from ..liveportrait.load import load_renderer
from ..model_files.model_folder import PARTS, ModelFiles, find_model_files
from ..model_files.stamps import check_unchanged, user_stamps
from ..motion.files.motion_file import load_motion
from ..motion.files.save import check_motion_output
from ..motion.motion import FPS, Motion
from ..portrait.find_face import FaceChoice
from ..portrait.image import BACKGROUND, SIZE_LIMIT
from ..portrait.picture_kind import is_video
from ..portrait.portrait import Portrait
from ..runtime.stopwatch import Stopwatch
from ..sampling.chain import Progress
from ..sampling.options import SamplingOptions
from ..video.clip_sound import clip_sound
from ..video.contact_sheet import FrameSampler
from ..video.encode import write_frames
from ..video.footage import Footage, open_footage
from ..video.soundtrack import AudioTrack, num_video_frames
from ..video.writer import COMMENT, QUALITIES, VideoWriter, check_output, frame_rate
from ..warp.warp_renderer import WarpRenderer
from ..weights.released_files import RENDERER_PARTS
from .kept import Kept
from .talk_source import PictureSource, VideoSource, open_source

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TalkSettings:
    """What a user can choose for a video.

    Parameters
    ----------
    emotion : str
        One of `EMOTIONS`.
    fps : float or Fraction, optional
        Frames a second of the video, see `frame_rate`; motion is sampled at 25 and resampled.
        Default: 25, or the frames of the video that is animated.
    start_s, seconds : float, optional
        Part of the recording to use; default all of it.
    loudness_db : float, optional
        Level to which the recording is brought, see `normalize_loudness`.
    track, channel
        What is heard of the recording, see `Recording`; the video has all channels of the track.
    motion : Path, optional
        File of motion to play, or video whose face is followed, instead of sampling it.
    save_motion : Path, optional
        File in which the motion is saved too.
    quality : str
        One of `QUALITIES`.
    max_side : int
        A larger picture is scaled down to it, in pixels.
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
    background : str or Path
        Colour behind the transparent parts of the picture; or a file, a picture or video, which is
        seen there, or, if the picture is opaque, around the face.
    background_fit : str
        One of `FITS`.
    transparent : bool
        Whether these parts stay transparent, in a .mov or .webm.
    region, after_end : str
        Of a video instead of a portrait, see `clip_portrait`.

    Raises
    ------
    ValueError
        If there are driving options without `models`.
    """

    emotion: str = "none"
    options: SamplingOptions = field(default_factory=SamplingOptions)
    fps: float | Fraction | None = None
    start_s: float = 0.0
    seconds: float | None = None
    loudness_db: float | None = None
    track: int | None = None
    channel: str = "mix"
    motion: Path | None = None
    save_motion: Path | None = None
    quality: str = "standard"
    max_side: int = SIZE_LIMIT
    face: FaceChoice = field(default_factory=FaceChoice)
    labelled: bool = True
    device: str = "cpu"
    models: Path | None = None
    dtype: torch.dtype = torch.float32
    driving: DrivingOptions | None = None
    background: str | Path = BACKGROUND
    background_fit: str = FITS[0]
    transparent: bool = False
    region: str = REGIONS[0]
    after_end: str = AFTER_END[0]

    def __post_init__(self):
        if self.driving is not None and self.models is None:
            raise ValueError("Driving options are for the released renderer. Name its `models`.")


@dataclass(frozen=True, eq=False)
class TalkResult:
    """The result: length and mean rate of the video, and frames (H, W, 3), uint8, evenly spread.

    `confidence` says how far the portrait's landmarks can be trusted.
    """

    num_frames: int
    fps: float
    frames: list[Tensor]
    confidence: float

    @property
    def uncertain(self) -> bool:
        """Whether the user should look at where the face was found."""
        return self.confidence < LOW_CONFIDENCE


@dataclass(frozen=True, eq=False)
class Sound:
    """The chosen part of a sound file: for the encoder, and for the video."""

    to_encode: Recording
    track: AudioTrack
    duration_s: float


def talk(
    portrait_path: str | Path,
    audio_path: str | Path | None,
    output: str | Path,
    settings: TalkSettings | None = None,
    stopwatch: Stopwatch | None = None,
    progress: Callable[[str], Progress] | None = None,
    num_samples: int = 0,
    kept: Kept | None = None,
) -> TalkResult:
    """Animate a portrait with a recording, or with saved motion, and write the video.

    With saved motion the recording is optional. The video is as long as the motion then: the sound
    is cut, or padded with silence. What is `kept` of earlier videos is not made again.
    """
    settings, stopwatch = settings or TalkSettings(), stopwatch or Stopwatch()
    kept, portrait_path = kept or Kept(0), Path(portrait_path)
    progress = progress or (lambda what: lambda done, total: None)
    check_device(settings.device)
    check_outputs(output, portrait_path, audio_path, settings)
    driving = open_driving(settings)
    motion = None if isinstance(driving, Footage) else driving

    files = released_files(settings, PARTS if driving is None else RENDERER_PARTS)
    source = open_source(portrait_path, settings, kept)
    speech = None if audio_path is None else recording_part(audio_path, settings)
    if motion is not None and speech is not None:
        warn_of_lengths(len(motion) / motion.fps, 1 / motion.fps, speech.duration_s)
    with opened_background(settings, source) as options:
        if files is not None:
            options["options"] = settings.driving
        bundle = load_bundle(files, settings, kept) if driving is None else None
        renderer = load_player(files, settings, kept) if bundle is None else bundle.renderer
        prepare = partial(source.portrait, renderer, progress)
        portrait = kept.portrait(portrait_path, settings, prepare)
        stopwatch.end_set_up()

        if isinstance(driving, Footage):
            with stopwatch.stage("motion"):
                motion = seen_motion(clip_portrait(renderer, driving, progress=progress("motion")))
            speech = speech or own_sound(driving)
        elif motion is None:
            encode = partial(speech_features, bundle, speech, stopwatch, progress)
            features = kept.features(Path(audio_path), settings, encode)
            del encode
            motion = sample_motion(bundle, portrait, features, settings, stopwatch, progress)
        del bundle  # what rendering does not need may go

        shown, played, timing = timed(portrait, motion, speech, settings)
        sampler, show = FrameSampler(len(played), num_samples), progress("render")

        def on_frames(frames: Tensor) -> None:
            sampler.add(frames)
            show(sampler.position, len(played))

        writer = video_writer(
            output, portrait.size, len(played), speech and speech.track, settings, timing
        )
        chunks = rendered(renderer, shown, played, settings.transparent, **options)
        write_frames(writer, chunks, on_frames, stopwatch)
    if settings.save_motion is not None:
        motion.save(settings.save_motion)
    return TalkResult(len(played), played.fps, sampler.kept, portrait.landmarks.confidence)


def open_driving(settings: TalkSettings) -> Motion | Footage | None:
    """Open what gives the motion, a file of motion or a video; None if it is to be sampled."""
    if settings.motion is None:
        return None
    return (
        open_footage(settings.motion) if is_video(settings.motion) else load_motion(settings.motion)
    )


def own_sound(footage: Footage) -> Sound | None:
    """Return the sound of a video, if it has one."""
    sound = clip_sound(footage)
    if sound is None:
        return None
    return Sound(Recording(sound), AudioTrack(*sound), footage.duration_s)


def timed(
    portrait: Portrait, motion: Motion, speech: Sound | None, settings: TalkSettings
) -> tuple[Portrait, Motion, dict]:
    """Bring a motion to the frames of the video; the last value holds their timing."""
    if portrait.clip is not None and settings.fps is None:
        return on_clip_times(portrait, motion)
    rate = frame_rate(settings.fps or FPS)
    num_frames = num_video_frames(motion, speech and speech.duration_s, rate)
    played = fitted_motion(portrait, motion.resampled(float(rate), num_frames))
    return portrait, played, {"fps": rate}


def released_files(settings: TalkSettings, parts: Sequence[str]) -> ModelFiles | None:
    """Find some of the released files, and check that they are those of the last check."""
    if settings.models is None:
        return None
    files = find_model_files(settings.models, parts)
    check_unchanged(filter(None, vars(files).values()), user_stamps())
    return files


def video_writer(
    output: str | Path,
    size: tuple[int, int],
    num_frames: int,
    track: AudioTrack | None,
    settings: TalkSettings,
    timing: dict,
) -> VideoWriter:
    """Return the writer of a video of the chosen quality, with its label.

    `timing` holds arguments of `VideoWriter`: the rate, and what else the frames are shown by.
    """
    return VideoWriter(
        output,
        size,
        num_frames=num_frames,
        audio=track,
        crf=QUALITIES[settings.quality],
        comment=COMMENT if settings.labelled else None,
        transparent=settings.transparent,
        **timing,
    )


def load_bundle(files: ModelFiles | None, settings: TalkSettings, kept: Kept) -> Bundle:
    """Load what samples motion and renders it, the starter without files."""

    def load() -> Bundle:
        if files is None:
            return load_starter(settings.device)
        return load_released(files, settings.device, settings.dtype)

    return kept.models(settings, "bundle", load)


def load_player(files: ModelFiles | None, settings: TalkSettings, kept: Kept) -> Renderer:
    """Load the renderer alone, which is enough for saved motion."""

    def load() -> Renderer:
        if files is None:
            return WarpRenderer(settings.device)
        return load_renderer(files, settings.device, settings.dtype)

    return kept.models(settings, "player", load)


def speech_features(
    bundle: Bundle, speech: Sound, stopwatch: Stopwatch, progress: Callable[[str], Progress]
) -> AudioFeatures:
    """Encode the chosen part of a recording."""
    with stopwatch.stage("audio"):
        return bundle.encode(speech.to_encode, speech.duration_s, progress("audio"))


def sample_motion(
    bundle: Bundle,
    portrait: Portrait,
    features: AudioFeatures,
    settings: TalkSettings,
    stopwatch: Stopwatch,
    progress: Callable[[str], Progress],
) -> Motion:
    """Sample the motion of speech, at 25 frames a second."""
    with stopwatch.stage("motion"):
        return bundle.perform(
            portrait,
            features,
            settings.emotion,
            settings.options.seed,
            options=settings.options,
            progress=progress("motion"),
        )


def recording_part(path: str | Path, settings: TalkSettings) -> Sound:
    """Measure the chosen part of a recording, and bring it to its loudness."""
    start_s, track, channel = settings.start_s, settings.track, settings.channel
    duration_s = audio_duration(path, settings.seconds, track, start_s)
    loudness_db, ends = settings.loudness_db, bool(settings.motion and settings.seconds)
    if loudness_db is not None or ends:  # a motion may outlast the part, which a file can't tell
        clip, sample_rate = load_clip(path, start_s, duration_s, track)
        if loudness_db is not None:
            clip = normalize_loudness(clip, sample_rate, loudness_db)
        heard = Recording((clip, sample_rate), channel=channel)
        return Sound(heard, AudioTrack(clip, sample_rate), duration_s)
    heard = Recording(path, track, channel, start_s)
    return Sound(heard, AudioTrack(path, start_s=start_s, track=track), duration_s)


def warn_of_lengths(motion_s: float, frame_s: float, sound_s: float) -> None:
    """Tell what happens to a recording that is not as long as the motion."""
    if abs(motion_s - sound_s) > frame_s:
        logger.warning(
            "The motion lasts %.2f s, the recording %.2f s. The video is as long as the motion; "
            "the sound %s.",
            motion_s,
            sound_s,
            "is cut" if sound_s > motion_s else "ends in silence",
        )


@contextmanager
def opened_background(
    settings: TalkSettings, source: PictureSource | VideoSource
) -> Iterator[dict[str, Compositing]]:
    """Give a renderer's options for a background file, if there is one."""
    if isinstance(settings.background, str):
        yield {}
        return
    fps = float(frame_rate(source.rate if settings.fps is None else settings.fps))
    with file_backdrop(
        settings.background, fps, source.size[::-1], settings.background_fit
    ) as backdrop:
        yield {"compositing": Compositing(backdrop=backdrop)}


def check_device(device: str) -> None:
    """Check that torch can compute on a device."""
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise MoDAError(f"The device '{device}' can't be used ({reason}). Use 'cpu'.") from error


def check_outputs(
    output: str | Path, portrait: str | Path, audio: str | Path | None, settings: TalkSettings
) -> None:
    """Check that all that is asked for can be written, and replaces none of its inputs."""
    check_output(output, settings.transparent)
    if settings.save_motion is not None:
        check_motion_output(settings.save_motion)
    background = None if isinstance(settings.background, str) else settings.background
    inputs = [Path(path) for path in (portrait, audio, settings.motion, background) if path]
    for written in map(Path, filter(None, (output, settings.save_motion))):
        for path in inputs:
            if written.exists() and path.exists() and path.samefile(written):
                raise OutputError(
                    f"'{written}' is also an input. Name another file for the result."
                )
