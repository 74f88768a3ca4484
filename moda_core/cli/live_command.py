"""The command `live`."""

import argparse
import asyncio
import sys
import webbrowser

from ..errors import MoDAError
from .console import write_line
from .live_arguments import SIZES
from .talk_arguments import chosen_face, model_folder


def live(arguments: argparse.Namespace) -> None:
    """Serve the page until the user stops it; MoDAError if it can't be done."""
    try:
        import aiohttp  # noqa: F401 (before models are loaded for nothing)
    except ImportError as error:
        raise MoDAError(
            f"{sys.executable} lacks aiohttp. Install it: python -m pip install aiohttp"
        ) from error

    from .live.server import make_app, serve

    app = make_app(_stage(arguments))

    def on_open(address: str) -> None:
        write_line(f"Open {address} in a browser on this machine. Ctrl+C stops.")
        if not arguments.no_browser:
            webbrowser.open(address)

    try:
        asyncio.run(serve(app, arguments.port, on_open))
    except KeyboardInterrupt:
        write_line("Stopped.")


def _stage(arguments: argparse.Namespace):
    """Load the models, and prepare the portrait."""
    import torch

    from ..model_files.model_folder import PARTS
    from .kept import Kept
    from .live.stage import Stage, fitting_portrait
    from .talk import TalkSettings, check_device, load_bundle, released_files

    given = vars(arguments)
    models = given.get("models") or model_folder()
    if models is None and "precision" in given:
        raise MoDAError("--precision is for the released networks. Add --models FOLDER.")
    settings = TalkSettings(
        device=arguments.device,
        models=models,
        dtype=getattr(torch, given.get("precision", "float32")),
    )
    check_device(settings.device)
    bundle = load_bundle(released_files(settings, PARTS), settings, Kept(0))
    face, sizes = chosen_face(arguments), SIZES
    if "size" in given:
        sizes = (given["size"],)
    portrait, size, load = fitting_portrait(bundle, arguments.portrait, face, sizes)
    write_line(f"Frames of {size} pixels take {load:.0%} of the time in which they are shown.")
    return Stage(
        bundle,
        portrait,
        arguments.portrait,
        face,
        emotion=arguments.emotion,
        seed=arguments.seed,
        sizes=tuple(limit for limit in sizes if limit <= size),
    )
