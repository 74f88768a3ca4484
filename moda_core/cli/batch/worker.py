"""One job in a process that has its models loaded."""

import logging
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ...errors import MoDAError
from ..kept import Kept
from ..talk_request import answer, doubt, read_request
from .job import DONE, FAILED, Job, Result
from .job_arguments import parse_arguments

logger = logging.getLogger(__name__)


class Worker:
    """Makes clips one after another; models, portraits and features stay between them.

    Parameters
    ----------
    folder : Path
        Of the batch, in which the outputs lie.
    unfinished : Path
        Folder on the same file system for files while they are written.
    """

    def __init__(self, folder: Path, unfinished: Path):
        self.folder, self.unfinished, self.kept = folder, unfinished, Kept()

    def run(self, job: Job) -> Result:
        """Make a clip; whatever goes wrong is in the result.

        The clip gets its name when it is complete, after the file of its motion. It is written
        under a name of its own, so that two processes can't spoil each other's.
        """
        start, status = time.perf_counter(), DONE
        try:
            with _warnings() as noticed:
                noticed += self._make(job)
        except MoDAError as error:
            status, noticed = FAILED, [str(error)]
        except Exception as error:  # of one job, which must not end the others
            logger.exception("The job of line %d failed.", job.line)
            status, noticed = FAILED, [f"Unexpected {type(error).__name__}: {error}"]
        seconds = round(time.perf_counter() - start, 3)
        return Result(job.id, job.line, job.output, status, seconds, " ".join(noticed))

    def _make(self, job: Job) -> list[str]:
        """Write the files of a job, and return sentences about them."""
        request, names = read_request(parse_arguments(job.arguments)), [job.output]
        if job.save_motion is not None:
            names.append(job.save_motion)
        token = f"{job.id[:16]}-{uuid.uuid4().hex[:8]}"
        parts = {name: self.unfinished / f"{token}{Path(name).suffix}" for name in names}
        if job.save_motion is not None:
            settings = replace(request.settings, save_motion=parts[job.save_motion])
            request = replace(request, settings=settings)
        try:
            for name in names:
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            result = answer(request, parts[job.output], kept=self.kept)
            for name in reversed(names):
                os.replace(parts[name], self.folder / name)
        except MoDAError as error:
            text = str(error)
            for name, part in parts.items():
                text = text.replace(str(part), str(self.folder / name))
            raise MoDAError(text) from error
        except OSError as error:
            raise MoDAError(f"'{job.output}' can't be written ({error.strerror}).") from error
        finally:
            for part in parts.values():
                part.unlink(missing_ok=True)
        return [doubt(request, result)] if result.uncertain else []


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Give a list to which the warnings of the block are added, instead of showing them."""
    found, root = [], logging.getLogger()
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: found.append(record.getMessage())
    root.addHandler(handler)
    try:
        yield found
    finally:
        root.removeHandler(handler)
