"""Nodes that make one motion out of several."""

from comfy_api.latest import io

from ..moda_core.editing.joining import concat
from ..moda_core.editing.mixing import mix
from ..moda_core.motion.motion import Motion
from . import _host
from .types import MotionType


class MoDAMixMotion(io.ComfyNode):
    """Takes regions of the face from other motions."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAMixMotion",
            display_name="MoDA Mix Motion",
            category="MoDA",
            description="Takes the mouth, the eyes, the brows or the head from other motions, in "
            "whole or in part.",
            search_aliases=["blend", "combine", "retarget", "region"],
            inputs=[
                MotionType.Input(
                    "motion", tooltip="Gives the length, and every region that is not linked."
                ),
                MotionType.Input(
                    "mouth",
                    optional=True,
                    tooltip="Lips, jaw, cheeks and smile come from here.",
                ),
                MotionType.Input(
                    "eyes", optional=True, tooltip="Blinks, lids and gaze come from here."
                ),
                MotionType.Input("brows", optional=True, tooltip="The brows come from here."),
                MotionType.Input(
                    "head", optional=True, tooltip="Rotation, place and size come from here."
                ),
                io.Float.Input(
                    "mouth_weight",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="Share of the linked mouth: 0 keeps the motion's own, 1 replaces it.",
                ),
                io.Float.Input(
                    "eyes_weight",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="Share of the linked eyes: 0 keeps the motion's own, 1 replaces them.",
                ),
                io.Float.Input(
                    "brows_weight",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="Share of the linked brows: 0 keeps the motion's own, 1 replaces them.",
                ),
                io.Float.Input(
                    "head_weight",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="Share of the linked head: 0 keeps the motion's own, 1 replaces it.",
                ),
                io.Boolean.Input(
                    "loop",
                    default=False,
                    tooltip="On: shorter motions start again, their ends going over into their "
                    "beginnings. Off: their last frame is held.",
                ),
            ],
            outputs=[
                MotionType.Output(display_name="motion", tooltip="As long as the first motion.")
            ],
        )

    @classmethod
    def execute(
        cls,
        motion: Motion,
        mouth: Motion | None = None,
        eyes: Motion | None = None,
        brows: Motion | None = None,
        head: Motion | None = None,
        mouth_weight: float = 1.0,
        eyes_weight: float = 1.0,
        brows_weight: float = 1.0,
        head_weight: float = 1.0,
        loop: bool = False,
    ) -> io.NodeOutput:
        """Mix the motions."""
        sources = {"mouth": mouth, "eyes": eyes, "brows": brows, "head": head}
        weights = {
            "mouth": mouth_weight,
            "eyes": eyes_weight,
            "brows": brows_weight,
            "head": head_weight,
        }
        return io.NodeOutput(mix(motion, **sources, weights=weights, loop=loop))


class MoDAConcatMotion(io.ComfyNode):
    """Joins motions in time."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAConcatMotion",
            display_name="MoDA Concat Motion",
            category="MoDA",
            description="Plays two to four motions one after another, with a smooth change from "
            "each to the next.",
            search_aliases=["append", "join", "sequence", "concatenate"],
            inputs=[
                MotionType.Input("first", tooltip="Gives the frame rate of the whole."),
                MotionType.Input("second", tooltip="Follows the first."),
                MotionType.Input("third", optional=True, tooltip="Follows the second."),
                MotionType.Input("fourth", optional=True, tooltip="Follows the third."),
                io.Float.Input(
                    "crossfade",
                    default=0.4,
                    min=0.0,
                    max=60.0,
                    step=0.04,
                    tooltip="Seconds in which one goes over into the next, half of either at "
                    "most; more is softer, 0 jumps.",
                ),
                io.Boolean.Input(
                    "overlap",
                    default=False,
                    tooltip="Off: every motion keeps its time, as joined sounds need it. On: the "
                    "next begins while the one before ends, which makes the whole shorter.",
                ),
            ],
            outputs=[MotionType.Output(display_name="motion", tooltip="All of them in a row.")],
        )

    @classmethod
    def execute(
        cls,
        first: Motion,
        second: Motion,
        third: Motion | None = None,
        fourth: Motion | None = None,
        crossfade: float = 0.4,
        overlap: bool = False,
    ) -> io.NodeOutput:
        """Join the motions."""
        motions = [each for each in (first, second, third, fourth) if each is not None]
        return io.NodeOutput(concat(motions, crossfade, overlap))
