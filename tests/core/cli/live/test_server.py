"""The live page's server: whom it serves, where, and how many at a time."""

import asyncio
import socket

import pytest

aiohttp = pytest.importorskip("aiohttp")

from moda_core.cli.live.server import HOST, MOST_VIEWERS, refusal, serve  # noqa: E402
from moda_core.cli.live.server import make_app as application  # noqa: E402
from moda_core.errors import MoDAError  # noqa: E402

from .counting_stage import CountingStage  # noqa: E402
from .page_client import RATE, served, with_pages  # noqa: E402


def get(path, **headers):
    """Return status, headers and text of an answer; ``{port}`` in a header is the server's."""

    async def main():
        async with served(CountingStage()) as port, aiohttp.ClientSession() as session:
            own = {name: value.replace("{port}", str(port)) for name, value in headers.items()}
            async with session.get(f"http://{HOST}:{port}{path}", headers=own) as answer:
                return answer.status, answer.headers, (await answer.read()).decode("latin-1")

    return asyncio.run(main())


@pytest.mark.parametrize("path", ["/", "/page/main.js", "/page/live.css", "/portrait", "/speech"])
def test_the_page_and_its_files_are_served_to_this_machine(path):
    status, headers, text = get(path)

    assert status == 200
    assert text
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/page/server.py", "/page/..%2Fserver.py", "/page/none.js"])
def test_nothing_else_is_served(path):
    assert get(path)[0] == 404


@pytest.mark.parametrize("path", ["/", "/live"])
@pytest.mark.parametrize("origin", ["http://example.com", "null", "http://127.0.0.1:1"])
def test_pages_of_other_origins_are_refused(path, origin):
    status, _, text = get(path, Origin=origin)

    assert status == 403
    assert origin in text


@pytest.mark.parametrize("path", ["/", "/live"])
@pytest.mark.parametrize(
    "host", ["example.com:{port}", "127.0.0.1", "127.0.0.1.example.com:{port}"]
)
def test_other_names_of_this_machine_are_refused(path, host):
    status, _, text = get(path, Host=host)

    assert status == 403
    assert "alone" in text


def test_its_own_pages_are_let_in_by_both_names():
    for name in ("127.0.0.1", "localhost"):
        assert refusal(f"{name}:80", f"http://{name}:80", 80) is None
        assert refusal(f"{name}:80", None, 80) is None


def test_it_listens_on_this_machines_own_address_alone():
    async def main():
        async with served(CountingStage()) as port:
            with socket.socket() as other:  # taken, were it bound on all addresses
                other.bind(("127.0.0.2", port))
            with pytest.raises(MoDAError, match=rf"port {port} is in use.*--port"):
                await serve(application(CountingStage()), port, print)

    asyncio.run(main())


def test_viewers_are_limited_and_the_next_is_told():
    async def act(*pages):
        last = pages[-1]
        await last.until(lambda: last.told and last.told[-1]["type"] == "closed")
        await pages[0].until(lambda: len(pages[0].frames) > 3)
        return last

    last = with_pages(CountingStage(), act, MOST_VIEWERS + 1)

    assert f"{MOST_VIEWERS} pages are open" in last.errors[0]
    assert not last.frames


def test_a_viewer_that_leaves_makes_room():
    async def main():
        async with served(CountingStage()) as port, aiohttp.ClientSession() as session:
            for _ in range(MOST_VIEWERS + 2):
                page = await session.ws_connect(f"http://{HOST}:{port}/live")
                await page.send_json({"type": "hello", "sample_rate": RATE})
                welcome = await page.receive_json()
                await page.close()
                assert welcome["type"] == "welcome"

    asyncio.run(main())
