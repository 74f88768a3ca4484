"""The identity of a job: a hash of what it reads and what it is asked for."""

import hashlib
import json
from dataclasses import fields
from functools import lru_cache
from pathlib import Path

from ...errors import InputFileError
from ...model_files.model_folder import find_model_files
from ...weights.released_files import RENDERER_PARTS
from ..kept import content_digest
from ..talk import TalkSettings
from ..talk_request import TalkRequest

# What is stated by contents instead, or does not belong to the clip.
NOT_STATED = ("motion", "background", "models", "save_motion")


def job_id(request: TalkRequest, outputs: dict[str, str]) -> str:
    """Return 64 hex digits for the contents of all files that a job reads, and its options.

    Options that have their default value count as not given. Names of input files do not matter.
    Of model files the names, sizes and times count, since hashing them would take minutes.

    Parameters
    ----------
    outputs : dict
        The output files that the job names itself, by option.

    Raises
    ------
    InputFileError
        If an input is missing or can't be read; the text names it.
    """
    settings, default = request.settings, TalkSettings()
    stated = {
        field.name: repr(getattr(settings, field.name))
        for field in fields(settings)
        if field.name not in NOT_STATED
        and getattr(settings, field.name) != getattr(default, field.name)
    }
    stated["portrait"] = _digest(request.portrait)
    if request.audio is not None:
        stated["audio"] = _digest(request.audio)
    if settings.motion is not None:
        stated["motion"] = _digest(settings.motion)
    if settings.background != default.background:
        is_file = isinstance(settings.background, Path)
        stated["background"] = _digest(settings.background) if is_file else settings.background
    if request.speakers:
        stated["speakers"] = [
            [name, repr(face), _digest(audio)] for name, face, audio in request.speakers
        ]
    if settings.models is not None:
        stated["models"] = _model_stamps(settings.models, settings.motion is not None)
    text = json.dumps(stated | {"outputs": outputs}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(path: Path) -> str:
    if not path.is_file():
        raise InputFileError(f"The file '{path}' does not exist.")
    try:
        return content_digest(path)
    except OSError as error:
        raise InputFileError(f"'{path}' can't be read ({error.strerror}).") from error


@lru_cache
def _model_stamps(folder: Path, is_player: bool) -> list:
    """Return name, size and time of the released files; errors as `find_model_files`."""
    found = find_model_files(folder, RENDERER_PARTS) if is_player else find_model_files(folder)
    named = [path for path in vars(found).values() if path is not None]
    files = [file for path in named for file in (path.iterdir() if path.is_dir() else [path])]
    return sorted((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files)
