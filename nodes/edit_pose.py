"""The node that changes how the head moves."""

from comfy_api.latest import io

from ..moda_core.editing.gestures import look, nod, shake
from ..moda_core.editing.pose import AxisAdjustment, adjust_pose
from ..moda_core.editing.pose_keys import apply_pose_keys, parse_pose_keys
from ..moda_core.motion.motion import Motion
from . import _host
from .types import MotionType

GESTURES = {"nod": (nod, 7.0), "shake": (shake, 8.0), "look": (look, 12.0)}  # and their degrees


def axis_inputs() -> list[io.Input]:
    """Return the gain, the offset and the limit of each angle."""
    return [
        io.Float.Input(
            "pitch_gain",
            default=1.0,
            min=0.0,
            max=5.0,
            step=0.05,
            tooltip="How far the head nods about its mean: 1 as it is, more is livelier, 0 "
            "freezes that angle.",
        ),
        io.Float.Input(
            "yaw_gain",
            default=1.0,
            min=0.0,
            max=5.0,
            step=0.05,
            tooltip="How far the head turns about its mean: 1 as it is, 0 freezes that angle.",
        ),
        io.Float.Input(
            "roll_gain",
            default=1.0,
            min=0.0,
            max=5.0,
            step=0.05,
            tooltip="How far the head tilts about its mean: 1 as it is, 0 freezes that angle.",
        ),
        io.Float.Input(
            "pitch_offset",
            default=0.0,
            min=-45.0,
            max=45.0,
            step=0.5,
            tooltip="Degrees added to every frame; more looks down, less looks up.",
        ),
        io.Float.Input(
            "yaw_offset",
            default=0.0,
            min=-45.0,
            max=45.0,
            step=0.5,
            tooltip="Degrees added to every frame; more turns the nose to the picture's left.",
        ),
        io.Float.Input(
            "roll_offset",
            default=0.0,
            min=-45.0,
            max=45.0,
            step=0.5,
            tooltip="Degrees added to every frame; more tilts the head clockwise.",
        ),
        io.Float.Input(
            "pitch_limit",
            default=0.0,
            min=0.0,
            max=90.0,
            step=0.5,
            tooltip="Degrees beyond which the head never nods, up or down, whatever keyframes and "
            "preset ask for; it slows down on the way there. 0 is no limit.",
            extra_dict={"advanced": True},
        ),
        io.Float.Input(
            "yaw_limit",
            default=0.0,
            min=0.0,
            max=90.0,
            step=0.5,
            tooltip="Degrees beyond which the head never turns, to either side. 0 is no limit.",
            extra_dict={"advanced": True},
        ),
        io.Float.Input(
            "roll_limit",
            default=0.0,
            min=0.0,
            max=90.0,
            step=0.5,
            tooltip="Degrees beyond which the head never tilts, to either side. 0 is no limit.",
            extra_dict={"advanced": True},
        ),
    ]


def size_inputs() -> list[io.Input]:
    """Return the gains of place and size."""
    return [
        io.Float.Input(
            "translation_gain",
            default=1.0,
            min=0.0,
            max=5.0,
            step=0.05,
            tooltip="How far the head moves from its mean place: 1 as it is, more is livelier, 0 "
            "freezes it.",
            extra_dict={"advanced": True},
        ),
        io.Float.Input(
            "scale_gain",
            default=1.0,
            min=0.0,
            max=5.0,
            step=0.05,
            tooltip="How far the head's size departs from its mean: 1 as it is, less calms a head "
            "that swells and shrinks, 0 freezes it.",
            extra_dict={"advanced": True},
        ),
    ]


