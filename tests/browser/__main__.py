"""`python run.py browser-test [WORKFLOW.json ...]`: templates in a real page, in both renderers.

Without names, all of the pack's templates are opened, the nodes' views are used, and workflows that
one renderer saves are opened in the other.

`python run.py browser-test --exchange FOLDER` does the last of these alone, and with other hosts:
it saves workflows into the folder, named after ComfyUI's version and the renderer, and opens all
that lie there, also those of other versions. With two hosts, run it on one, on the other, and on
the first again:

    COMFYUI_PATH=OLD old/bin/python run.py --here browser-test --exchange FOLDER
    COMFYUI_PATH=NEW new/bin/python run.py --here browser-test --exchange FOLDER
    COMFYUI_PATH=OLD old/bin/python run.py --here browser-test --exchange FOLDER

`python run.py browser-test --live [--long] [--size PIXELS]` uses the page of `run.py live` instead,
and needs no ComfyUI.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from .archive import ROOT
from .findings import our_messages, template_problems
from .live import live_problems
from .server import PACK, Server, running
from .tools import MissingToolError, Tools, find_tools

WORKFLOWS = ROOT / "workflows"
BLUEPRINTS = ROOT / "subgraphs"
SCREENSHOTS = ROOT / "output" / "browser"
RENDERERS = {"canvas": False, "nodes2": True}
PAGE_LIMIT_S = 1500
SMALLEST_VIDEO = 10_000  # bytes
FILE_SETTLE_S = 5


def quick_start(names: list[str]) -> str:
    """Return the name of the starter's quick start among the templates'.

    Parameters
    ----------
    names : list of str
        Of files, without endings.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If there is none.
    """
    for name in names:
        if {"starter", "quick"} <= set(re.split(r"\W|_", name.lower())):
            return name
    raise ValueError(f"No template is the starter's quick start, among {names}.")


def use_page(tools: Tools, server: Server, renderer: str, workflows: dict, folder: Path) -> dict:
    """Drive the page in one renderer.

    Parameters
    ----------
    tools : Tools
        What to start.
    server : Server
        Runs.
    renderer : {"canvas", "nodes2"}
        How the page draws nodes.
    workflows : dict of str to dict
        The templates, by name.
    folder : Path
        For the job's file.

    Returns
    -------
    dict
        What `page.mjs` reports.

    Raises
    ------
    RuntimeError
        If the page can't be driven.
    """
    templates = [{"name": name, "workflow": graph} for name, graph in workflows.items()]
    job = {"templates": templates, "run": quick_start(list(workflows))}
    return run_script("page.mjs", job, tools, server, renderer, folder)


def use_views(tools: Tools, server: Server, renderer: str, folder: Path) -> list[str]:
    """Use the pack's own views in one renderer; returns what is wrong, a line each."""
    report = run_script("views.mjs", {}, tools, server, renderer, folder)
    middle, worst = statistics.median(report["times"]), max(report["times"])
    show(f"{renderer}: slider to picture: median {middle:.0f} ms, worst {worst:.0f} ms")
    return report["problems"] + our_messages(report["messages"])


def exchange(tools: Tools, server: Server, folder: Path, saved: Path) -> list[str]:
    """Save a workflow in each renderer, and open all that were saved, in both.

    Parameters
    ----------
    tools : Tools
        What to start.
    server : Server
        Runs.
    folder : Path
        For the jobs' files.
    saved : Path
        Folder of the workflows, this host's and those of other hosts.

    Returns
    -------
    list of str
        What has changed, a line each.
    """
    saved.mkdir(parents=True, exist_ok=True)
    problems = []
    for renderer in RENDERERS:
        report = run_script("exchange.mjs", {}, tools, server, renderer, folder)
        path = saved / f"{version_of(server)}-{renderer}.json"
        path.write_text(json.dumps(report["workflow"], indent=1), "utf-8")
        problems += [f"{renderer}: saving: {line}" for line in our_messages(report["messages"])]
    paths = sorted(saved.glob("*.json"))
    job = {"workflows": {path.stem: json.loads(path.read_text("utf-8")) for path in paths}}
    for renderer in RENDERERS:
        report = run_script("exchange.mjs", job, tools, server, renderer, folder)
        found = report["problems"] + our_messages(report["messages"])
        problems += [f"{renderer}: opening: {line}" for line in found]
        show(f"{renderer}: opened {', '.join(job['workflows'])}: {len(found)} problems")
    return problems


def version_of(server: Server) -> str:
    """Return ComfyUI's version."""
    return server.get("/system_stats")["system"]["comfyui_version"]


def run_script(
    name: str, job: dict, tools: Tools, server: Server, renderer: str, folder: Path
) -> dict:
    """Run a script that drives the page, and return what it reports.

    The job is completed by what every script needs. Raises `RuntimeError` if the script fails.
    """
    job = {
        **job,
        "url": server.url,
        "chromium": tools.chromium,
        "vue": RENDERERS[renderer],
        "prefix": str(SCREENSHOTS / f"{version_of(server)}-{renderer}-"),
    }
    path = folder / f"{renderer}.json"
    path.write_text(json.dumps(job), "utf-8")
    result = subprocess.run(
        [tools.node, str(Path(__file__).with_name(name)), str(path)],
        env={**os.environ, "NODE_PATH": tools.node_path},
        stdout=subprocess.PIPE,
        timeout=PAGE_LIMIT_S,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"The page could not be driven in the renderer {renderer}; see above.")
    return json.loads(result.stdout.splitlines()[-1])


