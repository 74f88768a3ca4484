"""The command `models`: where the released files are, fetching, checking and converting them."""

import argparse
from pathlib import Path

from ..errors import DownloadError, InputFileError, MoDAError
from ..model_files.catalog import named_files
from ..model_files.convert import HALF_PARTS, check_part, convert_file
from ..model_files.digest import file_digest
from ..model_files.download import download_missing
from ..model_files.identity import verify
from ..model_files.places import command_line_places
from ..model_files.report import FileReport, describe, report_files, summarise_licences
from ..model_files.stamps import Stamps, user_stamps
from ..weights.converted import SUFFIX, conversion_path, is_current
from .console import ProgressBar, shell_word, write_line

PACK = Path(__file__).resolve().parents[2]


def list_models(arguments: argparse.Namespace) -> None:
    """List the released files, after fetching, checking or converting them as asked."""
    if arguments.fp16 and not arguments.convert:
        raise MoDAError("--fp16 is a way of converting. Add --convert, or leave it out.")
    try:
        files = named_files(arguments.names)
    except ValueError as error:
        raise MoDAError(str(error)) from error
    places, stamps = command_line_places(arguments.models, PACK), user_stamps()
    problems = []
    if arguments.download:
        problems += _download(report_files(places, files), stamps)
    if arguments.verify:
        problems += _check_each(report_files(places, files), stamps)
    if arguments.convert:
        problems += _convert_each(report_files(places, files), stamps, arguments.fp16)
    reports = report_files(places, files)
    for report in reports:
        write_line("\n".join(describe(report, stamps)))
    write_line(_next_step(reports, arguments.models))
    if problems:
        raise MoDAError("\n".join(problems))


def _download(reports: list[FileReport], stamps: Stamps) -> list[str]:
    """Fetch what is missing, after saying under which licences; return what went wrong."""
    missing = [report.file for report in reports if report.is_missing]
    if not missing:
        return []
    write_line(summarise_licences(missing))
    try:
        download_missing(reports, stamps, lambda file: ProgressBar(file.name, is_bytes=True))
    except DownloadError as error:
        return [str(error)]
    except KeyboardInterrupt:
        raise KeyboardInterrupt("Stopped; the same command goes on from here.") from None
    return []


def _check_each(reports: list[FileReport], stamps: Stamps) -> list[str]:
    """Check the hashes of what was found; return what is wrong."""
    problems = [report.problem for report in reports if report.problem]
    for report in reports:
        if report.is_missing:
            continue
        bar = ProgressBar(report.found.name, is_bytes=True)
        try:
            verify(report.found, report.file.part, stamps, check_part, bar)
        except InputFileError as error:
            problems.append(str(error))
    return problems


def _convert_each(reports: list[FileReport], stamps: Stamps, half: bool) -> list[str]:
    """Convert what is not safetensors, with `half` all to float16; return what went wrong."""
    problems = [report.problem for report in reports if report.problem]
    for report in reports:
        path, part = report.found, report.file.part
        if report.is_missing or (path.suffix == SUFFIX and not half):
            continue
        if half and part not in HALF_PARTS:
            write_line(f"{report.file.name}: is not halved; a loader's precision does that.")
            continue
        if is_current(conversion_path(path, half), path):
            continue
        try:
            new = convert_file(path, part, half, ProgressBar(path.name, is_bytes=True))
            stamps.record_new(new, file_digest(new), f"made of {path.name}")
        except MoDAError as error:
            problems.append(str(error))
        else:
            write_line(f"{report.file.name}: {new}")
    return problems


def _next_step(reports: list[FileReport], folder: Path | None) -> str:
    """Return the last line of the list: what is missing, and the command that fetches it."""
    missing = [report.file.name for report in reports if report.is_missing]
    if not missing:
        return "Nothing is missing."
    where = f" --models {shell_word(folder)}" if folder else ""
    return f"Missing: {', '.join(missing)}. Fetch with: python run.py models --download{where}"
