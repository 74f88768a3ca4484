"""The node that edits the head's pose."""

from functools import partial

from comfy_api.latest import io

from ..moda_core.editing.gestures import look, nod, shake
from ..moda_core.editing.pose import AxisAdjustment, adjust_pose
from ..moda_core.editing.pose_keys import apply_pose_keys, parse_pose_keys
from ..moda_core.motion.motion import Motion
from . import _host, inputs
from ._convert import check_result

AXES = {"pitch": "nodding", "yaw": "turning", "roll": "tilting"}
GESTURES = {"nod": (nod, 7.0), "shake": (shake, 8.0), "look": (look, 12.0)}  # and their degrees


def offset_input(axis: str, tooltip: str) -> io.Input:
    return inputs.number(
        f"{axis}_offset", inputs.Scale(-45.0, 45.0, default=0.0, step=0.5), tooltip
    )


def limit_input(axis: str) -> io.Input:
    return inputs.number(
        f"{axis}_limit",
        inputs.Scale(0.0, 90.0, default=0.0, step=0.5),
        f"Largest {axis} in degrees, in either direction, after keyframes and preset; the "
        "head slows down before it. Lower limits more; 0 is no limit.",
        advanced=True,
    )


class MoDAPose(io.ComfyNode):
    """Edits the head's pose."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Scales, offsets, limits or freezes the movement of the head, and adds "
            "keyframes and gestures.",
            search_aliases=["head", "pitch", "yaw", "roll", "nod", "shake", "keyframes"],
            inputs=[
                inputs.motion(),
                *(
                    inputs.gain(
                        f"{axis}_gain",
                        f"Scales {axis} ({movement}) around its mean: 1 is unchanged, higher moves "
                        "more, 0 freezes the angle.",
                    )
                    for axis, movement in AXES.items()
                ),
                offset_input(
                    "pitch", "Degrees added to pitch: higher looks down, below 0 looks up."
                ),
                offset_input(
                    "yaw",
                    "Degrees added to yaw: higher turns the face to the left of the picture, below "
                    "0 to the right.",
                ),
                offset_input(
                    "roll",
                    "Degrees added to roll: higher tilts the head clockwise, below 0 "
                    "anticlockwise.",
                ),
                *map(limit_input, AXES),
                inputs.switch(
                    "freeze",
                    "Freezes the head at its mean pose, position and size, as gains of 0 "
                    "do. Offsets, keyframes and the preset still move it.",
                ),
                io.String.Input(
                    "keyframes",
                    default="",
                    multiline=True,
                    tooltip="Keyframes of time in seconds, angle and degrees: 1.0 yaw 12, 2.0 yaw "
                    "-5. The head moves smoothly between them and freely before and after.",
                ),
                inputs.choice(
                    "key_mode",
                    ["replace", "add"],
                    "'replace' sets the angle to the keyframes, 'add' adds them to the motion.",
                ),
                inputs.choice(
                    "preset",
                    ["none", *GESTURES],
                    "Gesture to add: two nods, two shakes, or 'look', which turns the head "
                    "to the left of the picture and back. For the eyes use MoDA Eyes.",
                ),
                inputs.number(
                    "preset_time",
                    inputs.seconds(inputs.DAY_S, default=1.0),
                    "Start of the preset in seconds; higher starts later.",
                ),
                inputs.number(
                    "preset_strength",
                    inputs.Scale(-3.0, 3.0, default=1.0),
                    "Size of the preset: 1 nods by 7 degrees, shakes by 8 or looks by 12; "
                    "higher moves further, below 0 in the opposite direction.",
                ),
                inputs.gain(
                    "translation_gain",
                    "Scales the head's position around its mean: 1 is unchanged, higher moves "
                    "more, 0 freezes it.",
                    advanced=True,
                ),
                inputs.gain(
                    "scale_gain",
                    "Scales the changes of the head's size around its mean: 1 is unchanged, lower "
                    "reduces them, 0 freezes the size.",
                    advanced=True,
                ),
            ],
            outputs=[inputs.motion_output("The motion with an edited head.")],
        )

    @classmethod
    def validate_inputs(cls, keyframes=None) -> bool | str:
        return check_result(
            partial(parse_pose_keys, fps=None), keyframes
        )  # the rate isn't known yet

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
        keys = parse_pose_keys(keyframes, motion.fps)
        gains, offsets = (pitch_gain, yaw_gain, roll_gain), (pitch_offset, yaw_offset, roll_offset)
        axes = [AxisAdjustment(*each, freeze=freeze) for each in zip(gains, offsets, strict=True)]
        sizes = (0.0, 0.0) if freeze else (translation_gain, scale_gain)
        moved = apply_pose_keys(adjust_pose(motion, *axes, *sizes), keys, key_mode)
        if preset != "none":
            gesture, degrees = GESTURES[preset]
            moved = gesture(moved, preset_time, preset_strength * degrees)
        limits = (pitch_limit, yaw_limit, roll_limit)
        return io.NodeOutput(
            adjust_pose(moved, *(AxisAdjustment(limit_deg=each or None) for each in limits))
        )
