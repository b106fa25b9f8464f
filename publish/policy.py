"""Policy: which scripts, styles and connections a page may use, written into the page itself.

Static hosts send no headers of ours, so each page carries its content security
policy in a <meta>; the scripts and styles that stand in the page are allowed by their hashes.
"""

import base64
import hashlib
import re
from pathlib import Path

from mkdocs.exceptions import PluginError

SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<body>.*?)</script>", re.DOTALL)
STYLE = re.compile(r"<style>(?P<body>.*?)</style>", re.DOTALL)
FIRST = '<meta charset="utf-8">'


def write_policy(site: Path) -> None:
    """Give every page of a site its policy."""
    for path in sorted(site.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        if text.count(FIRST) != 1:
            raise PluginError(f"{path}: expected one {FIRST} to put the policy behind")
        meta = f'{FIRST}\n<meta http-equiv="Content-Security-Policy" content="{policy(text)}">'
        path.write_text(text.replace(FIRST, meta), encoding="utf-8")


def policy(page: str) -> str:
    """Return the policy of one page: this site alone, and the scripts and styles that stand in it."""
    bodies = {match["body"] for match in SCRIPT.finditer(page) if "src=" not in match["attributes"]}
    styles = {match["body"] for match in STYLE.finditer(page)}
    rules = [
        "default-src 'none'",
        " ".join(["script-src 'self'", *sorted(map(source_hash, bodies))]),
        "worker-src 'self'",
        " ".join(["style-src 'self'", *sorted(map(source_hash, styles))]),
        "style-src-attr 'unsafe-inline'",  # KaTeX and matplotlib place their parts by style attributes
        "img-src 'self' data:",
        "font-src 'self' data:",  # a face of a few signs lies in the style sheet
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(rules)


def source_hash(body: str) -> str:
    """Return the hash by which a policy allows one script or style in the page."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() + "'"
