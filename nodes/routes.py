"""Routes that the pack's views in the page ask."""

from collections.abc import Awaitable, Callable

from ..moda_core.example import SPEECH
from .expression_preview import answer_expression
from .motion_preview import answer_sheet

Handler = Callable[..., Awaitable]  # takes aiohttp's request, returns its response


async def example_speech(_):
    """Answer with the bundled speech, as its file."""
    from aiohttp import web

    return web.FileResponse(SPEECH)


ROUTES: dict[tuple[str, str], Handler] = {  # by method and path
    ("GET", "/moda/example_speech"): example_speech,
    ("GET", "/moda/motion"): answer_sheet,
    ("POST", "/moda/expression"): answer_expression,
}
