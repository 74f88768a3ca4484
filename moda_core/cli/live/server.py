"""The server of the live page, for this machine alone."""

import asyncio
import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import MoDAError
from ...example import SPEECH
from .messages import jpeg
from .stage import Stage
from .viewer import Viewer

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")  # by which a browser may call it
MOST_VIEWERS = 4
LARGEST_MESSAGE = 32 << 20  # bytes; a picture
HEARTBEAT_S = 20.0  # after which a page that does not answer has gone
PAGE = Path(__file__).parent / "page"
KINDS = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def refusal(host: str, origin: str | None, port: int) -> str | None:
    """Return why a request is refused, None if it is not.

    A page of another address may ask for anything on this machine, and its name may be made to
    point here: the browser then says the name in `host`, or the page in `origin`.
    """
    allowed = [f"{name}:{port}" for name in NAMES]
    if host not in allowed:
        return f"This server is for {' and '.join(allowed)} alone, not for {host!r}."
    if origin is not None and origin != f"http://{host}":
        return f"Pages of {origin!r} may not use this server."
    return None


def make_app(stage: Stage, make_viewer: Callable[..., Viewer] = Viewer) -> "web.Application":
    """Return the application: the page, its files, and the socket of each viewer."""
    from aiohttp import WSCloseCode, web

    sockets: set[web.WebSocketResponse] = set()
    encoders = ThreadPoolExecutor(2)

    @web.middleware
    async def guard(request: web.Request, handler) -> web.StreamResponse:
        port = request.transport.get_extra_info("sockname")[1]
        reason = refusal(request.host, request.headers.get("Origin"), port)
        if reason is not None:
            return web.Response(status=403, text=reason)
        return await handler(request)

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(HEADERS)

    async def send_file(request: web.Request) -> web.Response:
        path = PAGE / request.match_info.get("name", "index.html")
        if path.parent != PAGE or path.suffix not in KINDS or not path.is_file():
            raise web.HTTPNotFound(text=f"There is no file {path.name!r}.")
        return web.Response(body=path.read_bytes(), content_type=KINDS[path.suffix])

    async def send_speech(request: web.Request) -> web.Response:
        return web.Response(body=SPEECH.read_bytes(), content_type="audio/flac")

    async def send_portrait(request: web.Request) -> web.Response:
        return web.Response(body=jpeg(stage.portrait.image), content_type="image/jpeg")

    async def serve_viewer(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=LARGEST_MESSAGE, compress=False
        )
        await socket.prepare(request)
        if len(sockets) >= MOST_VIEWERS:
            text = f"{MOST_VIEWERS} pages are open, which is all. Close one of them, and reload."
            await socket.send_json({"type": "error", "text": text})
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
            return socket
        sockets.add(socket)
        try:
            await make_viewer(socket, stage, encoders).run()
        finally:
            sockets.discard(socket)
        return socket

    async def close_all(app: web.Application) -> None:
        closing = (socket.close(code=WSCloseCode.GOING_AWAY) for socket in set(sockets))
        await asyncio.gather(*closing, return_exceptions=True)
        encoders.shutdown(wait=False, cancel_futures=True)

    app = web.Application(middlewares=[guard])
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(close_all)
    app.router.add_get("/", send_file)
    app.router.add_get("/page/{name}", send_file)
    app.router.add_get("/portrait", send_portrait)
    app.router.add_get("/speech", send_speech)
    app.router.add_get("/live", serve_viewer)
    return app


async def serve(app: "web.Application", port: int, on_open: Callable[[str], None]) -> None:
    """Serve on this machine's own address until cancelled.

    Parameters
    ----------
    port : int
        0 is any free one.
    on_open : callable (address)
        Called when pages can be opened.

    Raises
    ------
    MoDAError
        If the port can't be used.
    """
    from aiohttp import web

    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                reason = error.strerror or str(error)
                raise MoDAError(f"The port {port} can't be opened ({reason}).") from error
            raise MoDAError(
                f"The port {port} is in use, perhaps by another 'run.py live'. Close it, or name "
                "another port with --port."
            ) from error
        on_open(f"http://{HOST}:{runner.addresses[0][1]}/")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
