"""The node that renders a motion as a video."""

from contextlib import ExitStack

from comfy_api.latest import InputImpl, io
from torch import Tensor

from ..moda_core.compositing.compositing import Compositing
from ..moda_core.motion.motion import Motion
from ..moda_core.portrait.portrait import Portrait
from ..moda_core.video.encode import write_frames
from ..moda_core.video.soundtrack import AudioTrack, num_video_frames
from ..moda_core.video.writer import VideoWriter
from . import _host
from ._convert import mask_of, sound_of
from .background import backdrop_of
from .types import LoadedRenderer, MotionType, PortraitType, RendererType

FRAME_ACTIVATIONS = 500e6  # bytes for each frame of a chunk: `run.py bench activations`
QUALITIES = {"standard": 18, "high": 12, "small file": 24}  # x264's constant rate factors


def renderer_inputs() -> list[io.Input]:
    """Return the links that both render nodes have."""
    return [
        RendererType.Input("renderer", tooltip="The one that made the portrait."),
        PortraitType.Input("portrait", tooltip="From MoDA Extract Identity."),
        MotionType.Input("motion", tooltip="Any motion, of this or another face."),
    ]


class MoDARenderVideo(io.ComfyNode):
    """Renders a motion as a video."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDARenderVideo",
            display_name="MoDA Render Video",
            category="MoDA",
            description="Moves the portrait and writes the video while it renders, so that length "
            "takes no memory. Link it to a Save Video node.",
            search_aliases=["talking head", "animate", "lip sync", "video"],
            inputs=[
                *renderer_inputs(),
                io.Audio.Input(
                    "audio",
                    optional=True,
                    tooltip="The sound of the video; use the one from MoDA Encode Audio.",
                ),
                io.MultiType.Input(
                    "background",
                    types=[io.Video, io.Image],
                    optional=True,
                    tooltip="Seen around the face instead of its own picture: a picture, several, "
                    "or a video of the same size; the last one is held.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where frames replace the picture, instead of the usual region.",
                ),
                io.Float.Input(
                    "fps",
                    default=25.0,
                    min=1.0,
                    max=120.0,
                    step=0.01,
                    tooltip="Frames a second of the video; the movement keeps its speed.",
                ),
                io.Combo.Input(
                    "quality",
                    options=list(QUALITIES),
                    default="standard",
                    tooltip="'high' doubles the size of the file, 'small file' halves it.",
                ),
            ],
            outputs=[
                io.Video.Output(
                    display_name="video", tooltip="H.264 with the sound; a temporary file."
                )
            ],
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
    ) -> io.NodeOutput:
        """Render the video."""
        path = _host.temporary_path(".mp4")
        sound = None if audio is None else sound_of(audio)
        sound_s = sound and sound[0].shape[-1] / sound[1]
        motion = motion.resampled(fps, num_video_frames(motion, sound_s, fps))
        with ExitStack() as stack:
            compositing = Compositing(
                mask=mask_of(mask, portrait.image),
                backdrop=backdrop_of(background, fps, portrait, stack),
            )
            write_video(path, renderer, portrait, motion, sound, compositing, QUALITIES[quality])
        return io.NodeOutput(InputImpl.VideoFromFile(str(path)))


def write_video(
    path,
    renderer: LoadedRenderer,
    portrait: Portrait,
    motion: Motion,
    sound: tuple[Tensor, int] | None,
    compositing: Compositing,
    crf: int,
) -> None:
    """Render into a file; frames are encoded while the next ones are made.

    Raises
    ------
    MoDAError, ValueError
        If something can't be used; no file is left behind.
    """
    track = None if sound is None else AudioTrack(*sound)
    writer = VideoWriter(path, portrait.size, motion.fps, len(motion), track, crf)
    progress, done = _host.Progress(), 0

    def on_frames(frames: Tensor) -> None:
        nonlocal done
        done += len(frames)
        progress(done, len(motion), lambda: frames[-1])

    with _host.memory_errors_shown():
        chunks = rendered(renderer, portrait, motion, compositing=compositing)
        write_frames(writer, chunks, on_frames)


def rendered(renderer: LoadedRenderer, portrait: Portrait, motion: Motion, **options):
    """Yield the frames of a motion, once the networks are where they compute."""
    chunk = renderer.renderer.chunk_size(portrait)
    _host.bring_to_device(renderer.patchers, chunk * FRAME_ACTIVATIONS)
    yield from renderer.renderer.frames(portrait, motion, chunk, **options)
