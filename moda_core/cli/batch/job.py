"""One clip of a batch, and what became of it; both are small and can be sent anywhere."""

from dataclasses import dataclass

DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class Job:
    """One clip.

    Parameters
    ----------
    id : str
        Hash of the contents and options, see `job_id`.
    line : int
        Where it stands in the job file, from 1.
    arguments : tuple of str
        Of `talk`, without its outputs; paths are absolute.
    output : str
        The video, relative to the batch's folder, with slashes.
    save_motion : str, optional
        The file of its motion, likewise.
    subject : str
        What the picture is recognised by; jobs of one subject are best done by one worker.
    sound_s : float, optional
        Length of its recording in seconds; None if it is not known.
    """

    id: str
    line: int
    arguments: tuple[str, ...]
    output: str
    save_motion: str | None = None
    subject: str = ""
    sound_s: float | None = None


@dataclass(frozen=True)
class Result:
    """The result of a job, a line of `results.jsonl`.

    Parameters
    ----------
    id, line, output
        Of the job; a line that can't be read has an id of its own, and no output.
    status : {"done", "failed"}
    seconds : float
        Time that the job took.
    sentence : str
        Why it failed, or what was noticed on the way.
    """

    id: str
    line: int
    output: str | None
    status: str
    seconds: float = 0.0
    sentence: str = ""
