"""The faces of a picture or a video, for the view that shows them on a node."""

import io
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from ..moda_core.errors import InputFileError, MoDAError
from ..moda_core.face.choose_face import choose_face, ordered_faces
from ..moda_core.face.face_text import EXTRA_NAMES, POINT_NAMES, parse_box, parse_points
from ..moda_core.face.find_faces import find_faces
from ..moda_core.face.follow_face import LATER_REMEDY, first_faces
from ..moda_core.face.given_points import named_points
from ..moda_core.face.landmarks import FaceLandmarks
from ..moda_core.portrait.find_face import FaceChoice, chosen_face, given_face
from ..moda_core.video.footage import open_footage
from . import _host
from ._convert import parsed
from ._user_files import shown_file
from .example import PICTURES, example_picture

MOST_KEPT = 16  # pictures whose faces are remembered
PREVIEW_SIDE = 1536  # pixels of the longer side
PREVIEW_QUALITY, RUN_QUALITY = 85, 92
LARGEST_GREY = 255.0
SEARCHED_S = 30.0  # of a video, for the first frame with a face
LABELS = {name: name.replace("_", " ") for name in (*POINT_NAMES, *EXTRA_NAMES)}

Answer = tuple[int, dict]  # HTTP status, and JSON


@dataclass(frozen=True, eq=False)
class SeenPicture:
    """What is found in a picture.

    Parameters
    ----------
    size : (height, width)
    faces : list of FaceLandmarks
        As `find_faces` returns them.
    is_complete : bool
        Whether small faces were searched for too.
    preview : bytes
        JPEG of at most `PREVIEW_SIDE` pixels.
    time_s : float
        Of the frame in a video.
    """

    size: tuple[int, int]
    faces: list[FaceLandmarks]
    is_complete: bool
    preview: bytes
    time_s: float = 0.0


class RunPictures:
    """Pictures that nodes saw in a run, the last ones, for those that are no file."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[bytes, Tensor | None]] = OrderedDict()
        self._lock = Lock()

    def add(self, picture: Tensor, mask: Tensor | None) -> str:
        """Keep a picture (H, W, 3), uint8, and a mask (H, W); return the name to ask for."""
        name = uuid.uuid4().hex
        with self._lock:
            self._kept[name] = _jpeg(picture, RUN_QUALITY), mask
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return name

    def get(self, name: str) -> tuple[bytes, Tensor | None]:
        """Return a picture as JPEG, and its mask; FileNotFoundError if it is no longer kept."""
        with self._lock:
            kept = self._kept.get(name)
        if kept is None:
            raise FileNotFoundError("The picture of that run is no longer known. Run again.")
        return kept


_runs = RunPictures()


def seen_picture(picture: Tensor, mask: Tensor | None = None) -> dict:
    """Return what a node shows of the picture (H, W, 3), uint8, in which it finds faces."""
    return _host.for_page("moda_seen", {"filename": _runs.add(picture, mask), "type": "run"})


class Source:
    """A picture of which the page asks, by the query of a request.

    Raises `ValueError` if it is not one that the page may see, `InputFileError` without the file.
    """

    def __init__(self, query: Mapping[str, str]) -> None:
        name, kind = query.get("filename", ""), query.get("type", "input")
        self.mask, self._finds = None, _faces_of_picture
        if kind == "run":
            content, self.mask = _runs.get(name)
            self.key, self._read = (kind, name), lambda: loaded_picture(io.BytesIO(content))
            return
        if kind == "example":
            if name not in PICTURES:
                raise ValueError(f"There is no example '{name}'. Choose one of its menu.")
            self.key, self._read = (kind, name), lambda: example_picture(name)
            return
        path = shown_file(name, query.get("subfolder", ""), kind)
        state = path.stat()
        is_video = query.get("media") == "video"
        self.key = (str(path), is_video, state.st_mtime_ns, state.st_size)
        self._read = (lambda: path) if is_video else (lambda: loaded_picture(path))
        self._finds = _faces_of_video if is_video else _faces_of_picture

    def look(self, thoroughly: bool) -> SeenPicture:
        """Find the faces."""
        return self._finds(self._read(), thoroughly)

    def picture(self, time_s: float) -> Tensor:
        """Return the picture (H, W, 3), uint8, at its own size; of a video the frame at a time."""
        if self._finds is _faces_of_picture:
            return self._read()
        [picture] = open_footage(self._read()).images_at([time_s])
        return picture


class SeenPictures:
    """Pictures whose faces were found, the last ones; safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple, SeenPicture] = OrderedDict()
        self._lock = Lock()
        self._searches = {False: Lock(), True: Lock()}  # a quick one need not wait for a thorough

    def get(self, source: Source, thoroughly: bool) -> SeenPicture:
        """Return what is found in a picture, and look only if it is not known."""
        if (known := self._known(source.key, thoroughly)) is not None:
            return known
        with self._searches[thoroughly]:
            if (known := self._known(source.key, thoroughly)) is not None:
                return known
            seen = source.look(thoroughly)
            with self._lock:
                before = self._kept.pop(source.key, None)
                self._kept[source.key] = before if before and before.is_complete else seen
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
            return seen

    def _known(self, key: tuple, thoroughly: bool) -> SeenPicture | None:
        with self._lock:
            seen = self._kept.get(key)
            if seen is not None:
                self._kept.move_to_end(key)
            return seen if seen and (seen.is_complete or not thoroughly) else None


_seen = SeenPictures()


