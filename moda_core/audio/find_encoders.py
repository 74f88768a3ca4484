"""Find the speech encoders in a folder, for a menu."""

from functools import lru_cache
from pathlib import Path

from ..errors import InputFileError
from ..weights.input_file import walk_once
from .encoder_config import BASES, CONFIG_FILE, read_json
from .encoder_file import SUFFIX, encoder_prefix, read_shapes
from .encoder_folder import WEIGHT_FILES

# In a transformers folder along with its weights: a choice of its own, not another format.
HALF_FILES = ("model_fp16.safetensors",)


def find_encoders(folder: str | Path) -> list[str]:
    """List the folders and single files that `load_audio_encoder` may take.

    Parameters
    ----------
    folder : str or Path
        Searched with all its subfolders. Linked folders are entered once each.

    Returns
    -------
    list of str
        Paths relative to `folder`, sorted, with ``/`` on every system: folders with the
        configuration of a HuBERT or wav2vec 2.0, and safetensors files with such a header. Large
        models are included, so that the loader can say why they don't fit. Unreadable files are
        left out, and so are files inside transformers' folders, except half precision.
    """
    folder, found = Path(folder), []
    for place, names in walk_once(folder):
        # The folder itself would have no name in a menu.
        if place != folder and CONFIG_FILE in names and not set(WEIGHT_FILES).isdisjoint(names):
            found += [place] * _is_encoder_folder(place)
            files = [place / name for name in HALF_FILES if name in names]
        else:
            files = [place / name for name in names if name.lower().endswith(SUFFIX)]
        found += filter(_is_encoder_file, files)
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _is_encoder_folder(folder: Path) -> bool:
    try:
        return read_json(folder / CONFIG_FILE).get("model_type") in tuple(BASES)
    except InputFileError:
        return False


def _is_encoder_file(path: Path) -> bool:
    try:
        stat = path.stat()
    except OSError:
        return False
    return _holds_encoder(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4096)  # menus ask at every prompt
def _holds_encoder(path: Path, mtime_ns: int, size: int) -> bool:
    try:
        return encoder_prefix(read_shapes(path)) is not None
    except InputFileError:
        return False
