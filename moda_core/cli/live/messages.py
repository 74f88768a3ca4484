"""What the page and the server send each other.

The page sends JSON objects with a `type`, and binary messages of which the first byte is their
kind. The server sends JSON objects, and frames.
"""

import json
import math
import struct
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image
from torch import Tensor

SOUND, PICTURE = 1, 2  # kinds of what the page sends
FRAME = 1  # kind of what the server sends
SOUND_HEAD = struct.Struct("<B3xI")  # kind, samples a second; then float32 samples
# Kind, whether it speaks, interruptions so far, index, opening of the jaw, place of its sound in
# all that was sent or NaN, bytes of sound (int16), seconds that a window takes; sound; JPEG.
FRAME_HEAD = struct.Struct("<BBHIffIf")
JPEG_QUALITY = 85
LONGEST_PIECE_S = 2.0
RATES = (8000, 192000)


@dataclass(frozen=True)
class FrameState:
    """What is told of a frame.

    Parameters
    ----------
    index : int
        Of the frame in its stream.
    turn : int
        Number of interruptions before it.
    is_speaking : bool
    jaw : float
        Opening of the jaw above rest.
    said_s : float or None
        Place of its sound in all that the page has sent; None at rest.
    cost_s : float
        Time that making a window takes.
    """

    index: int
    turn: int
    is_speaking: bool
    jaw: float
    said_s: float | None
    cost_s: float


def pack_frame(image: Tensor, sound: np.ndarray, state: FrameState) -> bytes:
    """Return the message of a frame: a picture (H, W, 3), uint8, and its sound (T,), float32."""
    samples = (np.clip(sound, -1.0, 1.0) * 32767).round().astype("<i2").tobytes()
    said_s = math.nan if state.said_s is None else state.said_s
    head = FRAME_HEAD.pack(
        *(FRAME, state.is_speaking, state.turn & 0xFFFF, state.index, state.jaw),
        *(said_s, len(samples), state.cost_s),
    )
    return b"".join((head, samples, jpeg(image)))


def jpeg(image: Tensor) -> bytes:
    """Return a picture (H, W, 3), uint8, as a JPEG file."""
    content = BytesIO()
    Image.fromarray(image.numpy()).save(content, "JPEG", quality=JPEG_QUALITY)
    return content.getvalue()


def read_text(text: str) -> dict:
    """Return the object of a text message; ValueError with a sentence if it is none."""
    try:
        message = json.loads(text)
    except ValueError as error:
        raise ValueError(f"Expected a JSON object, got {text[:40]!r}.") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ValueError(f"Expected a JSON object with a type, got {text[:40]!r}.")
    return message


def read_number(message: dict, name: str, least: float, most: float) -> float:
    """Return a number of a message; ValueError with a sentence if it is out of range."""
    value = message.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not least <= value <= most:
        raise ValueError(
            f"Expected {name} from {least:g} to {most:g} in {message['type']!r}, got {value!r}."
        )
    return value


def read_sound(message: bytes) -> tuple[np.ndarray, int]:
    """Return samples (T,), float32, and their rate; ValueError with a sentence if there are none.

    Not all values need to be finite.
    """
    size = len(message) - SOUND_HEAD.size
    if size <= 0 or size % 4:
        raise ValueError(f"Expected sound with whole samples of 4 bytes, got {size} bytes.")
    _, rate = SOUND_HEAD.unpack_from(message)
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"Expected a rate from {RATES[0]} to {RATES[1]}, got {rate}.")
    samples = np.frombuffer(message, "<f4", offset=SOUND_HEAD.size).astype(np.float32)
    if len(samples) > LONGEST_PIECE_S * rate:
        raise ValueError(
            f"Expected pieces of at most {LONGEST_PIECE_S:g} s, got {len(samples) / rate:.1f} s."
        )
    return samples, rate
