"""Several people in one picture who speak to each other: a video, streamed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from ..audio.recording import Recording
from ..audio.waveform import load_clip
from ..bundles.bundle import Bundle, prepared_portrait
from ..bundles.scene.cast import Cast, Speaker
from ..bundles.scene.conversation import converse
from ..bundles.scene.face_place import FacePlace, face_at
from ..bundles.scene.render_scene import scene_frames
from ..bundles.scene.speech_parts import Sound as Clip
from ..bundles.scene.speech_parts import split_speech
from ..errors import FaceNotFoundError, MoDAError
from ..face.find_faces import find_faces
from ..model_files.model_folder import PARTS
from ..motion.motion import FPS, Motion
from ..portrait.cutout import parse_color
from ..portrait.find_face import checked_size
from ..portrait.image import limit_size, read_image
from ..runtime.stopwatch import Stopwatch
from ..sampling.chain import Progress
from ..video.encode import write_frames
from ..video.soundtrack import AudioTrack
from ..video.writer import frame_rate
from .kept import Kept
from .talk import (
    Sound,
    TalkResult,
    TalkSettings,
    check_device,
    check_outputs,
    load_bundle,
    released_files,
    sample_motion,
    speech_features,
    video_writer,
)


@dataclass(frozen=True)
class NamedFace:
    """A person of a picture and what they say.

    Parameters
    ----------
    name : str
        See `Speaker`.
    face : FacePlace
        See `parse_face_place`; points are in pixels of the picture's file.
    audio : Path
        A file with speech, silent while the others speak.
    """

    name: str
    face: FacePlace
    audio: Path


def talk_scene(
    picture: str | Path,
    people: Sequence[NamedFace],
    output: str | Path,
    settings: TalkSettings | None = None,
    stopwatch: Stopwatch | None = None,
    progress: Callable[[str], Progress] | None = None,
    kept: Kept | None = None,
) -> TalkResult:
    """Animate the people of a picture with a recording for each, and write the video.

    The video is as long as the longest recording. Raises MoDAError for people who do not belong
    together, and what `talk` raises. Of what is `kept` only the models are used.
    """
    settings, stopwatch = settings or TalkSettings(), stopwatch or Stopwatch()
    progress = progress or (lambda what: lambda done, total: None)
    check_device(settings.device)
    for person in people:
        check_outputs(output, picture, person.audio, settings)
    files = released_files(settings, PARTS)
    sounds = [load_clip(person.audio) for person in people]
    faces = located_faces(picture, people, settings.max_side)
    bundle = load_bundle(files, settings, kept or Kept(0))
    try:
        cast = prepared_cast(bundle, picture, people, *faces)
        speech = split_speech(sounds, cast.names)
    except ValueError as error:
        raise MoDAError(str(error)) from error
    stopwatch.end_set_up()

    def perform(speaker: Speaker, clip: Clip) -> Motion:
        seed = settings.options.seed + cast.names.index(speaker.name)
        own = replace(settings, options=replace(settings.options, seed=seed))
        heard = Sound(Recording(clip), AudioTrack(*clip), speech.duration_s)
        features = speech_features(bundle, heard, stopwatch, progress)
        return sample_motion(bundle, speaker.portrait, features, own, stopwatch, progress)

    cast = converse(cast, speech, perform, seed=settings.options.seed)
    rate = frame_rate(settings.fps or FPS)
    num_frames, shown, done = max(1, round(speech.duration_s * rate)), progress("render"), 0

    def on_frames(frames: Tensor) -> None:
        nonlocal done
        done += len(frames)
        shown(done, num_frames)

    track = AudioTrack(speech.mixed, speech.sample_rate)
    writer = video_writer(output, cast.size, num_frames, track, settings, {"fps": rate})
    options = {} if files is None else {"options": settings.driving}
    chunks = scene_frames(bundle.renderer, cast, float(rate), num_frames, **options)
    write_frames(writer, chunks, on_frames, stopwatch)
    confidence = min(speaker.portrait.landmarks.confidence for speaker in cast.speakers)
    return TalkResult(num_frames, float(rate), [], confidence)


def located_faces(picture: str | Path, people: Sequence[NamedFace], limit: int) -> tuple:
    """Read a picture; return it scaled down to a limit, and the landmarks of each person in it."""
    original = read_image(picture)
    image = limit_size(original, limit)
    scale = image.shape[1] / original.shape[1], image.shape[0] / original.shape[0]
    try:
        faces = find_faces(original, every=True)
        found = [checked_size(face_at(faces, person.face), scale[0]) for person in people]
    except FaceNotFoundError as error:
        raise FaceNotFoundError(f"'{picture}': {error}") from error
    return image, [face.scaled(*scale) for face in found]


def prepared_cast(
    bundle: Bundle, picture: str | Path, people: Sequence[NamedFace], image: Tensor, faces: list
) -> Cast:
    """Prepare the portraits of a cast; errors name the picture."""
    white, source = parse_color("white"), f"'{picture}': "
    speakers = []
    for person, face in zip(people, faces, strict=True):
        portrait = prepared_portrait(bundle.renderer, image, face, white, None, source)
        speakers.append(Speaker(person.name, portrait))
    return Cast(tuple(speakers))
