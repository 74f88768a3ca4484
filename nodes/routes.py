"""Routes that the pack's views in the page ask."""

from collections.abc import Awaitable, Callable

Handler = Callable[..., Awaitable]  # takes aiohttp's request, returns its response

ROUTES: dict[tuple[str, str], Handler] = {}  # by method and path


def register_routes() -> None:
    """Add the routes to the host's server; does nothing without one."""
    from server import PromptServer

    server = getattr(PromptServer, "instance", None)
    if server is None:
        return
    for (method, path), handler in ROUTES.items():
        server.routes.route(method, path)(handler)
