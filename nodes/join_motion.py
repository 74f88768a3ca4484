"""Nodes that combine several motions."""

from comfy_api.latest import io

from ..moda_core.editing.joining import concat
from ..moda_core.editing.mixing import mix
from ..moda_core.motion.motion import Motion
from . import _host, inputs
from .types import MotionType

REGIONS = {
    "mouth": "lips, jaw, cheeks and smile",
    "eyes": "blinks, eyelids and gaze",
    "brows": "brows",
    "head": "head rotation, position and size",
}


class MoDAMixMotion(io.ComfyNode):
    """Takes regions of the face from other motions."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Replaces the mouth, eyes, brows or head of a motion by those of other "
            "motions, fully or partly.",
            search_aliases=["blend", "combine", "retarget", "region"],
            inputs=[
                inputs.motion(
                    "The motion to edit. Sets the length, the frame rate and every region that is "
                    "not connected."
                ),
                *(
                    MotionType.Input(
                        region,
                        optional=True,
                        tooltip=f"Optional. The motion whose {parts} are used.",
                    )
                    for region, parts in REGIONS.items()
                ),
                *(
                    inputs.weight(
                        f"{region}_weight",
                        1.0,
                        f"Share of the linked '{region}': 0 has no effect, 1 replaces the region.",
                    )
                    for region in REGIONS
                ),
                inputs.switch(
                    "loop",
                    "On: repeat motions that are shorter, with a cross-fade from end to "
                    "beginning. Off: hold their last frame.",
                ),
            ],
            outputs=[inputs.motion_output("The mixed motion, as long as 'motion'.")],
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
        sources = {"mouth": mouth, "eyes": eyes, "brows": brows, "head": head}
        shares = (mouth_weight, eyes_weight, brows_weight, head_weight)
        weights = dict(zip(sources, shares, strict=True))
        return io.NodeOutput(mix(motion, **sources, weights=weights, loop=loop))


class MoDAConcatMotion(io.ComfyNode):
    """Joins motions in time."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Joins two to four motions one after another, with a cross-fade between "
            "them.",
            search_aliases=["append", "join", "sequence", "concatenate"],
            inputs=[
                MotionType.Input(
                    "first", tooltip="First motion. Sets the frame rate of the result."
                ),
                MotionType.Input("second", tooltip="Second motion."),
                MotionType.Input("third", optional=True, tooltip="Optional. Third motion."),
                MotionType.Input("fourth", optional=True, tooltip="Optional. Fourth motion."),
                inputs.number(
                    "crossfade",
                    inputs.seconds(60.0, default=0.4),
                    "Cross-fade in seconds, at most half of either motion; higher is softer, 0 "
                    "cuts.",
                ),
                inputs.switch(
                    "overlap",
                    "Off: each motion keeps its length, so that joined audio stays in "
                    "sync. On: motions overlap during the cross-fade, and the result is shorter.",
                ),
            ],
            outputs=[inputs.motion_output("The joined motion.")],
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
        motions = [each for each in (first, second, third, fourth) if each is not None]
        return io.NodeOutput(concat(motions, crossfade, overlap))
