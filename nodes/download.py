"""The node that checks for the released model files and downloads missing ones."""

import time

from comfy_api.latest import io

from ..moda_core.model_files.catalog import ModelFile, is_renderer, named_files
from ..moda_core.model_files.download import download_missing
from ..moda_core.model_files.identity import human_size
from ..moda_core.model_files.report import describe, report_files, summarise_licences
from . import _host, inputs

ALL = "all"


class MoDADownloadModels(io.ComfyNode):
    """Downloads the released files; no other node downloads anything."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Reports which released model files are installed, which are missing and "
            "where they belong. Downloads missing ones from the Hugging Face Hub, but only after "
            "you agree to their licences. The starter needs none of them.",
            search_aliases=["fetch", "net-200", "liveportrait", "hubert", "missing models"],
            is_output_node=True,
            inputs=[
                inputs.choice(
                    "files",
                    ["all", "net-200", "chinese-hubert-base", "renderer"],
                    "The files to check. 'all' is everything the released MoDA needs, 2.4 "
                    "GB: the motion model net-200, the audio encoder chinese-hubert-base, and the "
                    "renderer (five LivePortrait files). Installed files are not downloaded again.",
                ),
                io.Boolean.Input(
                    "agree",
                    default=False,
                    label_on="I agree to the licences",
                    label_off="check only",
                    tooltip="On: download the missing files. Off: only check. The weights of MoDA "
                    "state no licence beyond 'academic research'; LivePortrait and "
                    "chinese-hubert-base have the MIT licence. After Cancel, the next run "
                    "continues the download.",
                ),
            ],
            outputs=[
                io.String.Output(
                    display_name="report",
                    tooltip="Report of installed and missing files and their folders.",
                )
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def fingerprint_inputs(cls, files=ALL, agree=False) -> float:
        return time.time()  # files come and go, so the node runs every time

    @classmethod
    def execute(cls, files=ALL, agree=False) -> io.NodeOutput:
        chosen, places = named_files([] if files == ALL else [files]), _host.model_places()
        reports, stamps = report_files(places, chosen), _host.stamps()
        missing = [report.file for report in reports if report.is_missing]
        said = _invitation(missing)
        if agree and missing:
            fetched = download_missing(reports, stamps, _overall_progress(missing))
            reports = report_files(places, chosen)
            names = ", ".join(path.name for path in fetched)
            said = f"Downloaded: {names}. Press R to list them in the menus."
        _host.show_text(cls.hidden.unique_id, said)  # the page joins lines
        lines = [line for report in reports for line in describe(report, stamps)]
        return io.NodeOutput("\n".join([said, *lines]))


def _invitation(missing: list[ModelFile]) -> str:
    if not missing:
        return "All files are installed."
    names = [file.name for file in missing if not is_renderer(file)]
    rest = len(missing) - len(names)
    names += [f"{rest} of the renderer's 5 files"] if rest else []
    size = human_size(sum(file.about_size for file in missing))
    return (
        f"Missing: {', '.join(names)}, about {size}. To download them, switch on 'agree' and run "
        f"again. {summarise_licences(missing)}."
    )


def _overall_progress(missing: list[ModelFile]):
    """Return a function that gives each file a callback (done, size) into one progress bar."""
    bar, total = _host.Progress(), sum(file.about_size for file in missing)

    def progress_of(file: ModelFile):
        before = sum(other.about_size for other in missing[: missing.index(file)])
        return lambda done, size: bar(min(before + done, total), total)

    return progress_of
