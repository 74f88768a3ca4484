"""The face that the page shows while an expression is set, without a run of the graph."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

from PIL import Image

from ..moda_core.bundles.face_preview import PreviewedFace, preview_expression, previewed_face
from ..moda_core.editing.expression import RANGES, Expression
from ..moda_core.errors import MoDAError
from ..moda_core.face.face_text import FACE_ORDERS, parse_box, parse_points
from ..moda_core.portrait.face_view import face_view
from ..moda_core.portrait.find_face import FaceChoice
from ..moda_core.portrait.image import read_image
from ..moda_core.portrait.portrait import Portrait
from . import _host
from ._convert import parsed
from ._user_files import shown_file
from .example import PICTURES, example_picture

SIZE, SAVED_SIZE = 256, 512  # longer side in pixels
FACES = 4  # that stay prepared
QUALITY = 90
WORKER = ThreadPoolExecutor(1, "moda_expression")


class Chosen(NamedTuple):
    """The values of MoDA Extract Identity's widgets of the same names."""

    face_index: int = 0
    face_order: str = FACE_ORDERS[0]
    points: str = ""
    box: str = ""

    def choice(self) -> FaceChoice:
        """Return the choice among a picture's faces; raises `ValueError` for a wrong text."""
        points, box = parsed(parse_points, self.points), parsed(parse_box, self.box)
        return FaceChoice(points, box, self.face_index, self.face_order)


async def answer_expression(request):
    """Answer with a JPEG, or with status 400 and what is wrong; see `expression_picture`."""
    from aiohttp import web  # of the host; nothing else here needs it

    try:
        asked = await request.json()
        loop = asyncio.get_running_loop()
        picture = await loop.run_in_executor(WORKER, expression_picture, asked)
    except (FileNotFoundError, MoDAError, ValueError) as error:
        return web.json_response({"error": str(error)}, status=400)
    return web.Response(body=picture, content_type="image/jpeg")


def expression_picture(asked: Mapping) -> bytes:
    """Render the picture that the page asks for, as a JPEG.

    `asked` holds ``picture``: filename, subfolder and type of a file, or ``example``, the name of
    one, by default the first; ``face``: fields of `Chosen`, optional; and ``values``: those of the
    node's widgets.
    Raises `ValueError`, `FileNotFoundError` or a `MoDAError` if something is wrong with it.
    """
    try:
        values = dict(asked["values"])
        expression = Expression(**{name: float(values[name]) for name in RANGES})
        face = _face(*_place(**asked["picture"]), Chosen(**asked.get("face", {})))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"The page's request is not understood: {error!r}.") from error
    if isinstance(face, str):
        raise ValueError(face)
    picture = preview_expression(face, expression, bool(values.get("neutralise")))
    encoded = BytesIO()
    Image.fromarray(picture.numpy()).save(encoded, "JPEG", quality=QUALITY)
    return encoded.getvalue()


def _place(
    filename: str | None = None,
    subfolder: str = "",
    type: str = "input",
    example: str = next(iter(PICTURES)),
) -> tuple[str, tuple[int, int]]:
    """Return an example's name or a file's path, and when the file was changed and its size."""
    if filename is None:
        if example not in PICTURES:
            raise ValueError(f"There is no example {example!r}. Use one of: {', '.join(PICTURES)}.")
        return example, (0, 0)
    path = shown_file(filename, subfolder, type)
    return str(path), (path.stat().st_mtime_ns, path.stat().st_size)


@lru_cache(maxsize=FACES)
def _face(place: str, stamp: tuple[int, int], chosen: Chosen) -> PreviewedFace | str:
    """Return the face in a file or an example, or why there is none."""
    try:
        image = example_picture(place) if place in PICTURES else read_image(place)
        return previewed_face(image, chosen.choice(), SIZE)
    except (MoDAError, ValueError) as error:
        return str(error)


def save_face(portrait: Portrait) -> dict[str, str]:
    """Save a portrait's face to the temporary folder; return the file as the page names it."""
    path = _host.temporary_path(".png")
    view, _ = face_view(portrait.image, portrait.landmarks, SAVED_SIZE)
    Image.fromarray(view.numpy()).save(path)
    return {"filename": path.name, "subfolder": "", "type": "temp"}
