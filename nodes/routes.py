"""Routes that the pack's views in the page ask."""

import asyncio
from collections.abc import Awaitable, Callable

from ..moda_core.example import SPEECH
from .expression_preview import answer_expression
from .face_picker import faces_answer, picture_answer
from .motion_preview import answer_sheet

Handler = Callable[..., Awaitable]  # takes aiohttp's request, returns its response


async def example_speech(_):
    """Answer with the bundled speech, as its file."""
    from aiohttp import web

    return web.FileResponse(SPEECH)


async def faces(request):
    """Answer with the faces of a picture, as JSON."""
    return await _in_thread(faces_answer, request)


async def face_picture(request):
    """Answer with the picture in which faces are found, as JPEG."""
    return await _in_thread(picture_answer, request)


async def _in_thread(answer: Callable, request):
    """Answer beside the host's event loop, since networks run."""
    from aiohttp import web

    status, found = await asyncio.to_thread(answer, dict(request.rel_url.query))
    if isinstance(found, bytes):
        return web.Response(body=found, content_type="image/jpeg")
    return web.json_response(found, status=status)


ROUTES: dict[tuple[str, str], Handler] = {  # by method and path
    ("GET", "/moda/example_speech"): example_speech,
    ("GET", "/moda/motion"): answer_sheet,
    ("POST", "/moda/expression"): answer_expression,
    ("GET", "/moda/faces"): faces,
    ("GET", "/moda/face_picture"): face_picture,
}
