"""What of the released files is there, what is missing, and where it belongs, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..audio.encoder_folder import WEIGHT_FILES
from ..errors import InputFileError
from ..file_format import SAFETENSORS, weights_format
from ..model_folder import RENDERER_PARTS, find_parts, find_renderers
from ..safetensors_header import read_header
from .catalog import ModelFile, is_renderer, published_files
from .identity import identify
from .places import Places
from .stamps import Stamps


@dataclass(frozen=True)
class FileReport:
    """What there is of one published file.

    Parameters
    ----------
    file : ModelFile
    looked_in : tuple of Path
        Folders.
    target : Path
        Where the file belongs.
    found : Path, optional
        The weights that a loader would open.
    problem : str, optional
        Why they are of no use: they are a web page, or cut short.
    """

    file: ModelFile
    looked_in: tuple[Path, ...]
    target: Path
    found: Path | None = None
    problem: str | None = None

    @property
    def is_missing(self) -> bool:
        """Whether nothing usable was found."""
        return self.found is None or self.problem is not None


def report_files(places: Places, files: Iterable[ModelFile] | None = None) -> list[FileReport]:
    """Look for published files, or other forms of them.

    Only the beginnings of files are read, no hash is worked out.

    Parameters
    ----------
    places : Places
    files : iterable of ModelFile, optional
        Default all of the table.

    Returns
    -------
    list of FileReport
        The renderer's five files count as found only together: one folder has to hold them all,
        and where one holds some of them, the others belong there too.
    """
    files = published_files() if files is None else tuple(files)
    renderer = _find_renderer(places) if any(map(is_renderer, files)) else {}
    return [_report(file, places, renderer) for file in files]


def _report(file: ModelFile, places: Places, renderer: dict[str, Path]) -> FileReport:
    looked_in, target = places.of_part(file.part), places.target(file)
    if is_renderer(file):
        found = renderer.get(file.part)
        if found is None and renderer:
            target = _common_folder(renderer.values()) / target.name
    else:
        each = (getattr(find_parts(place, [file.part]), file.part) for place in looked_in)
        found = next(filter(None, each), None)
    weights = found and _weights(found)
    return FileReport(file, looked_in, target, weights, weights and _problem(weights))


def _find_renderer(places: Places) -> dict[str, Path]:
    """Return the first whole renderer, else the largest part of one, by part."""
    best: dict[str, Path] = {}
    for root in places.of_part(RENDERER_PARTS[0]):
        folders = [root / name for name in find_renderers(root)] or [root]
        for folder in folders:
            found = vars(find_parts(folder, RENDERER_PARTS))
            there = {part: found[part] for part in RENDERER_PARTS if found[part]}
            if len(there) > len(best):
                best = there
    return best


def _common_folder(paths: Iterable[Path]) -> Path:
    folders = [path.parent for path in paths]
    return next(place for place in (folders[0], *folders[0].parents) if _holds(place, folders))


def _holds(place: Path, folders: list[Path]) -> bool:
    return all(folder.is_relative_to(place) for folder in folders)


def _weights(found: Path) -> Path:
    """Return the file of weights of a part, which may be a folder of transformers."""
    inside = (found / name for name in WEIGHT_FILES)
    return next((path for path in inside if path.is_file()), found)


def _problem(path: Path) -> str | None:
    try:
        if weights_format(path) == SAFETENSORS:
            read_header(path)
    except InputFileError as error:
        return str(error)
    return None


def describe(report: FileReport, stamps: Stamps) -> list[str]:
    """Return lines about a file: what it is, what is there, and what to do where it is missing.

    Parameters
    ----------
    report : FileReport
    stamps : Stamps
        Of the files that were checked.
    """
    file, path = report.file, report.found
    lines = [f"{file.name}: {_size(file)}, licence {file.licence}"]
    if path is not None:
        lines.append(f"  found: {path} ({human_size(path.stat().st_size)})")
        lines.append(f"  {report.problem or identify(path, file.part, stamps)}")
    else:
        lines.append(f"  missing; looked in {', '.join(map(str, report.looked_in))}")
    if report.is_missing:
        lines += [f"  from: {file.url}", f"  to: {report.target}"]
    return lines


def summarise_licences(files: Sequence[ModelFile]) -> str:
    """Return one line on the licences of files, for reading before they are fetched.

    Parameters
    ----------
    files : sequence of ModelFile
    """
    by_page = {file.page: file.licence for file in files}
    return "Licences: " + "; ".join(f"{page}: {licence}" for page, licence in by_page.items())


def _size(file: ModelFile) -> str:
    return human_size(file.size) if file.size else f"about {human_size(file.about_size)}"


def human_size(num_bytes: int) -> str:
    """Return a size in the unit that suits it, such as "1.49 GB".

    Parameters
    ----------
    num_bytes : int
    """
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= step:
            return f"{num_bytes / step:.3g} {unit}"
    return f"{num_bytes} bytes"
