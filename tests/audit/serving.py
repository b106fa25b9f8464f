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
    with Server(("127.0.0.1", 0), handler(site.resolve(), below)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{below}"
        finally:
            server.shutdown()


def base_of(site: Path) -> str:
    """Return the address that a site was built for, as its article states it."""
    article = (site / "index.html").read_text(encoding="utf-8")
    return re.search(r'<link rel="canonical" href="([^"]*)"', article)[1]


class Server(ThreadingHTTPServer):
    """A server that says nothing when a browser leaves before its answer."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


def handler(site: Path, below: str) -> type[BaseHTTPRequestHandler]:
    """Return the request handler of one site."""

    @cache
    def packed(path: Path) -> bytes:
        return gzip.compress(path.read_bytes(), mtime=0)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = unquote(urlsplit(self.path).path)
            path = site / name.removeprefix(below)
            path = path / "index.html" if path.is_dir() else path
            found = name.startswith(below) and path.is_file()
            path = path if found else site / "404.html"
            kind = guess_type(path.name)[0] or "application/octet-stream"
            headers = {"Content-Type": kind, "Cache-Control": "max-age=600"}
            if kind.startswith(TEXT):
                headers |= {"Content-Type": f"{kind}; charset=utf-8", "Content-Encoding": "gzip"}
            body = packed(path) if kind.startswith(TEXT) else path.read_bytes()
            self.send_response(200 if found else 404)
            for key, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    return Handler
