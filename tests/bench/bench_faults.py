"""Fetching a model file while things go wrong: how often it ends as promised."""

import tempfile
from pathlib import Path

from tests.core.model_files.fault_cases import broken_promises, fault_cases
from tests.core.model_files.fault_processes import (
    disk_full,
    killed,
    refetched_after_cut,
    two_processes,
)

from .progress import Progress

REQUIRED_SHARE = 0.15  # fetched again after a cut at 90 %, less than


def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Run all fault cases on loopback; return the figures, and what broke if something did."""
    cases = {
        case.name: lambda folder, case=case: broken_promises(case, folder) for case in fault_cases()
    }
    cases |= {"disk full": disk_full, "two processes": two_processes, "killed": killed}
    progress, broken = Progress("faults", len(cases) + 1), {}
    with tempfile.TemporaryDirectory() as root:
        for index, (name, judge) in enumerate(cases.items()):
            progress(name)
            folder = Path(root) / str(index)
            folder.mkdir()
            broken[name] = judge(folder)
        progress("again after a cut")
        share = refetched_after_cut(Path(root))
    kept = sum(not reasons for reasons in broken.values())
    figures = {
        "cases": len(cases),
        "kept_promise": kept,
        "refetched_after_cut_at_90_percent": round(share, 4),
        "required_below": REQUIRED_SHARE,
    }
    if kept < len(cases):
        figures["broken"] = {name: reasons for name, reasons in broken.items() if reasons}
    return figures
