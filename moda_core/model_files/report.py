"""What of the released files is there, what is missing, and where it belongs, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..weights.quick_check import find_problem
from .catalog import ModelFile, is_renderer, published_files
from .identity import human_size, identify
from .model_folder import RENDERER_PARTS, encoder_weights, find_parts, find_renderers
from .places import Places
from .stamps import Stamps

# Folders of LivePortrait's own layout, which belong together.
GROUPS = ("base_models", "retargeting_models")


@dataclass(frozen=True)
class FileReport:
    """What there is of one published file.

    Parameters
    ----------
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
            target = _beside(renderer, file.part, target)
    else:
        found = _find_single(file.part, looked_in)
    problem = found and find_problem(found)
    if is_renderer(file) and problem:
        target = found.with_name(target.name)  # where the others are
    return FileReport(file, looked_in, target, found, problem)


def _find_single(part: str, folders: tuple[Path, ...]) -> Path | None:
    """Return the file of weights of a part that needs no others: a usable one if there is one."""
    places = filter(None, (getattr(find_parts(folder, [part]), part) for folder in folders))
    found = [encoder_weights(place) if part == "encoder" else place for place in places]
    usable = (path for path in found if find_problem(path) is None)
    return next(usable, found[0] if found else None)


def _find_renderer(places: Places) -> dict[str, Path]:
    """Return the first whole renderer, else the largest part of one, by part."""
    best: dict[str, Path] = {}
    for root in places.of_part(RENDERER_PARTS[0]):
        for folder in [root / name for name in find_renderers(root)] or [root]:
            found = vars(find_parts(folder, RENDERER_PARTS))
            there = {part: found[part] for part in RENDERER_PARTS if found[part]}
            if len(there) < len(RENDERER_PARTS):
                there = max(_by_home(there), key=len, default={})
            if _num_usable(there) > _num_usable(best) or not best:
                best = there
    return best


def _num_usable(renderer: dict[str, Path]) -> int:
    return sum(find_problem(path) is None for path in renderer.values())


def _by_home(parts: dict[str, Path]) -> list[dict[str, Path]]:
    """Sort files into those that lie together."""
    homes: dict[Path, dict[str, Path]] = {}
    for part, path in parts.items():
        homes.setdefault(_home(path), {})[part] = path
    return list(homes.values())


def _home(path: Path) -> Path:
    folder = path.parent
    return folder.parent if folder.name in GROUPS else folder


def _beside(renderer: dict[str, Path], part: str, target: Path) -> Path:
    """Return where the rest of a renderer belongs whose other files are somewhere already."""
    folders = {path.parent for path in renderer.values()}
    if len(folders) == 1 and next(iter(folders)).name not in GROUPS:
        return next(iter(folders)) / target.name
    group = GROUPS[part == "stitching_retargeting_module"]
    return _home(next(iter(renderer.values()))) / group / target.name


def describe(report: FileReport, stamps: Stamps) -> list[str]:
    """Return lines about a file: what it is, what is there, and what to do where it is missing.

    Parameters
    ----------
    stamps : Stamps
        Of the files that were checked.
    """
    file, path = report.file, report.found
    lines = [f"{file.name}: {_size(file)}, licence {file.licence}"]
    if path is not None:
        lines.append(f"  found: {path}")
        lines.append(f"  {report.problem or identify(path, file.part, stamps)}")
    else:
        lines.append(f"  missing; looked in {', '.join(map(str, report.looked_in))}")
    if report.is_missing:
        lines += [f"  from: {file.url}", f"  to: {report.target}"]
    return lines


def summarise_licences(files: Sequence[ModelFile]) -> str:
    """Return one line on the licences of files, for reading before they are fetched."""
    by_page = {file.page: file.licence for file in files}
    return "Licences: " + "; ".join(f"{page}: {licence}" for page, licence in by_page.items())


def _size(file: ModelFile) -> str:
    return human_size(file.size) if file.size else f"about {human_size(file.about_size)}"