def file_problems(server: Server, prompt_id: str) -> list[str]:
    """Check that a run left a video, and that nothing lies about half-written.

    Parameters
    ----------
    server : Server
        Ran the prompt.
    prompt_id : str
        Of the run that went to its end.

    Returns
    -------
    list of str
    """
    outputs = server.get(f"/history/{prompt_id}")[prompt_id]["outputs"]
    files = [
        file
        for output in outputs.values()
        for entries in output.values()
        for file in entries
        if isinstance(file, dict) and str(file.get("filename", "")).endswith(".mp4")
    ]
    problems = [] if files else ["the run left no video"]
    for file in files:
        query = urllib.parse.urlencode(file)
        with urllib.request.urlopen(f"{server.url}/view?{query}", timeout=30) as answer:
            size = len(answer.read())
        if size < SMALLEST_VIDEO:
            problems.append(f"the video {file['filename']} has only {size} bytes")
    time.sleep(FILE_SETTLE_S)
    left = [path.name for path in server.folder.rglob("*.part*")]
    return problems + [f"{name} was left behind half-written" for name in left]


def missing_offers(server: Server, names: list[str]) -> list[str]:
    """Check that ComfyUI's menus offer all templates and blueprints.

    Parameters
    ----------
    server : Server
        Runs.
    names : list of str
        Of the pack's templates.

    Returns
    -------
    list of str
    """
    subgraphs = server.get("/global_subgraphs").values()
    pairs = {
        "templates": (server.get("/workflow_templates").get(PACK, []), names),
        "blueprints": (
            [each["name"] for each in subgraphs if each["info"]["node_pack"].endswith(f".{PACK}")],
            [path.stem for path in BLUEPRINTS.glob("*.json")],
        ),
    }
    return [
        f"ComfyUI offers the {kind} {sorted(offered)}, the pack has {sorted(ours)}"
        for kind, (offered, ours) in pairs.items()
        if sorted(offered) != sorted(ours)
    ]


def check(tools: Tools, folder: Path, files: list[str], saved: Path | None) -> list[str]:
    """Run the whole test, or the exchange alone.

    Parameters
    ----------
    tools : Tools
        What to start.
    folder : Path
        For the server; empty.
    files : list of str
        Paths of workflows; all of the pack's templates if empty.
    saved : Path or None
        Folder of workflows that hosts have saved, for the exchange alone.

    Returns
    -------
    list of str
        What is wrong, a line each.

    Raises
    ------
    RuntimeError
        If the server or the page can't be driven.
    ValueError
        If there is no quick start among the templates.
    """
    paths = [Path(file) for file in files] or sorted(WORKFLOWS.glob("*.json"))
    workflows = {path.stem: json.loads(path.read_text("utf-8")) for path in paths}
    quick_start(list(workflows))
    with running(tools.comfyui, tools.interpreter, folder) as server:
        if saved:
            return exchange(tools, server, folder, saved)
        problems = [] if files else missing_offers(server, list(workflows))
        for renderer in RENDERERS:
            report = use_page(tools, server, renderer, workflows, folder)
            problems += [f"{renderer}: {line}" for line in our_messages(report["messages"])]
            schemas = server.get("/object_info")
            for result in report["templates"]:
                name = result["name"]
                found = template_problems(result, workflows[name], schemas)
                if "cancelled" in result:
                    found += file_problems(server, result["ran"]["end"]["detail"]["prompt_id"])
                    show(f"{renderer}: cancelled in {result['cancelled']['seconds']:.1f} s")
                problems += [f"{renderer}: {name}: {line}" for line in found]
                show(f"{renderer}: {name}: {len(found)} problems")
            found = [] if files else use_views(tools, server, renderer, folder)
            problems += [f"{renderer}: {line}" for line in found]
            show(f"{renderer}: the views of nodes: {len(found)} problems")
        problems += [] if files else exchange(tools, server, folder, folder / "saved")
    return problems


def show(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the test; return 0 if all is well, 1 if not, 2 if something is missing."""
    parser = argparse.ArgumentParser(prog="run.py browser-test")
    parser.add_argument("workflows", nargs="*", help="all of the pack's templates by default")
    parser.add_argument("--exchange", type=Path, metavar="FOLDER", help="save and open there")
    parser.add_argument("--live", action="store_true", help="test the page of 'run.py live'")
    parser.add_argument("--long", action="store_true", help="with --live: listen for ten minutes")
    parser.add_argument("--size", type=int, help="with --live: of the picture")
    options = parser.parse_args()
    try:
        if options.live:
            return report(live_problems(options.size, options.long, show))
        tools = find_tools()
    except MissingToolError as error:
        show(str(error))
        return 2
    except RuntimeError as error:
        return report([str(error)])
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            problems = check(tools, Path(folder), options.workflows, options.exchange)
        except (RuntimeError, ValueError) as error:
            problems = [str(error)]
    return report(problems)


def report(problems: list[str]) -> int:
    """Show what is wrong; return the exit status."""
    for line in problems:
        show(line)
    show(f"{len(problems)} problems; screenshots are in {SCREENSHOTS}")
    return int(bool(problems))


if __name__ == "__main__":
    raise SystemExit(main())
