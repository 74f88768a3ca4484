"""Nodes that edit a motion over time: its jitter, its speed, its beginning and end."""

from comfy_api.latest import io

from ..moda_core.bundles.rest_pose import rest_pose
from ..moda_core.editing.fading import fade, make_loop
from ..moda_core.editing.retiming import check_speed, retime
from ..moda_core.editing.smoothing import OneEuro, SavitzkyGolay, smooth
from ..moda_core.motion.motion import Motion
from ..moda_core.portrait.portrait import Portrait
from . import _host, inputs
from ._convert import check_result

# Default strength for each region, what it covers, and what more of it does.
SMOOTHED = {
    "head": (1.0, "the head", ""),
    "mouth": (0.0, "lips and cheeks", " Higher makes speech softer."),
    "eyes": (0.0, "eyelids and gaze", " Higher makes blinks softer."),
    "brows": (0.0, "the brows", ""),
}
PORTRAIT = "portrait"
POSES = {"first frame": "first", "straight ahead": "zero", PORTRAIT: "zero"}  # the core's words


class MoDASmoothMotion(io.ComfyNode):
    """Removes jitter from a motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Removes jitter from the head or from parts of the face.",
            search_aliases=["jitter", "shake", "filter", "one euro", "savitzky golay"],
            inputs=[
                inputs.motion(),
                *(
                    inputs.weight(
                        region,
                        default,
                        f"Strength of the filter on {parts}: 0 is off, 1 is full.{effect}",
                    )
                    for region, (default, parts, effect) in SMOOTHED.items()
                ),
                inputs.choice(
                    "method",
                    ["one euro", "savitzky-golay"],
                    "'one euro' smooths slow movement and leaves fast movement; "
                    "'savitzky-golay' fits polynomials and preserves peaks.",
                ),
                inputs.number(
                    "cutoff",
                    inputs.Scale(0.05, 60.0, default=1.5),
                    "Cutoff frequency of 'one euro' in Hz; lower smooths more.",
                ),
                inputs.number(
                    "beta",
                    inputs.Scale(0.0, 100.0, default=0.5),
                    "Speed coefficient of 'one euro': higher smooths fast movement less, "
                    "0 smooths all movement alike.",
                    advanced=True,
                ),
                inputs.number(
                    "window",
                    inputs.seconds(10.0, default=0.36),
                    "Window length of 'savitzky-golay' in seconds; higher smooths more.",
                ),
                inputs.number(
                    "order",
                    inputs.Scale(0, 5, default=2),
                    "Polynomial order of 'savitzky-golay'; higher smooths less.",
                    advanced=True,
                ),
            ],
            outputs=[
                inputs.motion_output("The smoothed motion, of the same length and without delay.")
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
        strengths = {"head": head, "mouth": mouth, "eyes": eyes, "brows": brows}
        one_euro = method == "one euro"
        chosen = OneEuro(cutoff, beta) if one_euro else SavitzkyGolay(window, order)
        return io.NodeOutput(smooth(motion, chosen, **strengths))


class MoDARetimeMotion(io.ComfyNode):
    """Changes the speed, length or frame rate of a motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Changes the speed, the length or the frame rate of a motion.",
            search_aliases=["speed", "fps", "resample", "stretch", "slow motion"],
            inputs=[
                inputs.motion(),
                inputs.number(
                    "fps",
                    inputs.Scale(0.0, 240.0, default=0.0, step=0.01),
                    "New frame rate, 1 or more; the speed stays the same. 0 leaves the "
                    "frame rate unchanged.",
                ),
                inputs.number(
                    "speed",
                    inputs.Scale(0.05, 20.0, default=1.0),
                    "Speed factor: 2 is twice as fast and half as long, 0.5 half as fast. "
                    "Must be 1 if 'duration' is set.",
                ),
                inputs.number(
                    "duration",
                    inputs.seconds(inputs.DAY_S, default=0.0),
                    "New length in seconds; sets the speed accordingly. 0 uses 'speed' instead.",
                ),
                inputs.choice(
                    "interpolation",
                    ["cubic", "linear"],
                    "Interpolation between frames. 'cubic' keeps slow motion smooth and "
                    "the peaks of fast movement; 'linear' never overshoots.",
                ),
            ],
            outputs=[
                inputs.motion_output("The retimed motion. All MoDA nodes accept any frame rate.")
            ],
        )

    @classmethod
    def validate_inputs(cls, speed=None, duration=None) -> bool | str:
        speed = 1.0 if speed is None else speed  # another node gives it
        return check_result(lambda: check_speed(speed, duration or None))

    @classmethod
    def execute(
        cls,
        motion: Motion,
        fps: float = 0.0,
        speed: float = 1.0,
        duration: float = 0.0,
        interpolation: str = "cubic",
    ) -> io.NodeOutput:
        return io.NodeOutput(retime(motion, fps or None, speed, duration or None, interpolation))


class MoDAFadeMotion(io.ComfyNode):
    """Fades a motion from and to rest, or makes it a loop."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Fades a motion in from a face at rest and out to it again, such as the "
            "one in the picture, or makes a seamless loop.",
            search_aliases=["ease", "loop", "rest pose", "seamless"],
            inputs=[
                inputs.motion(),
                inputs.portrait(
                    "Optional; needed for the pose 'portrait'. The portrait whose pose the head "
                    "has at rest.",
                    optional=True,
                ),
                inputs.number(
                    "fade_in",
                    inputs.seconds(60.0, default=0.5),
                    "Fade-in from rest in seconds; higher is slower, 0 leaves the beginning "
                    "unchanged.",
                ),
                inputs.number(
                    "fade_out",
                    inputs.seconds(60.0, default=0.5),
                    "Fade-out to rest in seconds; higher is slower, 0 leaves the end unchanged. "
                    "For a loop: cross-fade from the end to the beginning, above 0.",
                ),
                inputs.choice(
                    "pose",
                    ["first frame", "straight ahead", PORTRAIT],
                    "Pose of the head at rest: that of the motion's first frame, straight "
                    "ahead, or that of the linked portrait.",
                ),
                inputs.switch(
                    "loop",
                    "Makes a seamless loop instead of fading. The loop is shorter by "
                    "'fade_out'; 'fade_in' and 'pose' have no effect.",
                ),
            ],
            outputs=[
                inputs.motion_output("The faded motion, of the same length; a loop is shorter.")
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
        if loop:
            return io.NodeOutput(make_loop(motion, fade_out))
        if pose != PORTRAIT:
            return io.NodeOutput(fade(motion, fade_in, fade_out, POSES[pose]))
        if portrait is None:
            raise ValueError(
                "The pose 'portrait' needs a portrait. Link 'portrait', or choose another pose."
            )
        _, head = rest_pose(None, portrait)
        return io.NodeOutput(fade(motion, fade_in, fade_out, POSES[pose], head))
