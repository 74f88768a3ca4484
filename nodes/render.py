"""Nodes that turn motion into frames: a video, or pictures for other nodes."""

from contextlib import ExitStack

import torch
from comfy_api.latest import InputImpl, io, ui
from torch import Tensor

from ..moda_core.audio.waveform import frame_count
from ..moda_core.backdrop import VideoBackdrop, check_size, pictures_backdrop
from ..moda_core.beside import beside
from ..moda_core.motion import Motion
from ..moda_core.portrait.compositing import Backdrop, Compositing
from ..moda_core.portrait.crop import crop_face
from ..moda_core.portrait.portrait import Portrait
from ..moda_core.soundtrack import AudioTrack
from ..moda_core.video import VideoWriter
from . import _host
from ._convert import image_of, mask_of, pictures_of, sound_of
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
        motion = motion.resampled(fps, num_video_frames(motion, sound, fps))
        with ExitStack() as stack:
            compositing = Compositing(
                mask=mask_of(mask, portrait.image),
                backdrop=backdrop_of(background, fps, portrait, stack),
            )
            write_video(path, renderer, portrait, motion, sound, compositing, QUALITIES[quality])
        shown = ui.PreviewVideo([ui.SavedResult(path.name, "", io.FolderType.temp)])
        return io.NodeOutput(InputImpl.VideoFromFile(str(path)), ui=shown)


def num_video_frames(motion: Motion, sound: tuple[Tensor, int] | None, fps: float) -> int:
    """Return how many frames a video has: the motion's length, or exactly that of its sound.

    Parameters
    ----------
    motion : Motion
    sound : tuple of waveform (C, T) and sample rate, optional
        Decides where it is the sound of the motion: of the same length within a frame.
    fps : float
        Of the video.
    """
    duration_s = len(motion) / motion.fps
    if sound is not None:
        sound_s = sound[0].shape[-1] / sound[1]
        if abs(sound_s - duration_s) <= 1 / motion.fps:
            duration_s = sound_s
    return frame_count(duration_s, fps)


def backdrop_of(background, fps: float, portrait: Portrait, stack: ExitStack) -> Backdrop | None:
    """Return what is seen around the face.

    Parameters
    ----------
    background : VIDEO, IMAGE or None
    fps : float
        Of the video that it is for.
    portrait : Portrait
        Has the size that the background must have.
    stack : ExitStack
        Closes what is opened.

    Raises
    ------
    ValueError
        If it has another size.
    """
    size = tuple(portrait.image.shape[:2])
    if background is None:
        return None
    if isinstance(background, Tensor):
        return images_backdrop(background, fps, fps, size)
    if isinstance(background, InputImpl.VideoFromComponents):
        parts = background.get_components()
        return images_backdrop(parts.images, float(parts.frame_rate), fps, size)
    video = VideoBackdrop(background.get_stream_source(), fps, size)
    stack.enter_context(video)
    return video


def images_backdrop(images: Tensor, fps: float, out_fps: float, size: tuple[int, int]) -> Backdrop:
    """Show an IMAGE batch (B, H, W, 3); only the pictures in use are converted."""
    check_size(tuple(images.shape[1:3]), size)

    def take(index: int) -> Tensor:
        return pictures_of(images[index : index + 1])[0]

    return pictures_backdrop(take, len(images), fps, out_fps)


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
    height, width = portrait.image.shape[:2]
    track = None if sound is None else AudioTrack(*sound)
    writer = VideoWriter(path, (width, height), motion.fps, len(motion), track, crf)
    progress, done = _host.Progress(), 0
    with writer, beside(writer.write) as encode:
        for frames in rendered(renderer, portrait, motion, compositing=compositing):
            encode(frames)
            done += len(frames)
            progress(done, len(motion), lambda frames=frames: frames[-1])


def rendered(renderer: LoadedRenderer, portrait: Portrait, motion: Motion, **options):
    """Yield the frames of a motion, once the networks are where they compute."""
    chunk = renderer.renderer.chunk_size(portrait)
    _host.bring_to_device(renderer.patchers, chunk * FRAME_ACTIVATIONS)
    yield from renderer.renderer.frames(portrait, motion, chunk, **options)


class MoDARenderFrames(io.ComfyNode):
    """Renders part of a motion as pictures."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDARenderFrames",
            display_name="MoDA Render Frames",
            category="MoDA",
            description="Moves the portrait and gives the frames as pictures for other nodes. All "
            "of them lie in memory: 10 s of 1280x720 take 2.8 GB.",
            search_aliases=["frames", "image batch"],
            inputs=[
                *renderer_inputs(),
                io.Int.Input(
                    "start",
                    default=0,
                    min=0,
                    max=1_000_000,
                    step=1,
                    tooltip="First frame, at 25 frames a second.",
                ),
                io.Int.Input(
                    "count",
                    default=25,
                    min=0,
                    max=1_000_000,
                    step=1,
                    tooltip="How many frames; 0 is all that are left.",
                ),
                io.Combo.Input(
                    "output",
                    options=["full picture", "face crop"],
                    default="full picture",
                    tooltip="Frames in the full picture, or the square around the face.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="frames", tooltip="One picture for each frame."),
                io.Mask.Output(
                    display_name="mask", tooltip="Where frames replace the picture, for each."
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        renderer: LoadedRenderer,
        portrait: Portrait,
        motion: Motion,
        start: int = 0,
        count: int = 25,
        output: str = "full picture",
    ) -> io.NodeOutput:
        """Render the frames."""
        stop = end_of(motion, start, count)
        engine = renderer.renderer
        mask = engine.paste_mask(portrait)
        if output == "face crop":
            _, transform = engine.crop(portrait)
            mask = crop_mask(mask, transform)
        chunk = engine.chunk_size(portrait)
        _host.bring_to_device(renderer.patchers, chunk * FRAME_ACTIVATIONS)
        make = engine.faces if output == "face crop" else engine.frames
        chunks = make(portrait, motion, chunk, start=start, stop=stop)
        frames = collected(chunks, stop - start, mask.shape)
        return io.NodeOutput(frames, mask.expand(len(frames), -1, -1))


def end_of(motion: Motion, start: int, count: int) -> int:
    """Return the frame after the last one that is asked for.

    Parameters
    ----------
    motion : Motion
    start, count : int
        0 as `count` is all that are left; of more than there are, those that there are.

    Raises
    ------
    ValueError
        If the motion ends before the start.
    """
    if start >= len(motion):
        raise ValueError(
            f"The motion has {len(motion)} frames, so it ends before frame {start}. "
            "Choose a lower start."
        )
    return min(start + count, len(motion)) if count else len(motion)


def crop_mask(mask: Tensor, transform) -> Tensor:
    """Cut a picture's mask (H, W) as its face was cut out."""
    levels = (mask * 255).round().to(torch.uint8)
    return crop_face(levels[..., None].expand(-1, -1, 3), transform)[..., 0] / 255


def collected(chunks, num_frames: int, size) -> Tensor:
    """Gather chunks of frames in one IMAGE, shape (N, H, W, 3), without a second copy."""
    images = torch.empty(num_frames, *size, 3)
    progress, done = _host.Progress(), 0
    for frames in chunks:
        images[done : done + len(frames)] = image_of(frames)
        done += len(frames)
        progress(done, num_frames, lambda frames=frames: frames[-1])
    return images
