"""Format, version and layout that motion files of this project state."""

from typing import Any

FORMAT = "moda-motion"
VERSION = 1
UNITS = (
    "De-normalised, for a face of the data set's mean scale; angles in degrees: + pitch looks "
    "down, + yaw turns the nose to the image's left, + roll turns clockwise in the image."
)
LAYOUT = {
    "0-62": "expression: 21 keypoints, each x, y, z",
    "63": "scale",
    "64-66": "translation x, y, z",
    "67": "pitch",
    "68": "yaw",
    "69": "roll",
    "units": UNITS,
}


def check_version(version: Any) -> None:
    """Refuse other versions of the format."""
    if str(version)[:20] != str(VERSION):
        raise ValueError(f"its version is {str(version)[:20]!r}, and only {VERSION} can be read")
