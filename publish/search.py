r"""Search: what readers type finds the section that answers it.

In: the index that Material wrote, and the pages, whose headings may carry the words that readers use,
`## Title {#biases data-keywords="exclude bias, param groups"}`. Out: the same index without notebooks, code
and outputs, which filled most places, with formulas as plain signs, and each section's words as its `tags`.
"""

import json
import re
from html.entities import html5
from pathlib import Path

from publish.page import Page

BLOCKS = re.compile(r"<pre>.*?</pre>", re.DOTALL)
FORMULA = re.compile(r"\\\((.*?)\\\)|\\\[(.*?)\\\]", re.DOTALL)
COMMAND = re.compile(r"\\([a-zA-Z]+|.)")
FRACTION = re.compile(r"\\frac\{([^{}]*)\}\{([^{}]*)\}")
NAMES = html5 | {"cdot;": "·", "infty;": "∞", "sqrt;": "√", "log;": "log", "exp;": "exp"}
NAMES |= {"lvert;": "|", "rvert;": "|", "lVert;": "‖", "rVert;": "‖"}


def finish_index(site: Path, pages: list[Page]) -> None:
    """Rewrite the search index of a site, if it has one."""
    path = site / "search/search_index.json"
    if not path.exists():
        return
    index = json.loads(path.read_text(encoding="utf-8"))
    words = {place: found for page in pages for place, found in keywords(page).items()}
    index["docs"] = [doc for doc in index["docs"] if not doc["location"].startswith("notebooks/")]
    for doc in index["docs"]:
        doc["title"], doc["text"] = plain(doc["title"]), plain(BLOCKS.sub("", doc["text"]))
        if doc["location"] in words:
            doc["tags"] = words[doc["location"]]
    path.write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def keywords(page: Page) -> dict[str, list[str]]:
    """Return the words of each section that has some, by its address; those of the title under the page's."""
    words = {}
    for heading in page.tree.xpath("//*[@data-keywords]"):
        place = "" if heading.tag == "h1" else f"#{heading.get('id')}"
        words[page.address + place] = heading.get("data-keywords").split(", ")
    return words


def plain(text: str) -> str:
    """Return a text of the index with its formulas as readers would type them, without TeX."""
    return FORMULA.sub(lambda match: signs(match[1] or match[2]), text)


def signs(tex: str) -> str:
    """Return a formula as plain signs: HTML's name of a sign is mostly TeX's."""
    tex = FRACTION.sub(r"\1/\2", re.sub(r"\\tag\{[^}]*\}", "", tex))
    tex = COMMAND.sub(lambda match: NAMES.get(f"{match[1]};", " "), tex)
    return " ".join(re.sub("[{}^_]", "", tex).split())
