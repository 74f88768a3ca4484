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

_NAMES = {
    "eyes": "set_blinks set_gaze",
    "fading": "fade make_loop",
    "gestures": "look nod shake",
    "idling": "idle",
    "joining": "concat",
    "lips": "close_in_silence scale_lips",
    "mixing": "mix",
    "pose": "AxisAdjustment adjust_pose",
    "pose_keys": "apply_pose_keys parse_pose_keys",
    "retiming": "retime",
    "script.director": "direct",
    "script.script_parser": "parse_script",
    "smoothing": "OneEuro SavitzkyGolay smooth",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}

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
