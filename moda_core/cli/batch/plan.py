"""From the lines of a job file to the jobs of a run, and the lines that can't be one."""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av

from ...errors import MoDAError
from ...motion.files.save import check_motion_suffix
from ...video.writer import check_suffix
from ..kept import content_digest
from ..talk_request import TalkRequest, read_request
from .job import FAILED, Job, Result
from .job_arguments import job_arguments, parse_arguments
from .job_file import Line
from .job_id import job_id

OUTPUTS = ("output", "save_motion")
SHOWN_ID = 8  # digits in the name of a file
PROBE = {"probesize": "32768"}  # bytes, of which headers need few; by default 5 million
UNFINISHED = ".unfinished"  # begins the names of folders for files that are being written


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`, from 1: every `count`-th line."""

    index: int = 1
    count: int = 1

    @property
    def suffix(self) -> str:
        """What the names of its own files end with; nothing for a whole batch."""
        return "" if self.count == 1 else f"-{self.index}-of-{self.count}"


@dataclass(frozen=True)
class _Draft:
    """A line whose options are understood, before its files are looked at."""

    line: Line
    arguments: list[str]
    request: TalkRequest
    outputs: dict[str, str]  # that the line names, relative to the folder, by option


def plan(
    lines: Sequence[Line],
    folder: Path,
    inputs: Path,
    common: Mapping[str, object] | None = None,
    shard: Shard | None = None,
) -> tuple[list[Job], list[Result]]:
    """Return the jobs of a shard, and failed results for its lines that can't be jobs.

    All shards of the same lines agree about the names of outputs: a line that names none gets
    those of its portrait and recording, and the lines after the first of such a name also the
    beginning of their id.

    Parameters
    ----------
    folder : Path
        Where outputs lie.
    inputs : Path
        What paths of inputs are relative to.
    common : mapping, optional
        Fields of all jobs that do not state their own.
    """
    shard = shard or Shard()
    drafts, problems = {}, {}
    for line in lines:
        try:
            drafts[line.number] = _draft(line, folder, Path(os.path.abspath(inputs)), common or {})
        except MoDAError as error:
            problems[line.number] = str(error)
    problems |= _repeated_outputs(drafts.values())
    read = {os.path.realpath(path) for draft in drafts.values() for path in draft.request.inputs}
    named = {name for draft in drafts.values() for name in draft.outputs.values()}
    plain_names = _plain_names(drafts.values(), {_folded(name) for name in named})
    jobs, failed, by_id = [], [], {}
    for line in lines[shard.index - 1 :: shard.count]:
        try:
            if line.number in problems:
                raise MoDAError(problems[line.number])
            draft = drafts[line.number]
            job = _job(draft, plain_names.get(line.number))
            if job.id in by_id:
                raise MoDAError(f"This is the same job as that of line {by_id[job.id]}.")
            for name in filter(None, (job.output, job.save_motion)):
                if os.path.realpath(folder / name) in read:
                    raise MoDAError(f"The output '{name}' is also an input. Name another file.")
        except MoDAError as error:
            failed.append(Result(_line_id(line), line.number, None, FAILED, 0.0, str(error)))
        else:
            by_id[job.id] = line.number
            jobs.append(job)
    return jobs, failed


def _draft(line: Line, folder: Path, inputs: Path, common: Mapping[str, object]) -> _Draft:
    if line.problem:
        raise MoDAError(line.problem)
    named = {name.replace("-", "_"): value for name, value in {**common, **line.fields}.items()}
    texts = {option: named.pop(option, None) for option in OUTPUTS}
    outputs = {
        option: inside(folder, option, text) for option, text in texts.items() if text is not None
    }
    arguments = job_arguments(named, inputs)
    request = read_request(parse_arguments(arguments))
    if "output" in outputs:
        check_suffix(outputs["output"], request.settings.transparent)
    if "save_motion" in outputs:
        check_motion_suffix(Path(outputs["save_motion"]))
    return _Draft(line, arguments, request, outputs)


def inside(folder: Path, option: str, text: object) -> str:
    """Return the path of an output relative to a folder, with slashes.

    Raises MoDAError if it is not a name inside the folder, links resolved.
    """
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise MoDAError(f"Expected the name of a file as '{option}', got {text!r}.")
    root = folder.resolve()
    try:
        path = (root / text).resolve()
    except (OSError, RuntimeError) as error:  # a circle of links, or a name that is too long
        raise MoDAError(f"The output '{text}' can't be written ({error}).") from error
    parts = path.relative_to(root).parts if path.is_relative_to(root) else ()
    if not parts or parts[0].startswith(UNFINISHED):
        raise MoDAError(f"The output '{text}' is outside of '{folder}'. Name a file inside it.")
    return "/".join(parts)


def _repeated_outputs(drafts: Iterable[_Draft]) -> dict[int, str]:
    """Return sentences, by line, for outputs that a line before has."""
    first, problems = {}, {}
    for draft in drafts:
        for name in draft.outputs.values():
            before = first.setdefault(_folded(name), draft.line.number)
            if before != draft.line.number:
                problems[draft.line.number] = f"The output '{name}' is also that of line {before}."
    return problems


def _plain_names(drafts: Iterable[_Draft], taken: set[str]) -> dict[int, str]:
    """Return the outputs, by line, of those that name none and are the first of their name."""
    taken, names = set(taken), {}
    for draft in drafts:
        name = draft.request.output_name
        if "output" not in draft.outputs and _folded(name) not in taken:
            taken.add(_folded(name))
            names[draft.line.number] = name
    return names


def _job(draft: _Draft, plain_name: str | None) -> Job:
    identity = job_id(draft.request, draft.outputs)
    output = draft.outputs.get("output") or plain_name
    if output is None:
        name = Path(draft.request.output_name)
        output = f"{name.stem}-{identity[:SHOWN_ID]}{name.suffix}"
    return Job(
        identity,
        draft.line.number,
        tuple(draft.arguments),
        output,
        draft.outputs.get("save_motion"),
        content_digest(draft.request.portrait),
        _sound_length(draft.request),
    )


def _sound_length(request: TalkRequest) -> float | None:
    """Return the seconds that are spoken, as the file's header says; None if it does not."""
    audios = [audio for _, _, audio in request.speakers] or [request.audio]
    lengths = []
    for path in filter(None, audios):
        try:
            with av.open(str(path), options=PROBE) as container:
                lengths.append((container.duration or 0) / av.time_base)
        except (av.error.FFmpegError, OSError, ValueError):
            return None  # its job will say what is wrong
    length = max(lengths, default=0.0) - request.settings.start_s
    return min(length, request.settings.seconds or length) if length > 0 else None


def _line_id(line: Line) -> str:
    return hashlib.sha256(f"line {line.number} {line.text}".encode()).hexdigest()


def _folded(name: str) -> str:
    """Return a name as file systems compare it that do not tell cases apart."""
    return name.casefold()
