"""A hub on loopback that serves one file, and misbehaves as it is told."""

import hashlib
import math
import re
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PIECE_SIZE = 1 << 14
HTML = b"<!DOCTYPE html><html><body>Please log in.</body></html>"


@dataclass
class Fault:
    """What goes wrong; several things can at once.

    Parameters
    ----------
    methods : tuple of str
        Requests that are met by it.
    times : float
        How many of them, the first ones.
    status : int, optional
        Answered in place of 200 or 206, with `headers` and no content.
    html : bool
        A web page is served in place of the file, `content_type` says so or not.
    content : bytes, optional
        Served in place of the file; what the headers promise stays.
    cut_after : int, optional
        Bytes of an answer after which the connection is closed.
    wall : int, optional
        Byte of the file that no answer ever goes beyond: the connection is closed there.
    hard : bool
        Whether it is reset instead of closed.
    stall_after : int, optional
        Bytes of an answer after which nothing comes any more; -1: no answer at all.
    delay_s : float
        Before each 16 KiB.
    length_change : int
        Added to the Content-Length of a GET.
    linked_size : int, optional
        X-Linked-Size in place of the true one.
    ranges : bool
        Whether Range is understood.
    wrong_range : bool
        A 206 whose Content-Range and content begin elsewhere.
    redirect : {None, "relative", "cdn"}
    silent : bool
        Neither commit nor ETag is given.
    """

    methods: tuple[str, ...] = ("GET",)
    times: float = math.inf
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    html: bool = False
    content_type: str = "text/html; charset=utf-8"
    content: bytes | None = None
    cut_after: int | None = None
    wall: int | None = None
    hard: bool = False
    stall_after: int | None = None
    delay_s: float = 0.0
    length_change: int = 0
    linked_size: int | None = None
    ranges: bool = True
    wrong_range: bool = False
    redirect: str | None = None
    silent: bool = False


@dataclass
class Seen:
    """One request, as the server saw it."""

    method: str
    path: str
    host: str
    range: str | None
    authorization: str | None
    num_sent: int = 0


class HubServer:
    """Serves `content` at any ``/{owner}/{name}/resolve/{revision}/{path}``; a context manager.

    Parameters
    ----------
    content : bytes
    fault : Fault, optional
        May be replaced while it runs.
    etag : str, optional
        Default the SHA-256 of the content.
    """

    def __init__(self, content: bytes, fault: Fault | None = None, etag: str | None = None):
        self.content, self.fault = content, fault or Fault()
        self.etag = etag or hashlib.sha256(content).hexdigest()
        self.seen: list[Seen] = []
        self.stopped = threading.Event()
        self._num_faults = 0
        self._servers = []

    def __enter__(self) -> "HubServer":
        for _ in ("hub", "cdn"):
            handler = type("Handler", (_Handler,), {"hub": self})
            server = _Server(("127.0.0.1", 0), handler)
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            self._servers.append(server)
        return self

    def __exit__(self, *_) -> None:
        self.stopped.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def endpoint(self) -> str:
        """Address of the hub."""
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def cdn(self) -> str:
        """Address of the host that holds the files."""
        return f"http://127.0.0.1:{self._servers[1].server_port}"

    def mend(self) -> None:
        """Switch the fault off and forget the requests."""
        self.fault, self._num_faults = Fault(), 0
        self.seen.clear()

    def ranges(self) -> list[str | None]:
        """Return what each request for content asked for; None is all of it."""
        return [request.range for request in self.seen if request.method == "GET"]

    def num_sent(self) -> int:
        """Return how many bytes of content went out."""
        return sum(request.num_sent for request in self.seen)

    def next_fault(self, method: str) -> Fault:
        """Return what happens to the next request."""
        if method not in self.fault.methods:
            return Fault(redirect=self.fault.redirect)
        self._num_faults += 1
        if self._num_faults > self.fault.times:
            return Fault(redirect=self.fault.redirect)
        return self.fault


class _Server(ThreadingHTTPServer):
    daemon_threads, block_on_close = True, False

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # which only says that the client has gone
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: HubServer

    def setup(self):
        # Else megabytes count as sent that a reset discards before they have left.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 15)
        super().setup()

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def _answer(self) -> None:
        host, headers = self.headers["Host"], self.headers
        seen = Seen(self.command, self.path, host, headers["Range"], headers["Authorization"])
        self.hub.seen.append(seen)
        redirect = self.hub.fault.redirect
        if redirect is not None and "/resolve/" in self.path:
            return self._redirect(redirect)
        fault = self.hub.next_fault(self.command)
        if fault.stall_after == -1:
            self._hang()
        elif fault.status is not None:
            self._send_head(fault.status, {**fault.headers, "Content-Length": "0"})
        elif fault.html:
            promised = {"Content-Type": fault.content_type, "Content-Length": str(len(HTML))}
            self._send_head(200, promised)
            if self.command == "GET":
                self.wfile.write(HTML)
        else:
            self._serve(fault, seen)

    def _redirect(self, kind: str) -> None:
        place = "/moved" + self.path.replace("/resolve/", "/files/")
        headers = {"Location": place if kind == "relative" else self.hub.cdn + place}
        if kind == "cdn":
            headers |= self._description(self.hub.fault)
        self._send_head(302, {**headers, "Content-Length": "0"})

    def _description(self, fault: Fault) -> dict[str, str]:
        size = len(self.hub.content) if fault.linked_size is None else fault.linked_size
        if fault.silent:
            return {}
        return {
            "X-Repo-Commit": COMMIT,
            "X-Linked-Etag": f'"{self.hub.etag}"',
            "X-Linked-Size": str(size),
        }

    def _serve(self, fault: Fault, seen: Seen) -> None:
        content = self.hub.content if fault.content is None else fault.content
        start, status = self._start(fault), 200
        headers = {**self._description(fault), "Content-Type": "application/octet-stream"}
        if start >= len(content) > 0:
            return self._send_head(416, {"Content-Length": "0"})
        if start:
            shift = 1000 if fault.wrong_range else 0
            start, status = start - shift, 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        change = fault.length_change if self.command == "GET" else 0
        self._send_head(status, {**headers, "Content-Length": str(len(body) + change)})
        if self.command == "GET":
            self._send_body(body, start, fault, seen)

    def _start(self, fault: Fault) -> int:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        return int(match[1]) if match and fault.ranges else 0

    def _send_head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_body(self, body: bytes, start: int, fault: Fault, seen: Seen) -> None:
        end = len(body)
        if fault.wall is not None:
            end = min(end, max(0, fault.wall - start))
        for limit in (fault.cut_after, fault.stall_after):
            end = end if limit is None else min(end, limit)
        try:
            for offset in range(0, end, PIECE_SIZE):
                if fault.delay_s:
                    time.sleep(fault.delay_s)
                piece = body[offset : min(offset + PIECE_SIZE, end)]
                seen.num_sent += len(piece)  # first: the other side may be done before we go on
                self.wfile.write(piece)
        except OSError:  # the other side has gone
            self.close_connection = True
            return
        if fault.stall_after is not None:
            self._hang()
        elif end < len(body):
            self._cut(fault.hard)
        self.close_connection = self.close_connection or bool(fault.length_change)

    def _hang(self) -> None:
        self.hub.stopped.wait(5)
        self.close_connection = True

    def _cut(self, hard: bool) -> None:
        """Close the connection, or reset it as a router does that has forgotten it."""
        self.close_connection = True
        if hard:  # what is still under way is then lost too
            connection = socket.socket(fileno=self.connection.detach())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
