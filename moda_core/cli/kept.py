"""What a process keeps from one video to the next: models, prepared pictures, audio features."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..audio.features import AudioFeatures
from ..model_files.digest import file_digest
from ..portrait.picture_kind import is_video

NUM_PICTURES = 16
FEATURE_BYTES = 256 << 20


class Shelf:
    """A bounded cache that drops what was not used for longest.

    Parameters
    ----------
    limit : int
        Largest sum of the sizes; 0 keeps nothing. The newest value stays, whatever its size.
    size_of : callable (value) -> int
        Default: 1 each.
    """

    def __init__(self, limit: int, size_of: Callable[[Any], int] = lambda value: 1):
        self._limit, self._size_of, self._values = limit, size_of, OrderedDict()

    def get(self, make: Callable[[], Any], *key: Hashable) -> Any:
        """Return the value of a key, making it if it is not here."""
        if not self._limit:
            return make()
        if key not in self._values:
            self._values[key] = make()
        self._values.move_to_end(key)
        total = sum(map(self._size_of, self._values.values()))
        while total > self._limit and len(self._values) > 1:
            _, dropped = self._values.popitem(last=False)
            total -= self._size_of(dropped)
        return self._values[key]


class Kept:
    """The values that several runs of `talk` share.

    Pictures and recordings are recognised by their content, whatever their names.

    Parameters
    ----------
    num_pictures : int
        How many prepared pictures to keep; 0 keeps nothing at all.
    feature_bytes : int
        Largest size of the audio features.
    """

    def __init__(self, num_pictures: int = NUM_PICTURES, feature_bytes: int = FEATURE_BYTES):
        self._models = Shelf(min(num_pictures, 1))  # they are the largest
        self._sources, self._portraits = Shelf(num_pictures), Shelf(num_pictures)
        self._features = Shelf(feature_bytes if num_pictures else 0, _feature_bytes)
        self._keeps = num_pictures > 0

    def models(self, settings, kind: str, load: Callable[[], Any]) -> Any:
        """Return a bundle or a renderer for `TalkSettings`."""
        return self._models.get(load, kind, *_network_key(settings))

    def source(self, path: Path, settings, open_picture: Callable[[], Any]) -> Any:
        """Return a picture with the landmarks of its face."""
        return self._sources.get(open_picture, *self._picture_key(path, settings))

    def portrait(self, path: Path, settings, prepare: Callable[[], Any]) -> Any:
        """Return the portrait that was prepared of a picture for the renderer.

        That of a video is not kept: it may be long.
        """
        if not self._keeps or is_video(path):
            return prepare()
        key = (*self._picture_key(path, settings), *_network_key(settings))
        return self._portraits.get(prepare, *key)

    def features(self, path: Path, settings, encode: Callable[[], Any]) -> Any:
        """Return the audio features of the chosen part of a recording."""
        part = settings.start_s, settings.seconds, settings.track, settings.channel
        key = (self._digest(path), *part, settings.loudness_db, *_network_key(settings))
        return self._features.get(encode, *key)

    def _picture_key(self, path: Path, settings) -> tuple:
        color = settings.background if isinstance(settings.background, str) else None
        choice = repr(settings.face), settings.max_side, settings.transparent
        return self._digest(path), *choice, color

    def _digest(self, path: Path) -> str | None:
        return content_digest(path) if self._keeps else None


def _feature_bytes(features: AudioFeatures) -> int:
    return features.values.nbytes


def _network_key(settings) -> tuple:
    return settings.models, settings.device, settings.dtype


def content_digest(path: Path) -> str:
    """Return the SHA-256 of a file, computed again only if its size or time has changed.

    Raises `OSError` if it can't be read.
    """
    status = path.stat()
    return _digest(path, status.st_size, status.st_mtime_ns)


@lru_cache(1 << 16)
def _digest(path: Path, size: int, modified_ns: int) -> str:
    return file_digest(path)