def faces_answer(query: Mapping[str, str]) -> Answer:
    """Return the faces of a picture, numbered as a node with these values numbers them.

    Parameters
    ----------
    query : mapping
        ``filename``, ``subfolder`` and ``type`` of the file, as the host's ``/view`` takes them;
        ``media`` is "video" for a video. ``type`` "example" is a picture of MoDAExample, "run" one
        that a node saw in a run. ``quick`` leaves small faces out. Values of the node: ``node``,
        ``face_index``, ``face_order``, ``points``, ``box``.

    Returns
    -------
    tuple of (int, dict)
        HTTP status; and ``size`` (width, height), ``faces``, each with ``box`` and ``points``, in
        pixels, ``order``, the indices of faces by their number, ``problem``, what a run would
        refuse, and the names of points. With a status of 400 or 404 ``error`` says what is wrong.
    """

    def answer() -> dict:
        source = Source(query)
        seen = _seen.get(source, thoroughly="quick" not in query)
        order, problem = [], ""
        try:
            order = numbered(seen, query, source.mask)
            check_choice(seen, query, source.mask)
        except (MoDAError, ValueError) as error:
            problem = str(error)
        return {
            "size": [seen.size[1], seen.size[0]],
            "version": "-".join(map(str, source.key[2:])),
            "is_complete": seen.is_complete,
            "faces": [described(face) for face in seen.faces],
            "order": order,
            "problem": problem,
            "point_names": POINT_NAMES,
            "extra_names": EXTRA_NAMES,
            "labels": LABELS,
        }

    return _answered(answer)


def picture_answer(query: Mapping[str, str]) -> tuple[int, dict | bytes]:
    """Return the picture in which `faces_answer` finds the faces, as a JPEG of a bounded size.

    ``part`` is a box of it, as of `parse_box`, in whole pixels inside the picture.
    """

    def answer() -> bytes:
        source = Source(query)
        seen = _seen.get(source, thoroughly=False)
        if not query.get("part"):
            return seen.preview
        left, top, width, height = map(int, parse_box(query["part"]))
        part = source.picture(seen.time_s)[top:, left:][:height, :width]
        if min(left, top) < 0 or not part.numel():
            raise ValueError(f"The part {query['part']} is not inside the picture.")
        return _preview(part)

    return _answered(answer)


def _answered(answer: Callable):
    try:
        return 200, answer()
    except FileNotFoundError as error:
        return 404, {"error": str(error)}
    except (MoDAError, ValueError) as error:
        return 400, {"error": str(error)}


def numbered(seen: SeenPicture, query: Mapping[str, str], mask: Tensor | None) -> list[int]:
    """Return the indices of the faces that a node chooses among, in its order."""
    box = parsed(parse_box, query.get("box", ""))
    order = query.get("face_order", "largest")
    chosen = ordered_faces(seen.faces, order, seen.size, mask, box)
    return [next(i for i, face in enumerate(seen.faces) if face is each) for each in chosen]


def check_choice(seen: SeenPicture, query: Mapping[str, str], mask: Tensor | None) -> None:
    """Raise the error of a run with these values."""
    if points := parsed(parse_points, query.get("points", "")):
        given_face(points, seen.size)
        return
    index, order = int(query.get("face_index", 0)), query.get("face_order", "largest")
    box = parsed(parse_box, query.get("box", ""))
    if query.get("node") == "MoDATrackFace":
        choose_face(seen.faces, index, order, mask, box, seen.size, LATER_REMEDY)
    else:
        chosen_face(seen.faces, FaceChoice(None, box, index, order, mask), seen.size)


def described(face: FaceLandmarks) -> dict:
    """Return a face as JSON takes it: its box (left, top, width, height), and its points."""
    left, top, right, bottom = face.box.round(1).tolist()
    points = {name: [round(x, 1), round(y, 1)] for name, (x, y) in named_points(face).items()}
    box = [left, top, round(right - left, 1), round(bottom - top, 1)]
    return {"box": box, "points": points}


def loaded_picture(file: Path | io.BytesIO) -> Tensor:
    """Read a picture (H, W, 3), uint8, as Load Image does: upright, and without its opacity."""
    try:
        with Image.open(file) as image:
            upright = ImageOps.exif_transpose(image)
            if upright.mode == "I":
                upright = upright.point(lambda value: value / LARGEST_GREY)
            return torch.from_numpy(np.array(upright.convert("RGB")))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        name = getattr(file, "name", "")
        raise InputFileError(f"'{name}' is not a picture that can be read.") from error


def _faces_of_picture(picture: Tensor, thoroughly: bool) -> SeenPicture:
    faces = find_faces(picture, every=thoroughly)
    return SeenPicture(tuple(picture.shape[:2]), faces, thoroughly, _preview(picture))


def _faces_of_video(path: Path, thoroughly: bool) -> SeenPicture:
    """Find the faces of the first frame with one; of the first frame of all if there is none."""
    footage, picture = open_footage(path), None

    def frames():
        nonlocal picture
        for frame in footage.frames():
            picture = frame.image if picture is None else picture
            if frame.time_s > SEARCHED_S:
                return
            yield frame

    found = first_faces(frames(), every=thoroughly)
    time_s, picture, faces = found or (0.0, picture, [])
    return SeenPicture(tuple(picture.shape[:2]), faces, thoroughly, _preview(picture), time_s)


def _preview(picture: Tensor) -> bytes:
    return _jpeg(picture, PREVIEW_QUALITY, PREVIEW_SIDE)


def _jpeg(picture: Tensor, quality: int, longest: int | None = None) -> bytes:
    image, stream = Image.fromarray(picture.cpu().contiguous().numpy()), io.BytesIO()
    if longest is not None:
        image.thumbnail((longest, longest))
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()
