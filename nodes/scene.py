"""Nodes for several people in one picture: who they are, and their video."""

from collections.abc import Iterator

from comfy_api.latest import InputImpl, io
from torch import Tensor

from ..moda_core.bundles.scene.cast import Cast, Speaker, check_name
from ..moda_core.bundles.scene.render_scene import longest_motion, on_clip_times, scene_frames
from ..moda_core.motion.motion import Motion
from ..moda_core.portrait.portrait import Portrait
from ..moda_core.video.writer import QUALITIES
from . import _host, inputs
from ._convert import check_result, region_of, sound_of
from .render import FRAME_ACTIVATIONS, at_rate, write_video
from .types import CastType, LoadedRenderer, RendererType


class MoDASpeaker(io.ComfyNode):
    """Adds a person to a cast."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Gives a portrait a name and adds it to a cast, the people of one picture. "
            "Use one node for each person, linked one after another.",
            search_aliases=["several people", "dialogue", "two people", "character"],
            inputs=[
                inputs.portrait(
                    "The face of the person. All portraits of a cast must come from one picture."
                ),
                CastType.Input(
                    "cast",
                    optional=True,
                    tooltip="Optional. The cast to add the person to. When not connected, a new "
                    "cast begins.",
                ),
                inputs.motion(
                    "Optional. The motion to play. Not needed for MoDA Conversation; without one, "
                    "the person stays still.",
                    optional=True,
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Optional. Where the person is in front of the others: a mask of the "
                    "picture's size, white is replaced by the rendered face. When not connected, "
                    "the nearer face is shown where two overlap.",
                ),
                io.String.Input(
                    "name",
                    default="Anna",
                    tooltip="Name of the person, for the text of who speaks when. Different for "
                    "each person of a cast.",
                ),
            ],
            outputs=[
                CastType.Output(
                    display_name="cast",
                    tooltip="The cast, for the next MoDA Speaker, MoDA Conversation or MoDA Render "
                    "Scene.",
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, name=None) -> bool | str:
        return check_result(check_name, name)

    @classmethod
    def execute(
        cls,
        portrait: Portrait,
        cast: Cast | None = None,
        motion: Motion | None = None,
        mask=None,
        name: str = "Anna",
    ) -> io.NodeOutput:
        speaker = Speaker(name, portrait, motion, region_of(mask, portrait))
        return io.NodeOutput(Cast((speaker,)) if cast is None else cast.with_speaker(speaker))


class MoDARenderScene(io.ComfyNode):
    """Renders all people of a cast as one video."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Animates all people of a cast in their picture, in one pass, and encodes "
            "the video once while it renders. Link the video to Save Video.",
            search_aliases=["several people", "dialogue", "two people", "talking head", "video"],
            inputs=[
                RendererType.Input("renderer", tooltip="The renderer that made the portraits."),
                CastType.Input("cast", tooltip="The people, with their motions."),
                io.Audio.Input(
                    "audio",
                    optional=True,
                    tooltip="Optional. Audio track of the video. Use the output of MoDA "
                    "Conversation.",
                ),
                inputs.video_fps(),
                inputs.video_quality(),
                inputs.clip_timing(),
            ],
            outputs=[inputs.video_output()],
        )

    @classmethod
    def execute(
        cls,
        renderer: LoadedRenderer,
        cast: Cast,
        audio: dict | None = None,
        fps: float = 25.0,
        quality: str = "standard",
        clip_timing: str = inputs.CLIP_TIMING[0],
    ) -> io.NodeOutput:
        path, portrait = _host.temporary_path(".mp4"), cast.speakers[0].portrait
        sound = None if audio is None else sound_of(audio)
        if portrait.clip is not None and clip_timing == inputs.CLIP_TIMING[0]:
            cast, motion, timing = on_clip_times(cast)
        else:
            motion, timing = at_rate(portrait, longest_motion(cast), sound, fps)
        chunks = rendered_scene(renderer, cast, motion)
        write_video(path, chunks, portrait, motion, sound, QUALITIES[quality], timing)
        return io.NodeOutput(InputImpl.VideoFromFile(str(path)))


def rendered_scene(renderer: LoadedRenderer, cast: Cast, longest: Motion) -> Iterator[Tensor]:
    """Move the networks to the device, then yield the frames, as many as the longest motion has."""
    engine = renderer.renderer
    chunk = max(engine.chunk_size(speaker.portrait) for speaker in cast.speakers)
    _host.bring_to_device(renderer.patchers, chunk * FRAME_ACTIVATIONS)
    yield from scene_frames(engine, cast, longest.fps, len(longest))
