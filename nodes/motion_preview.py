"""The previews of motions that the page plays: what it is told, and the frames that it asks for."""

import threading
import uuid
import wave
from collections import OrderedDict
from io import BytesIO

from PIL import Image
from torch import Tensor

from ..moda_core.bundles.motion_preview import COLUMNS, SHEET_FRAMES, MotionPreview, motion_curves
from ..moda_core.motion.motion import Motion
from ..moda_core.portrait.portrait import Portrait
from . import _host

MOST_KEPT = 8
JPEG_QUALITY = 85

_previews: OrderedDict[str, MotionPreview] = OrderedDict()
_rendering = threading.Lock()  # one sheet at a time: more would only compete for the cores


def keep_preview(portrait: Portrait, motion: Motion, key: str | None = None) -> str:
    """Keep a motion to be played in the page; return its key. A known key's motion is replaced."""
    key = key or uuid.uuid4().hex
    known = _previews.get(key)
    if known is None:
        _previews[key] = MotionPreview(portrait, motion)
        while len(_previews) > MOST_KEPT:
            _previews.popitem(last=False)
    else:
        known.motion = motion
    return key


def described(motion: Motion, key: str | None, sound: dict | None = None) -> dict:
    """Return what the page needs to play a motion, as JSON.

    `sound` is a file as the host shows it; without a key there are curves alone.
    """
    return {
        "key": key,
        "frames": len(motion),
        "fps": motion.fps,
        "columns": COLUMNS,
        "sheet_frames": SHEET_FRAMES,
        "curves": motion_curves(motion),
        "sound": sound,
    }


def saved_sound(waveform: Tensor, sample_rate: int) -> dict:
    """Write a sound (C, T) into the temporary folder; return its file as the host shows it."""
    path = _host.temporary_path(".wav")
    samples = (waveform.clamp(-1, 1) * 32767).round().short().T.contiguous()
    with wave.open(str(path), "wb") as sound:
        sound.setparams((samples.shape[1], 2, sample_rate, 0, "NONE", ""))
        sound.writeframes(samples.numpy().tobytes())
    return {"filename": path.name, "subfolder": "", "type": "temp"}


def sheet_picture(key: str, index: int) -> bytes:
    """Return frames of a preview as JPEG; raises `ValueError` if there are none."""
    preview = _previews.get(key)
    if preview is None:
        raise ValueError("This preview is no longer kept. Change a value, such as a seed, and run.")
    with _rendering:
        sheet = preview.sheet(index)
    stream = BytesIO()
    Image.fromarray(sheet.numpy()).save(stream, "JPEG", quality=JPEG_QUALITY)
    return stream.getvalue()


async def answer_sheet(request):
    """Answer `/moda/motion?key=...&sheet=0` with frames side by side, as JPEG."""
    import asyncio

    from aiohttp import web

    key, sheet = request.query.get("key", ""), request.query.get("sheet", "0")
    try:
        picture = await asyncio.to_thread(sheet_picture, key, int(sheet))
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=404)
    return web.Response(body=picture, content_type="image/jpeg")
