"""The node that says where the released files are, and fetches those that are missing."""

import time

from comfy_api.latest import io

from ..moda_core.model_files.catalog import ModelFile, is_renderer, named_files
from ..moda_core.model_files.download import download_missing
from ..moda_core.model_files.identity import human_size
from ..moda_core.model_files.report import describe, report_files, summarise_licences
from . import _host

ALL = "all"


class MoDADownloadModels(io.ComfyNode):
    """Fetches the released files; nothing else in the pack ever does."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDADownloadModels",
            display_name="MoDA Download Models",
            category="MoDA",
            description="Lists the released model files: where they were looked for, what is there "
            "and what is missing. Fetches the missing ones from the Hugging Face Hub, only after "
            "you agree to their licences. The starter needs none of them.",
            search_aliases=["fetch", "net-200", "liveportrait", "hubert", "missing models"],
            is_output_node=True,
            inputs=[
                io.Combo.Input(
                    "files",
                    options=["all", "net-200", "chinese-hubert-base", "renderer"],
                    default="all",
                    tooltip="'all' is everything that the released MoDA needs, 2.4 GB: the motion "
                    "model net-200, the audio encoder chinese-hubert-base, and the renderer, five "
                    "files of LivePortrait. What is there already is not fetched again.",
                ),
                io.Boolean.Input(
                    "agree",
                    default=False,
                    label_on="I agree to the licences",
                    label_off="only look",
                    tooltip="Off: nothing is fetched. The weights of MoDA state no licence beyond "
                    "'academic research'; LivePortrait and chinese-hubert-base are under the MIT "
                    "licence. On: the missing files are fetched. Cancel keeps what came so far, "
                    "and the next run goes on from there.",
                ),
            ],
            outputs=[
                io.String.Output(
                    display_name="report",
                    tooltip="What is there, what is missing, and where it belongs.",
                )
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def fingerprint_inputs(cls, files=ALL, agree=False) -> float:
        """Return what never stays the same: files come and go."""
        return time.time()

    @classmethod
    def execute(cls, files=ALL, agree=False) -> io.NodeOutput:
        """Look, fetch if agreed, and report."""
        chosen, places = named_files([] if files == ALL else [files]), _host.model_places()
        reports, stamps = report_files(places, chosen), _host.stamps()
        missing = [report.file for report in reports if report.is_missing]
        said = _invitation(missing)
        if agree and missing:
            fetched = download_missing(reports, stamps, _overall_progress(missing))
            reports = report_files(places, chosen)
            names = ", ".join(path.name for path in fetched)
            said = f"Fetched: {names}. Press R, so that the menus see them."
        _host.show_text(cls.hidden.unique_id, said)  # the page runs lines together
        lines = [line for report in reports for line in describe(report, stamps)]
        return io.NodeOutput("\n".join([said, *lines]))


def _invitation(missing: list[ModelFile]) -> str:
    if not missing:
        return "All files are there."
    names = [file.name for file in missing if not is_renderer(file)]
    rest = len(missing) - len(names)
    names += [f"{rest} of the renderer's 5 files"] if rest else []
    size = human_size(sum(file.about_size for file in missing))
    return (
        f"Missing: {', '.join(names)}, about {size}. To fetch them, switch on 'agree' and run "
        f"again. {summarise_licences(missing)}."
    )


def _overall_progress(missing: list[ModelFile]):
    """Return what makes the progress of each file a part of one bar, and lets Cancel stop it."""
    bar, total = _host.Progress(), sum(file.about_size for file in missing)

    def progress_of(file: ModelFile):
        before = sum(other.about_size for other in missing[: missing.index(file)])
        return lambda done, size: bar(min(before + done, total), total)

    return progress_of