class MoDAPose(io.ComfyNode):
    """Changes how the head moves."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAPose",
            display_name="MoDA Pose",
            category="MoDA",
            description="Moves the head more or less, turns it aside, holds it still, leads it "
            "through poses at given times, and lets it nod, shake or look aside.",
            search_aliases=["head", "pitch", "yaw", "roll", "nod", "shake", "keyframes"],
            inputs=[
                MotionType.Input("motion", tooltip="Any motion."),
                *axis_inputs(),
                io.Boolean.Input(
                    "freeze",
                    default=False,
                    tooltip="Hold the whole head at its mean pose, place and size, as all gains 0 "
                    "do; offsets, keyframes and the preset still move it.",
                ),
                io.String.Input(
                    "keyframes",
                    default="",
                    multiline=True,
                    tooltip="Time in seconds, angle, degrees: 1.0 yaw 12, 2.0 yaw -5. Between them "
                    "the head moves smoothly, before and after it is free.",
                ),
                io.Combo.Input(
                    "key_mode",
                    options=["replace", "add"],
                    default="replace",
                    tooltip="'replace' takes the keyframes' degrees instead of the movement, 'add' "
                    "puts them on top of it.",
                ),
                io.Combo.Input(
                    "preset",
                    options=["none", "nod", "shake", "look"],
                    default="none",
                    tooltip="A gesture on top: two nods, two shakes, or a 'look', which turns the "
                    "head to the picture's left and back; for the eyes see MoDA Eyes.",
                ),
                io.Float.Input(
                    "preset_time",
                    default=1.0,
                    min=0.0,
                    max=86400.0,
                    step=0.04,
                    tooltip="Where the preset begins, in seconds; later starts later.",
                ),
                io.Float.Input(
                    "preset_strength",
                    default=1.0,
                    min=-3.0,
                    max=3.0,
                    step=0.05,
                    tooltip="Size of the preset: 1 is 7 degrees of a nod, 8 of a shake, 12 of a "
                    "look. Below 0 it goes the other way.",
                ),
                *size_inputs(),
            ],
            outputs=[MotionType.Output(display_name="motion", tooltip="Only the head differs.")],
        )

    @classmethod
    def validate_inputs(cls, keyframes=None) -> bool | str:
        """Read the keyframes before anything runs."""
        try:
            # There are none if another node gives them; the motion's rate is not known yet.
            parse_pose_keys(keyframes or "", fps=None)
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def execute(
        cls,
        motion: Motion,
        pitch_gain: float = 1.0,
        yaw_gain: float = 1.0,
        roll_gain: float = 1.0,
        pitch_offset: float = 0.0,
        yaw_offset: float = 0.0,
        roll_offset: float = 0.0,
        pitch_limit: float = 0.0,
        yaw_limit: float = 0.0,
        roll_limit: float = 0.0,
        freeze: bool = False,
        keyframes: str = "",
        key_mode: str = "replace",
        preset: str = "none",
        preset_time: float = 1.0,
        preset_strength: float = 1.0,
        translation_gain: float = 1.0,
        scale_gain: float = 1.0,
    ) -> io.NodeOutput:
        """Change the pose."""
        keys = parse_pose_keys(keyframes, motion.fps)
        gains, offsets = (pitch_gain, yaw_gain, roll_gain), (pitch_offset, yaw_offset, roll_offset)
        axes = [AxisAdjustment(*each, freeze=freeze) for each in zip(gains, offsets, strict=True)]
        sizes = (0.0, 0.0) if freeze else (translation_gain, scale_gain)
        moved = apply_pose_keys(adjust_pose(motion, *axes, *sizes), keys, key_mode)
        moved = with_gesture(moved, preset, preset_time, preset_strength)
        limits = (pitch_limit, yaw_limit, roll_limit)
        return io.NodeOutput(
            adjust_pose(moved, *(AxisAdjustment(limit_deg=each or None) for each in limits))
        )


def with_gesture(motion: Motion, preset: str, time_s: float, strength: float) -> Motion:
    """Add a preset's gesture; arguments as in the node's inputs."""
    if preset == "none":
        return motion
    gesture, degrees = GESTURES[preset]
    return gesture(motion, time_s, strength * degrees)
