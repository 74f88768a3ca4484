"""Edits of finished motion: mix, pose, smooth, retime, fade, join and more.

Each function takes motion and returns new motion.
"""

from .expression import Expression, express
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
from .style.transfer import transfer_style

__all__ = [
    "AxisAdjustment",
    "Expression",
    "OneEuro",
    "SavitzkyGolay",
    "adjust_pose",
    "apply_pose_keys",
    "close_in_silence",
    "concat",
    "direct",
    "express",
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
    "transfer_style",
]
