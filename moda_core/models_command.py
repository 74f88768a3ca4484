"""The command `models`: where the released files are, fetching, checking and converting them."""

import argparse
import shlex
from pathlib import Path

from .console import ByteBar, write_line
from .errors import InputFileError, MoDAError
from .model_files.catalog import named_files
from .model_files.convert import HALF_PARTS, check_part, convert_file
from .model_files.digest import file_digest
from .model_files.download import download_missing
from .model_files.identity import verify
from .model_files.places import command_line_places
from .model_files.report import FileReport, describe, report_files, summarise_licences
from .model_files.stamps import Stamps, user_stamps

PACK = Path(__file__).resolve().parents[1]
SAFETENSORS = ".safetensors"


def list_models(arguments: argparse.Namespace) -> None:
    """List the released files, after fetching, checking or converting them as asked.

    Parameters
    ----------
    arguments : argparse.Namespace
        Of a parser with `add_models_arguments`.

    Raises
    ------
    MoDAError
        If a name is not known, no folder is known, or something could not be done; the list comes
        before.
    """
    if arguments.fp16 and not arguments.convert:
        raise MoDAError("--fp16 is a way of converting. Add --convert, or leave it out.")
    try:
        files = named_files(arguments.names)
    except ValueError as error:
        raise MoDAError(str(error)) from error
    places, stamps = command_line_places(arguments.models, PACK), user_stamps()
    reports = report_files(places, files)
    if arguments.download:
        download(reports, stamps)
        reports = report_files(places, files)
    problems = []
    if arguments.verify:
        problems += check_each(reports, stamps)
    if arguments.convert:
        problems += convert_each(reports, stamps, arguments.fp16)
        reports = report_files(places, files)
    for report in reports:
        write_line("\n".join(describe(report, stamps)))
    write_line(next_step(reports, arguments.models))
    if problems:
        raise InputFileError("\n".join(problems))


def download(reports: list[FileReport], stamps: Stamps) -> None:
    """Fetch what is missing, after saying under which licences.

    Parameters
    ----------
    reports : list of FileReport
    stamps : Stamps
        Gets the hashes.

    Raises
    ------
    DownloadError
        If a file could not be fetched.
    """
    missing = [report.file for report in reports if report.is_missing]
    if not missing:
        return
    write_line(summarise_licences(missing))
    try:
        download_missing(reports, stamps, lambda file: ByteBar(file.name))
    except KeyboardInterrupt:
        raise MoDAError("Stopped; the same command goes on from here.") from None


def check_each(reports: list[FileReport], stamps: Stamps) -> list[str]:
    """Check the hashes of what was found; return what is wrong.

    Parameters
    ----------
    reports : list of FileReport
    stamps : Stamps
        Gets the hashes.
    """
    problems = []
    for report in reports:
        if report.is_missing:
            continue
        bar = ByteBar(report.found.name)
        try:
            verify(report.found, report.file.part, stamps, check_part, bar)
        except InputFileError as error:
            problems.append(str(error))
    return problems


def convert_each(reports: list[FileReport], stamps: Stamps, half: bool) -> list[str]:
    """Convert what is no safetensors yet; return what could not be converted.

    Parameters
    ----------
    reports : list of FileReport
    stamps : Stamps
        Gets the hashes of the new files.
    half : bool
        Whether to store half precision, of safetensors files too.
    """
    problems = []
    for report in reports:
        path, part = report.found, report.file.part
        if report.is_missing or (path.suffix == SAFETENSORS and not half):
            continue
        if half and part not in HALF_PARTS:
            write_line(f"{report.file.name}: stays as it is, since it needs full precision.")
            continue
        try:
            new = convert_file(path, part, half, ByteBar(path.name))
            stamps.record(new, file_digest(new))
        except MoDAError as error:
            problems.append(str(error))
        else:
            write_line(f"{report.file.name}: {new}")
    return problems


def next_step(reports: list[FileReport], folder: Path | None) -> str:
    """Return the last line of the list: what is missing, and the command that fetches it.

    Parameters
    ----------
    reports : list of FileReport
    folder : Path, optional
        That the user named.
    """
    missing = [report.file.name for report in reports if report.is_missing]
    if not missing:
        return "Nothing is missing."
    where = f" --models {shlex.quote(str(folder))}" if folder else ""
    return f"Missing: {', '.join(missing)}. Fetch with: python run.py models --download{where}"
