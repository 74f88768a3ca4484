"""What may go wrong while a model file is fetched, and the end that is promised for each."""

import hashlib
import json
import random
import re
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from moda_core.errors import DownloadError
from moda_core.model_files.catalog import ModelFile
from moda_core.model_files.fetch import Fetched, fetch_file

from .hub_server import COMMIT, HTML, Fault, HubServer

NUM_BYTES = 400_000
TENTHS = tuple(range(10))
PATIENT_S, IMPATIENT_S = 10.0, 0.1  # timeouts
FILE = "the right file under its name"


@dataclass(frozen=True)
class FaultCase:
    """A fault and its promised end.

    Parameters
    ----------
    name : str
    fault : Fault
    promise : str
        `FILE`, or a pattern that the one sentence matches.
    kept : int
        At least so many bytes of the file stay for the next try.
    is_known : bool
        Whether the table has the size, the hash and the revision.
    """

    name: str
    fault: Fault
    promise: str = FILE
    kept: int = 0
    is_known: bool = True


def weights(num_bytes: int = NUM_BYTES, seed: int = 0) -> bytes:
    """Return a safetensors file of random bytes."""
    entry = {"x": {"dtype": "U8", "shape": [num_bytes - 264], "data_offsets": [0, num_bytes - 264]}}
    header = json.dumps(entry).encode().ljust(256)
    values = random.Random(seed).randbytes(num_bytes - 264)
    return len(header).to_bytes(8, "little") + header + values


def model_file(content: bytes | None = None, **changes) -> ModelFile:
    """Return an entry of the table; without content, size, hash and revision are not known."""
    known = {"size": None, "sha256": None, "revision": None}
    if content is not None:
        digest = hashlib.sha256(content).hexdigest()
        known = {"size": len(content), "sha256": digest, "revision": COMMIT}
    entry = {
        "name": "net-200",
        "part": "motion_model",
        "repo_id": "owner/name",
        "path": "folder/net-200.safetensors",
        "licence": "MIT",
        "target": "moda/net-200.safetensors",
    }
    return ModelFile(**{**entry, **known, **changes})


def tenth(index: int) -> int:
    """Return the byte at which a tenth of the file begins."""
    return NUM_BYTES * index // 10


