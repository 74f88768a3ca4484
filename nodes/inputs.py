"""Inputs and outputs that several nodes share, each declared once."""

from comfy_api.latest import io

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
DAY_S = 86400.0
ADVANCED = {"advanced": True}  # newer pages fold these inputs away


def model_input(tooltip: str = "The motion model.") -> io.Input:
    return ModelType.Input("model", tooltip=tooltip)


def features_input() -> io.Input:
    return FeaturesType.Input(
        "audio_features",
        tooltip="Audio features of the speech. Must come from the encoder the motion model was "
        "trained with.",
    )


def portrait_input(tooltip: str = "The face to animate.", optional: bool = False) -> io.Input:
    return PortraitType.Input("portrait", tooltip=tooltip, optional=optional)


def renderer_inputs() -> list[io.Input]:
    """Return the links of the nodes that render."""
    return [
        RendererType.Input("renderer", tooltip="The renderer that made the portrait."),
        portrait_input(),
        motion_input("The motion to play. It may come from another face."),
    ]


def motion_input(tooltip: str = "The motion to edit.", optional: bool = False) -> io.Input:
    return MotionType.Input("motion", tooltip=tooltip, optional=optional)


def motion_output(tooltip: str) -> io.Output:
    return MotionType.Output(display_name="motion", tooltip=tooltip)


def emotion_input(
    tooltip: str = "Optional. When not connected, the speech alone sets the expression.",
) -> io.Input:
    return EmotionType.Input("emotion", optional=True, tooltip=tooltip)


def options_input(
    tooltip: str = "Optional. Options of another node, to combine with these.",
) -> io.Input:
    return SamplingType.Input("options", optional=True, tooltip=tooltip)


def sampling_options_input() -> io.Input:
    """Return the link for options of the nodes that sample."""
    return options_input("Optional. Sampling options. Defaults apply when not connected.")


def options_output(tooltip: str = "Sampling options for MoDA Sample Motion.") -> io.Output:
    return SamplingType.Output(display_name="options", tooltip=tooltip)


def steps_input(default: int, tooltip: str) -> io.Input:
    return io.Int.Input("steps", default=default, min=1, max=200, step=1, tooltip=tooltip)


def guidance_input(tooltip: str) -> io.Input:
    return io.Float.Input("guidance", default=1.2, min=1.0, max=10.0, step=0.05, tooltip=tooltip)


def seed_input(default: int, tooltip: str) -> io.Input:
    return io.Int.Input(
        "seed",
        default=default,
        min=0,
        max=MAX_SEED,
        step=1,
        control_after_generate=True,
        tooltip=tooltip,
    )


def weight_input(name: str, default: float, tooltip: str) -> io.Input:
    """Return an input for a share, 0 to 1."""
    return io.Float.Input(name, default=default, min=0.0, max=1.0, step=0.05, tooltip=tooltip)


def intensity_input(tooltip: str) -> io.Input:
    return io.Float.Input("intensity", default=1.0, min=0.0, max=2.0, step=0.05, tooltip=tooltip)


def gain_input(name: str, tooltip: str, advanced: bool = False) -> io.Input:
    """Return an input for a factor on movement, 1 by default."""
    return io.Float.Input(
        name,
        default=1.0,
        min=0.0,
        max=5.0,
        step=0.05,
        tooltip=tooltip,
        extra_dict=ADVANCED if advanced else None,
    )


def seconds_input(
    name: str,
    default: float,
    longest: float,
    tooltip: str,
    *,
    shortest: float = 0.0,
    step: float = 0.04,
    advanced: bool = False,
) -> io.Input:
    """Return an input for a time, by default in steps of a frame."""
    return io.Float.Input(
        name,
        default=default,
        min=shortest,
        max=longest,
        step=step,
        tooltip=tooltip,
        extra_dict=ADVANCED if advanced else None,
    )


def precision_input() -> io.Input:
    return io.Combo.Input(
        "precision",
        options=["auto", "fp32", "fp16", "bf16"],
        default="auto",
        tooltip="Precision of weights and computation. 'auto' lets ComfyUI choose; fp16 halves the "
        "memory at almost the same result; bf16 is coarser. The built-in parts always use fp32.",
        extra_dict=ADVANCED,
    )
