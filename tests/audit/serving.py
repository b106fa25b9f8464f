"""Serving: a built site as a static host serves it: gzip, under a sub-path, 404.html for what is missing."""

import gzip
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import unquote, urlsplit

TEXT = ("text/", "application/json", "application/javascript", "application/xml", "image/svg+xml")


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a built site below the path that it was built for; yield the address of its front page."""
    below = urlsplit(base_of(site)).path
    server = Server(("127.0.0.1", 0), handler(site.resolve(), below))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{below}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def base_of(site: Path) -> str:
    """Return the address that a site was built for, as its article states it."""
    article = (site / "index.html").read_text(encoding="utf-8")
    return re.search(r'<link rel="canonical" href="([^"]*)"', article)[1]


class Server(ThreadingHTTPServer):
    """A server that says nothing when a browser leaves before its answer."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass


def handler(site: Path, below: str) -> type[BaseHTTPRequestHandler]:
    """Return the request handler of one site."""

    @cache
    def packed(path: Path, changed: float) -> bytes:
        return gzip.compress(path.read_bytes(), mtime=0)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = unquote(urlsplit(self.path).path)
            path = site / name.removeprefix(below).lstrip("/")
            if not name.startswith(below):
                path = site / "missing"
            if path.is_dir() and not name.endswith("/"):
                self.answer(301, b"", {"Location": name + "/"})
                return
            path = path / "index.html" if path.is_dir() else path
            code = 200 if path.is_file() and path.resolve().is_relative_to(site) else 404
            self.send_file(path if code == 200 else site / "404.html", code)

        do_HEAD = do_GET

        def send_file(self, path: Path, code: int) -> None:
            kind = guess_type(path.name)[0] or "application/octet-stream"
            headers = {"Content-Type": kind + ("; charset=utf-8" if kind.startswith(TEXT) else "")}
            body = path.read_bytes() if path.is_file() else b"missing"
            if kind.startswith(TEXT) and "gzip" in self.headers.get("Accept-Encoding", "") and path.is_file():
                body, headers["Content-Encoding"] = packed(path, path.stat().st_mtime), "gzip"
            self.answer(code, body, headers)

        def answer(self, code: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(code)
            for key, value in headers.items() | {"Cache-Control": "max-age=600"}.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    return Handler