def fault_cases() -> list[FaultCase]:
    """Return all cases that need one process and no limit of the system."""
    flipped = bytearray(weights())
    flipped[NUM_BYTES // 2] ^= 1
    lost, slow_down = "the connection", {"Retry-After": "1"}
    both = ("HEAD", "GET")
    page = "gave a web page, not 'net-200'"
    return [
        FaultCase("none", Fault()),
        FaultCase("nothing known", Fault(), is_known=False),
        FaultCase("slow", Fault(delay_s=0.002)),
        *(FaultCase(f"cut once at {i}/10", Fault(times=1, cut_after=tenth(i))) for i in TENTHS),
        *(
            FaultCase(f"reset once at {i}/10", Fault(times=1, cut_after=tenth(i), hard=True))
            for i in TENTHS
        ),
        FaultCase("cut after 0/10 of every answer", Fault(cut_after=0), lost),
        *(
            FaultCase(f"cut after {i}/10 of every answer", Fault(cut_after=tenth(i)))
            for i in TENTHS[1:]
        ),
        *(FaultCase(f"never beyond {i}/10", Fault(wall=tenth(i)), lost, tenth(i)) for i in TENTHS),
        FaultCase("cut, and no ranges", Fault(wall=tenth(6), ranges=False), lost, 1),
        FaultCase("longer length than sent, once", Fault(times=1, length_change=500)),
        FaultCase("shorter length than sent, once", Fault(times=1, length_change=-500)),
        FaultCase("longer length than sent", Fault(length_change=500)),
        FaultCase("shorter length than sent", Fault(length_change=-500), lost, NUM_BYTES - 500),
        FaultCase("wrong size told", Fault(both, linked_size=5), "size is 5, expected 400000"),
        FaultCase("content longer than told", Fault(content=weights() + b"more")),
        FaultCase("content shorter than told", Fault(content=weights()[:-9]), lost, NUM_BYTES - 9),
        FaultCase("wrong hash", Fault(content=bytes(flipped)), "its hash is .* expected"),
        FaultCase("wrong hash, once", Fault(times=1, content=bytes(flipped))),
        FaultCase(
            "wrong hash, known to the hub only", Fault(content=bytes(flipped)), "hash", 0, False
        ),
        FaultCase("404", Fault(both, status=404), r"status 404.*has gone"),
        FaultCase("403", Fault(both, status=403), r"status 403.*accept them.*HF_TOKEN"),
        FaultCase("401", Fault(both, status=401), r"status 401.*HF_TOKEN"),
        FaultCase("404 at the transfer", Fault(status=404), "status 404"),
        FaultCase("429 twice", Fault(both, 2, status=429, headers=slow_down)),
        FaultCase("429 twice at the transfer", Fault(times=2, status=429, headers=slow_down)),
        FaultCase("429 forever", Fault(both, status=429, headers=slow_down), "429.*6 failures"),
        FaultCase(
            "429 for an hour",
            Fault(both, status=429, headers={"Retry-After": "3600"}),
            r"429\. The hub asks to wait 3600 s",
        ),
        *(FaultCase(f"{i} twice", Fault(both, 2, status=i)) for i in (408, 500, 502, 503, 504)),
        FaultCase("500 forever", Fault(both, status=500), "status 500.*6 failures"),
        FaultCase("500 forever at the transfer", Fault(status=500), "status 500"),
        FaultCase("web page", Fault(both, html=True), page),
        FaultCase("web page at the transfer", Fault(html=True), page),
        FaultCase(
            "web page of no type", Fault(html=True, content_type="binary/octet-stream"), page
        ),
        FaultCase("web page of the right size", Fault(content=HTML.ljust(NUM_BYTES)), page),
        FaultCase(
            "no commit and no ETag",
            Fault(both, silent=True),
            "without commit and ETag, not 'net-200'",
        ),
        FaultCase("redirect on the host", Fault(redirect="relative")),
        FaultCase("redirect to another host", Fault(redirect="cdn")),
        FaultCase("redirect to another host, cut", Fault(redirect="cdn", cut_after=tenth(3))),
        FaultCase("no ranges", Fault(ranges=False)),
        FaultCase("other range than asked for", Fault(wrong_range=True)),
        FaultCase("silence, once", Fault(("HEAD",), 1, stall_after=-1)),
        FaultCase("silence", Fault(("HEAD",), stall_after=-1), "no answer came"),
        FaultCase("silence at the transfer", Fault(stall_after=-1), "no answer came"),
        FaultCase("silence in the middle, once", Fault(times=1, stall_after=tenth(5))),
    ]


def fetch(
    hub: HubServer,
    folder: Path,
    file: ModelFile | None = None,
    progress=None,
    sleep=None,
    timeout_s: float = PATIENT_S,
) -> Fetched:
    """Fetch from a server on loopback, with waits that take no time."""
    file = file or model_file(hub.content)
    sleep = sleep or (lambda seconds: None)
    target = folder / file.target
    with (
        patch("huggingface_hub.constants.HF_HUB_ETAG_TIMEOUT", timeout_s),
        patch("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", timeout_s),
    ):
        return fetch_file(file, target, progress, endpoint=hub.endpoint, sleep=sleep)


def broken_promises(case: FaultCase, folder: Path) -> list[str]:
    """Fetch with a fault; if that fails, again without it. Return what ended otherwise."""
    content = weights()
    file = model_file(content if case.is_known else None)
    timeout_s = PATIENT_S if case.fault.stall_after is None else IMPATIENT_S
    with HubServer(content, case.fault) as hub:
        try:
            fetch(hub, folder, file, timeout_s=timeout_s)
        except DownloadError as error:
            broken = judge_failure(str(error), folder, case.promise, case.kept)
            kept = sum(part.stat().st_size for part in parts_in(folder))
            hub.mend()
            fetch(hub, folder, file)
            if hub.num_sent() != NUM_BYTES - kept:
                broken.append(f"{hub.num_sent()} bytes fetched again with {kept} kept")
        else:
            broken = [] if case.promise == FILE else ["no error"]
        return broken + judge_file(folder, content)


def judge_failure(text: str, folder: Path, promise: str, kept: int) -> list[str]:
    """Return what is wrong about the end of a failed try."""
    broken = []
    if promise == FILE or not re.search(promise, text):
        broken.append(f"unexpected error: {text}")
    if "\n" in text or "Traceback" in text or not text.endswith("."):
        broken.append(f"not one paragraph: {text}")
    if (folder / model_file().target).exists():
        broken.append("something lies under the final name")
    there = [part.read_bytes() for part in parts_in(folder)]
    if len(there) > 1 or (there and not weights().startswith(there[0])):
        broken.append("the part is not the beginning of the file")
    if len(b"".join(there)) < kept:
        broken.append(f"{len(b''.join(there))} bytes are kept, at least {kept} were promised")
    if there and f"{len(there[0])} of" not in text:
        broken.append(f"the kept bytes are not told: {text}")
    return broken


def judge_file(folder: Path, content: bytes) -> list[str]:
    """Return what is wrong about the end of a try that worked."""
    target = folder / model_file().target
    names = sorted(path.name for path in target.parent.iterdir())
    broken = [] if names == [target.name] else [f"left behind: {names}"]
    if not target.exists() or target.read_bytes() != content:
        broken.append("not the right file")
    return broken


def parts_in(folder: Path) -> list[Path]:
    """Return all parts below a folder."""
    return sorted(folder.rglob("*.part"))
