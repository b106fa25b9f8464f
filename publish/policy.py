"""Policy: which scripts, styles and connections a page may use, written into the page itself.

Static hosts send no headers of ours, so each page carries its content security policy in a <meta>: this site
alone, and those scripts and styles in the page that were there when it was built, by their hashes.
"""

import base64
import hashlib

from lxml.html import builder

from publish.page import Page


def write_policy(page: Page) -> None:
    """Put the policy first into a page's head, behind its encoding."""
    scripts, styles = (sorted(set(map(source_hash, inline(page, tag)))) for tag in ("script", "style"))
    rules = [
        "default-src 'none'",
        " ".join(["script-src 'self'", *scripts]),
        "worker-src 'self'",
        " ".join(["style-src 'self'", *styles]),
        "style-src-attr 'unsafe-inline'",  # KaTeX and matplotlib place their parts by style attributes
        "img-src 'self' data:",
        "font-src 'self' data:",  # small faces lie in the style sheet
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    meta = builder.META({"http-equiv": "Content-Security-Policy", "content": "; ".join(rules)})
    page.tree.find(".//meta[@charset]").addnext(meta)


def inline(page: Page, tag: str) -> list[str]:
    """Return the text of each script or style that stands in the page and has one."""
    return [page.text(element) for element in page.tree.iter(tag) if not element.get("src")]


def source_hash(text: str) -> str:
    """Return the hash by which a policy allows one script or style in the page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
