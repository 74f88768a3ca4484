"""Inputs and outputs that several nodes share, each declared once."""

from typing import NamedTuple

from comfy_api.latest import io

from ..moda_core.audio.channels import CHANNELS
from ..moda_core.face.face_text import FACE_ORDERS
from ..moda_core.video.writer import QUALITIES
from .menus import BUILT_IN, RELEASED
from .types import (
    EmotionType,
    FeaturesType,
    ModelType,
    MotionType,
    PortraitType,
    RendererType,
    SamplingType,
)

MAX_SEED = 2**64 - 1
CLIP_TIMING = ("as the clip", "fps")
DAY_S = 86400.0
FRAME_S = 0.04
ADVANCED = {"advanced": True}  # newer pages fold these inputs away


class Scale(NamedTuple):
    """The values of a number: whole ones if `default` is whole. `step` is 1 then, else 0.05."""

    low: float
    high: float
    default: float
    step: float | None = None


def seconds(longest: float, default: float, shortest: float = 0.0, step: float = FRAME_S) -> Scale:
    """Return the values of a time, by default in steps of a frame."""
    return Scale(shortest, longest, default, step)


def number(name: str, scale: Scale, tooltip: str, advanced: bool = False) -> io.Input:
    low, high, default, step = scale
    kind, usual_step = (io.Int, 1) if isinstance(default, int) else (io.Float, 0.05)
    limits = {"min": low, "max": high, "step": step or usual_step}
    extra = ADVANCED if advanced else None
    return kind.Input(name, default=default, **limits, tooltip=tooltip, extra_dict=extra)


def choice(
    name: str, options: list[str], tooltip: str, default: str | None = None, advanced: bool = False
) -> io.Input:
    """Return a menu, whose first option is the default unless another is named."""
    default, extra = default or options[0], ADVANCED if advanced else None
    return io.Combo.Input(name, options=options, default=default, tooltip=tooltip, extra_dict=extra)


def switch(name: str, tooltip: str, advanced: bool = False) -> io.Input:
    """Return a switch, which is off by default."""
    extra = ADVANCED if advanced else None
    return io.Boolean.Input(name, default=False, tooltip=tooltip, extra_dict=extra)


def model(tooltip: str = "The motion model.") -> io.Input:
    return ModelType.Input("model", tooltip=tooltip)


def features() -> io.Input:
    return FeaturesType.Input(
        "audio_features",
        tooltip="Audio features of the speech. Must come from the encoder the motion model was "
        "trained with.",
    )


def portrait(tooltip: str = "The face to animate.", optional: bool = False) -> io.Input:
    return PortraitType.Input("portrait", tooltip=tooltip, optional=optional)


def renderer_inputs() -> list[io.Input]:
    """Return the links of the nodes that render."""
    return [
        RendererType.Input("renderer", tooltip="The renderer that made the portrait."),
        portrait(),
        motion("The motion to play. It may come from another face."),
    ]


def video_fps() -> io.Input:
    return number(
        "fps",
        Scale(1.0, 120.0, default=25.0, step=0.01),
        "Frame rate of the video; higher is smoother and takes longer. The speed of the motion "
        "stays the same. 29.97 means exactly 30000/1001, 23.98 24000/1001.",
    )


def video_quality() -> io.Input:
    return choice(
        "quality",
        list(QUALITIES),
        "Quality of the H.264 encoding. 'high' about doubles the file size, 'small file' about "
        "halves it.",
    )


def video_output() -> io.Output:
    return io.Video.Output(
        display_name="video",
        tooltip="H.264 video with the audio, in ComfyUI's temporary folder.",
    )


def motion(tooltip: str = "The motion to edit.", optional: bool = False) -> io.Input:
    return MotionType.Input("motion", tooltip=tooltip, optional=optional)


def motion_output(tooltip: str) -> io.Output:
    return MotionType.Output(display_name="motion", tooltip=tooltip)


def emotion(
    tooltip: str = "Optional. When not connected, the speech alone sets the expression.",
) -> io.Input:
    return EmotionType.Input("emotion", optional=True, tooltip=tooltip)


def options(tooltip: str = "Optional. Options of another node, to combine with these.") -> io.Input:
    return SamplingType.Input("options", optional=True, tooltip=tooltip)


def sampling_options() -> io.Input:
    """Return the link for options of the nodes that sample."""
    return options("Optional. Sampling options. Defaults apply when not connected.")


def options_output(tooltip: str = "Sampling options for MoDA Sample Motion.") -> io.Output:
    return SamplingType.Output(display_name="options", tooltip=tooltip)


def channel(tooltip: str) -> io.Input:
    """Return the menu of what is heard of a sound."""
    return io.Combo.Input(
        "channel", options=list(CHANNELS), default=CHANNELS[0], optional=True, tooltip=tooltip
    )


def bundle() -> io.Input:
    """Return the menu of the models of nodes that do all steps."""
    return choice(
        "bundle",
        [BUILT_IN, RELEASED],
        "Models to use. The starter is built in, fast, and a preview. MoDA gives the final quality "
        "and needs the released files in models/moda.",
    )


def face_choice(tooltip: str) -> list[io.Input]:
    """Return the number of a face among several, and their order."""
    return [
        number("face_index", Scale(0, 99, default=0), f"{tooltip}; 0 is the first."),
        choice(
            "face_order",
            list(FACE_ORDERS),
            "Order of several faces: by size, from left to right, or by distance from the center "
            "of the picture.",
        ),
    ]


def crop_scale(advanced: bool = False) -> io.Input:
    return number(
        "crop_scale",
        Scale(1.2, 5.0, default=2.3, step=0.05),
        "Size of the crop relative to the face. Higher includes more of head and shoulders with "
        "less detail. The built-in renderer animates the same region at any value.",
        advanced,
    )


def clip_timing() -> io.Input:
    return io.Combo.Input(
        "clip_timing",
        options=list(CLIP_TIMING),
        default=CLIP_TIMING[0],
        optional=True,
        tooltip="For portraits of MoDA Track Face: 'as the clip' keeps the video's own frames, "
        "their times and colors; 'fps' shows it at the rate 'fps'.",
    )


def steps(default: int, tooltip: str) -> io.Input:
    return number("steps", Scale(1, 200, default), tooltip)


def guidance(tooltip: str) -> io.Input:
    return number("guidance", Scale(1.0, 10.0, default=1.2), tooltip)


def seed(default: int, tooltip: str) -> io.Input:
    return io.Int.Input(
        "seed",
        default=default,
        min=0,
        max=MAX_SEED,
        step=1,
        control_after_generate=True,
        tooltip=tooltip,
    )


def weight(name: str, default: float, tooltip: str) -> io.Input:
    """Return an input for a share, 0 to 1."""
    return number(name, Scale(0.0, 1.0, default), tooltip)


def intensity(tooltip: str) -> io.Input:
    return number("intensity", Scale(0.0, 2.0, default=1.0), tooltip)


def gain(name: str, tooltip: str, advanced: bool = False) -> io.Input:
    """Return an input for a factor on movement, 1 by default."""
    return number(name, Scale(0.0, 5.0, default=1.0), tooltip, advanced)


def precision() -> io.Input:
    return choice(
        "precision",
        ["auto", "fp32", "fp16", "bf16"],
        "Precision of weights and computation. 'auto' lets ComfyUI choose; fp16 halves the "
        "memory at almost the same result; bf16 is coarser. The built-in parts always use fp32.",
        advanced=True,
    )
