"""Nodes that change a motion over time: its jitter, its speed, and its ends."""

from comfy_api.latest import io

from ..moda_core.editing.fading import fade, make_loop
from ..moda_core.editing.retiming import check_speed, retime
from ..moda_core.editing.smoothing import OneEuro, SavitzkyGolay, smooth
from ..moda_core.motion.motion import Motion
from ..moda_core.portrait.portrait import Portrait
from . import _host
from .idle import look_of
from .types import MotionType, PortraitType

PORTRAIT = "portrait"
POSES = {"first frame": "first", "straight ahead": "zero", PORTRAIT: "zero"}  # the core's words


class MoDASmoothMotion(io.ComfyNode):
    """Takes jitter out of a motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDASmoothMotion",
            display_name="MoDA Smooth Motion",
            category="MoDA",
            description="Takes jitter out of the head, or of parts of the face.",
            search_aliases=["jitter", "shake", "filter", "one euro", "savitzky golay"],
            inputs=[
                MotionType.Input("motion", tooltip="Any motion."),
                io.Float.Input(
                    "head",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How much of the filter the head gets: 0 is none, 1 all of it.",
                ),
                io.Float.Input(
                    "mouth",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How much of the filter lips and cheeks get; more makes speech softer.",
                ),
                io.Float.Input(
                    "eyes",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How much of the filter lids and gaze get; more makes blinks softer.",
                ),
                io.Float.Input(
                    "brows",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How much of the filter the brows get: 0 is none, 1 all of it.",
                ),
                io.Combo.Input(
                    "method",
                    options=["one euro", "savitzky-golay"],
                    default="one euro",
                    tooltip="'one euro' calms what stands still and lets fast movement through, "
                    "'savitzky-golay' fits curves and keeps peaks.",
                ),
                io.Float.Input(
                    "cutoff",
                    default=1.5,
                    min=0.05,
                    max=60.0,
                    step=0.05,
                    tooltip="Of 'one euro', in Hz: what is slower than that stays; less smooths "
                    "more.",
                ),
                io.Float.Input(
                    "beta",
                    default=0.5,
                    min=0.0,
                    max=100.0,
                    step=0.05,
                    tooltip="Of 'one euro': more lets fast movement through, 0 smooths it like all "
                    "the rest.",
                    extra_dict={"advanced": True},
                ),
                io.Float.Input(
                    "window",
                    default=0.36,
                    min=0.0,
                    max=10.0,
                    step=0.04,
                    tooltip="Of 'savitzky-golay', in seconds: the piece that a curve is fitted to; "
                    "more smooths more.",
                ),
                io.Int.Input(
                    "order",
                    default=2,
                    min=0,
                    max=5,
                    step=1,
                    tooltip="Of 'savitzky-golay': degree of the curve; more smooths less.",
                    extra_dict={"advanced": True},
                ),
            ],
            outputs=[
                MotionType.Output(
                    display_name="motion", tooltip="Of the same length, without delay."
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        motion: Motion,
        head: float = 1.0,
        mouth: float = 0.0,
        eyes: float = 0.0,
        brows: float = 0.0,
        method: str = "one euro",
        cutoff: float = 1.5,
        beta: float = 0.5,
        window: float = 0.36,
        order: int = 2,
    ) -> io.NodeOutput:
        """Smooth the motion."""
        strengths = {"head": head, "mouth": mouth, "eyes": eyes, "brows": brows}
        one_euro = method == "one euro"
        chosen = OneEuro(cutoff, beta) if one_euro else SavitzkyGolay(window, order)
        return io.NodeOutput(smooth(motion, chosen, **strengths))


class MoDARetimeMotion(io.ComfyNode):
    """Plays a motion at another rate or speed."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDARetimeMotion",
            display_name="MoDA Retime Motion",
            category="MoDA",
            description="Plays a motion faster or slower, in a given time, or with another number "
            "of frames a second.",
            search_aliases=["speed", "fps", "resample", "stretch", "slow motion"],
            inputs=[
                MotionType.Input("motion", tooltip="Any motion."),
                io.Float.Input(
                    "fps",
                    default=0.0,
                    min=0.0,
                    max=240.0,
                    step=0.01,
                    tooltip="Frames a second of the result, at least 1; the speed stays. 0 keeps "
                    "the motion's own.",
                ),
                io.Float.Input(
                    "speed",
                    default=1.0,
                    min=0.05,
                    max=20.0,
                    step=0.05,
                    tooltip="Of the movement: 2 is twice as fast and takes half the time, 0.5 "
                    "takes twice as long. Leave it at 1 with a duration.",
                ),
                io.Float.Input(
                    "duration",
                    default=0.0,
                    min=0.0,
                    max=86400.0,
                    step=0.04,
                    tooltip="Length of the result in seconds, whatever speed that takes; 0 leaves "
                    "it to the speed.",
                ),
                io.Combo.Input(
                    "interpolation",
                    options=["cubic", "linear"],
                    default="cubic",
                    tooltip="Between frames: in curves, which keeps slow motion smooth and fast "
                    "movement whole, or straight.",
                ),
            ],
            outputs=[
                MotionType.Output(
                    display_name="motion",
                    tooltip="Render nodes and others take it at any rate and length.",
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, speed=None, duration=None) -> bool | str:
        """Refuse a speed together with a length before anything runs."""
        try:
            check_speed(1.0 if speed is None else speed, duration or None)
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def execute(
        cls,
        motion: Motion,
        fps: float = 0.0,
        speed: float = 1.0,
        duration: float = 0.0,
        interpolation: str = "cubic",
    ) -> io.NodeOutput:
        """Retime the motion."""
        return io.NodeOutput(retime(motion, fps or None, speed, duration or None, interpolation))


class MoDAFadeMotion(io.ComfyNode):
    """Lets a motion come from rest and return to it, or repeat."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAFadeMotion",
            display_name="MoDA Fade Motion",
            category="MoDA",
            description="Lets a motion come from a face at rest and return to it, such as the "
            "still picture's, or makes it a loop without a seam.",
            search_aliases=["ease", "loop", "rest pose", "seamless"],
            inputs=[
                MotionType.Input("motion", tooltip="Any motion."),
                PortraitType.Input(
                    "portrait",
                    optional=True,
                    tooltip="For the pose 'portrait': the picture that the motion comes from and "
                    "returns to.",
                ),
                io.Float.Input(
                    "fade_in",
                    default=0.5,
                    min=0.0,
                    max=60.0,
                    step=0.04,
                    tooltip="Seconds in which the face leaves its look at rest; more is slower, 0 "
                    "leaves the beginning as it is.",
                ),
                io.Float.Input(
                    "fade_out",
                    default=0.5,
                    min=0.0,
                    max=60.0,
                    step=0.04,
                    tooltip="Seconds in which it returns there; more is slower, 0 leaves the end "
                    "as it is. Of a loop: in which the end goes over into the beginning, above 0.",
                ),
                io.Combo.Input(
                    "pose",
                    options=["first frame", "straight ahead", "portrait"],
                    default="first frame",
                    tooltip="Of the head at rest: as in the motion's first frame, straight ahead, "
                    "or as in the linked portrait's picture.",
                ),
                io.Boolean.Input(
                    "loop",
                    default=False,
                    tooltip="On: instead of fading, make a motion that repeats without a seam; it "
                    "gets shorter by 'fade_out', and nothing else counts.",
                ),
            ],
            outputs=[
                MotionType.Output(
                    display_name="motion", tooltip="Of the same length; a loop is shorter."
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        motion: Motion,
        portrait: Portrait | None = None,
        fade_in: float = 0.5,
        fade_out: float = 0.5,
        pose: str = "first frame",
        loop: bool = False,
    ) -> io.NodeOutput:
        """Fade the motion, or make it a loop."""
        if loop:
            return io.NodeOutput(make_loop(motion, fade_out))
        if pose != PORTRAIT:
            return io.NodeOutput(fade(motion, fade_in, fade_out, POSES[pose]))
        if portrait is None:
            raise ValueError(
                "The pose 'portrait' needs a picture. Link 'portrait', or choose another pose."
            )
        _, head = look_of(None, portrait)
        return io.NodeOutput(fade(motion, fade_in, fade_out, POSES[pose], head))
