"""The node that renders a motion as a video."""

from collections.abc import Iterator
from contextlib import ExitStack

from comfy_api.latest import InputImpl, io
from torch import Tensor

from ..moda_core.clip.play_clip import fitted_motion, on_clip_times, played_frames
from ..moda_core.compositing.backdrop import FITS
from ..moda_core.compositing.compositing import Compositing
from ..moda_core.motion.motion import Motion
from ..moda_core.portrait.cutout import NO_TRANSPARENCY, transparent_frames
from ..moda_core.portrait.portrait import Portrait
from ..moda_core.video.encode import write_frames
from ..moda_core.video.soundtrack import AudioTrack, num_video_frames
from ..moda_core.video.writer import QUALITIES, VideoWriter, frame_rate
from . import _host, inputs
from ._convert import region_of, sound_of
from ._user_files import saved_path
from .background import backdrop_of
from .types import LoadedRenderer

FRAME_ACTIVATIONS = 500e6  # bytes for each frame of a chunk: `run.py bench activations`


OPAQUE = "off"
TRANSPARENT = {OPAQUE: "", "ProRes 4444 (.mov)": ".mov", "VP9 (.webm)": ".webm"}
TRANSPARENT_PREFIX = "video/MoDA"


class MoDARenderVideo(io.ComfyNode):
    """Renders a motion as a video."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Animates the portrait and encodes the video while it renders, so that "
            "long videos take no more memory. Link the video to Save Video.",
            search_aliases=["talking head", "animate", "lip sync", "video", "alpha"],
            hidden=[io.Hidden.unique_id],
            inputs=[
                *inputs.renderer_inputs(),
                io.Audio.Input(
                    "audio",
                    optional=True,
                    tooltip="Optional. Audio track of the video. Use the output of MoDA Encode "
                    "Audio.",
                ),
                io.MultiType.Input(
                    "background",
                    types=[io.Video, io.Image],
                    optional=True,
                    tooltip="Optional. Image, image batch or video of any size to show around the "
                    "face, or behind a cut-out. The last frame is held. When not connected, the "
                    "portrait's own picture is shown.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Optional. Where the rendered face replaces the picture: a mask of the "
                    "picture's size, white is replaced. When not connected, the renderer sets it.",
                ),
                inputs.video_fps(),
                inputs.video_quality(),
                io.Combo.Input(
                    "transparent",
                    options=list(TRANSPARENT),
                    default=OPAQUE,
                    optional=True,
                    tooltip="For cut-outs: also saves the video with a transparent background in "
                    "ComfyUI's output folder, as video/MoDA. It takes twice the time. The output "
                    "'video' has the portrait's background color.",
                ),
                io.Combo.Input(
                    "background_fit",
                    options=list(FITS),
                    default=FITS[0],
                    optional=True,
                    tooltip="How a background of another size is shown: 'crop' fills the picture "
                    "and cuts off the rest, 'fit' shows all of it between black bars, 'stretch' "
                    "changes its proportions.",
                ),
                inputs.clip_timing(),
            ],
            outputs=[inputs.video_output()],
        )

    @classmethod
    def execute(
        cls,
        renderer: LoadedRenderer,
        portrait: Portrait,
        motion: Motion,
        audio: dict | None = None,
        background=None,
        mask=None,
        fps: float = 25.0,
        quality: str = "standard",
        transparent: str = OPAQUE,
        background_fit: str = FITS[0],
        clip_timing: str = inputs.CLIP_TIMING[0],
    ) -> io.NodeOutput:
        path = _host.temporary_path(".mp4")
        sound = None if audio is None else sound_of(audio)
        by_clip = portrait.clip is not None and clip_timing == inputs.CLIP_TIMING[0]
        if by_clip:
            portrait, motion, timing = on_clip_times(portrait, motion)
        else:
            motion, timing = at_rate(portrait, motion, sound, fps)
        with ExitStack() as stack:
            compositing = Compositing(
                mask=region_of(mask, portrait),
                backdrop=backdrop_of(background, background_fit, motion.fps, portrait, stack),
            )
            options = {"compositing": compositing}
            if transparent != OPAQUE and background is not None:
                raise ValueError(
                    "A background hides the transparent parts. Disconnect 'background', or set "
                    f"'transparent' to '{OPAQUE}'."
                )
            if transparent == OPAQUE:
                chunks = rendered(renderer, portrait, motion, **options)
            else:
                if portrait.cutout is None:
                    raise ValueError(NO_TRANSPARENCY)
                clear = transparent_writer(TRANSPARENT[transparent], portrait, motion, sound)
                _host.show_text(cls.hidden.unique_id, f"Saves {clear.path}")
                stack.enter_context(clear)
                chunks = copied(clear, renderer, portrait, motion, **options)
            write_video(path, chunks, portrait, motion, sound, QUALITIES[quality], timing)
        return io.NodeOutput(InputImpl.VideoFromFile(str(path)))


def at_rate(
    portrait: Portrait, motion: Motion, sound: tuple[Tensor, int] | None, fps: float
) -> tuple[Motion, dict]:
    """Bring a motion to a frame rate; returns it, and the timing for `write_video`."""
    rate = frame_rate(fps)
    sound_s = sound and sound[0].shape[-1] / sound[1]
    num_frames = num_video_frames(motion, sound_s, float(rate))
    return fitted_motion(portrait, motion.resampled(float(rate), num_frames)), {"fps": rate}


def write_video(
    path,
    chunks: Iterator[Tensor],
    portrait: Portrait,
    motion: Motion,
    sound: tuple[Tensor, int] | None,
    crf: int,
    timing: dict,
) -> None:
    """Encode frames while the next ones are rendered; errors leave no file.

    `timing` holds arguments of `VideoWriter`.
    """
    track = None if sound is None else AudioTrack(*sound)
    size, num_frames = portrait.size, len(motion)
    writer = VideoWriter(path, size, num_frames=num_frames, audio=track, crf=crf, **timing)
    progress, done = _host.Progress(), 0

    def on_frames(frames: Tensor) -> None:
        nonlocal done
        done += len(frames)
        progress(done, len(motion), lambda: frames[-1])

    with _host.memory_errors_shown():
        write_frames(writer, chunks, on_frames)


def rendered(renderer: LoadedRenderer, portrait: Portrait, motion: Motion, **options):
    """Move the networks to the device, then yield the frames of a motion."""
    chunk = renderer.renderer.chunk_size(portrait)
    _host.bring_to_device(renderer.patchers, chunk * FRAME_ACTIVATIONS)
    yield from played_frames(renderer.renderer, portrait, motion, chunk, **options)


def transparent_writer(
    suffix: str, portrait: Portrait, motion: Motion, sound: tuple[Tensor, int] | None
) -> VideoWriter:
    """Return the writer of a new transparent video in the output folder."""
    path, _ = saved_path(TRANSPARENT_PREFIX, suffix)
    track = None if sound is None else AudioTrack(*sound)
    return VideoWriter(path, portrait.size, motion.fps, len(motion), track, transparent=True)


def copied(
    writer: VideoWriter, renderer: LoadedRenderer, portrait: Portrait, motion: Motion, **options
) -> Iterator[Tensor]:
    """Write the frames of a cut-out with their opacity, and yield them without."""
    engine = renderer.renderer
    chunk = engine.chunk_size(portrait)
    _host.bring_to_device(renderer.patchers, chunk * FRAME_ACTIVATIONS)
    arguments = (engine.frames, portrait, motion, chunk)
    for frames, rgba in transparent_frames(*arguments, slack=engine.slack, **options):
        writer.write(rgba)
        yield frames
