"""The results of a batch, a line for each job that has ended; a restart reads them.

The process that hands out the jobs is the only one that writes: into `results.jsonl`, or for a
shard into `results-i-of-n.jsonl`, so that no two processes write to one file. All of these are
read, so that a batch may be cut into other shards between two runs.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ...errors import OutputError
from .job import DONE, FAILED, Job, Result


class Results:
    """What earlier runs have done, and the file to which this one adds.

    Parameters
    ----------
    folder : Path
        Of the batch.
    suffix : str
        Of the name of the shard's own file.
    """

    def __init__(self, folder: Path, suffix: str = ""):
        self.folder, self.path = folder, folder / f"results{suffix}.jsonl"
        self._done: dict[str, str] = {}  # outputs by id
        self._failed: dict[str, str] = {}  # sentences by id
        self._owners: dict[str, str] = {}  # the id that wrote an output last
        for path in sorted(folder.glob("results*.jsonl")):
            for result in read_results(path):
                self._remember(result)

    def done_output(self, job: Job) -> str | None:
        """Return the output of a job that is done, if it is still there."""
        output = self._done.get(job.id)
        if output is None or self._owners[output] != job.id:
            return None
        return output if (self.folder / output).is_file() else None

    def failure(self, job_id: str) -> str | None:
        """Return why a job failed when it was last tried, or None."""
        return self._failed.get(job_id)

    def append(self, result: Result) -> None:
        """Add a result; raises OutputError if the file can't be written."""
        line = json.dumps(asdict(result), ensure_ascii=False) + "\n"
        try:
            with self.path.open("ab+") as file:
                if file.seek(0, os.SEEK_END):
                    file.seek(-1, os.SEEK_END)
                    line = line if file.read(1) == b"\n" else f"\n{line}"  # the last was cut off
                file.write(line.encode())
        except OSError as error:
            raise OutputError(
                f"'{self.path}' can't be written ({error.strerror}). Free some space, then run the "
                "same command again."
            ) from error
        self._remember(result)

    def _remember(self, result: Result) -> None:
        if result.status == DONE:
            self._done[result.id] = result.output
            self._owners[result.output] = result.id
            self._failed.pop(result.id, None)
        else:
            self._failed[result.id] = result.sentence


def read_results(path: Path) -> Iterator[Result]:
    """Yield the results in a file; lines that are cut off or of another kind are left out."""
    for line in path.read_bytes().split(b"\n"):
        try:
            result = Result(**json.loads(line))
        except (ValueError, TypeError):
            continue
        if result.status in (DONE, FAILED) and isinstance(result.id, str):
            yield result
