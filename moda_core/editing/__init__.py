"""Edits of finished motion: mix, pose, smooth, retime, fade, join and more.

Each function takes motion and returns new motion. Modules are loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .eyes import set_blinks, set_gaze
    from .fading import fade, make_loop
    from .gestures import look, nod, shake
    from .idling import idle
    from .joining import concat
    from .lips import close_in_silence, scale_lips
    from .mixing import mix
    from .pose import AxisAdjustment, adjust_pose
    from .pose_keys import apply_pose_keys, parse_pose_keys
    from .retiming import retime
    from .script.director import direct
    from .script.script_parser import parse_script
    from .smoothing import OneEuro, SavitzkyGolay, smooth

# Where each public name is defined.
_HOMES = {
    "AxisAdjustment": "pose",
    "OneEuro": "smoothing",
    "SavitzkyGolay": "smoothing",
    "adjust_pose": "pose",
    "apply_pose_keys": "pose_keys",
    "close_in_silence": "lips",
    "concat": "joining",
    "direct": "script.director",
    "fade": "fading",
    "idle": "idling",
    "look": "gestures",
    "make_loop": "fading",
    "mix": "mixing",
    "nod": "gestures",
    "parse_pose_keys": "pose_keys",
    "parse_script": "script.script_parser",
    "retime": "retiming",
    "scale_lips": "lips",
    "set_blinks": "eyes",
    "set_gaze": "eyes",
    "shake": "gestures",
    "smooth": "smoothing",
}

__all__ = [
    "AxisAdjustment",
    "OneEuro",
    "SavitzkyGolay",
    "adjust_pose",
    "apply_pose_keys",
    "close_in_silence",
    "concat",
    "direct",
    "fade",
    "idle",
    "look",
    "make_loop",
    "mix",
    "nod",
    "parse_pose_keys",
    "parse_script",
    "retime",
    "scale_lips",
    "set_blinks",
    "set_gaze",
    "shake",
    "smooth",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
