"""Cells: code with its head, tables that scroll, captions that link.

In: a page's HTML as Markdown and the engine left it. Out: the same HTML with
`<div class="cell-head">` in each `<div class="cell" data-source="path#L1-L9">`,
scrolling code focusable and named, tables in boxes that scroll by themselves,
figure captions that link to their figure, derivation steps as sections.
"""

import re

from publish.figures import attribute

CELL = re.compile(r'(?P<open><div class="cell"(?P<attributes>[^>]*)>)\s*')
GROUPS = {"k": "k kn kc kd kr ow", "s": "s s1 s2 sd sa sb se", "m": "mi mf mb mh mo", "c": "c c1 cm ch"}
GROUPS |= {"f": "nf nc nd fm", "b": "nb bp nn"}
GROUP_OF = {name: group for group, names in GROUPS.items() for name in names.split()}
JOINED = re.compile(r'<span class="(\w)">[^<]*</span>(?:<span class="\1">[^<]*</span>)+')
TOKEN = re.compile(r'<span class="(\w\w?\d?)">')
NAME = re.compile(r'<span class="cell-name">([^<]*)</span>')
# Pygments names every token; only those that the style sheet colors keep their element.
PLAIN = re.compile(r'<span class="(?:n|o|p|w|si|nl|na|nv|l|g|x|err|go)">([^<]*)</span>')
HIGHLIGHT = re.compile(r'<div class="[^"]*\bhighlight\b[^"]*"><pre><span></span>.*?</pre>', re.DOTALL)
CODE = re.compile(r'<div class="(?P<classes>[^"]*\bhighlight\b[^"]*)"><pre><span></span><code>')
TABLE = re.compile(r"<table>(.*?)</table>", re.DOTALL)
CAPTION = re.compile(
    r'(<figure[^>]*\bid="([^"]+)"(?:(?!</figure>).)*?<span class="caption-prefix">)(.*?)(</span>)', re.DOTALL
)
TITLE_LINK = re.compile(r'<a class="headerlink"[^>]*>#</a>(?=</h1>)')
STEP = re.compile(r'<h3 id="(step-\w+)">.*?(?=<h[1-3][ >]|<section|\Z)', re.DOTALL)


def finish_cells(page_html: str) -> str:
    """Finish cells, code, tables, captions and steps of one page's content."""
    page_html = CELL.sub(headed, page_html)
    page_html = name_code(HIGHLIGHT.sub(lambda match: fewer_tokens(match[0]), page_html))
    page_html = TABLE.sub(scrolling, page_html)
    page_html = CAPTION.sub(r'\1<a href="#\2">\3</a>\4', page_html)
    page_html = TITLE_LINK.sub("", page_html, count=1)
    return STEP.sub(
        lambda match: f'<section class="step" aria-labelledby="{match[1]}">{match[0]}</section>', page_html
    )


def fewer_tokens(code_html: str) -> str:
    """Name tokens by the color they get, and join neighbors of one color."""
    code_html = PLAIN.sub(r"\1", code_html)
    code_html = TOKEN.sub(lambda match: f'<span class="{GROUP_OF.get(match[1], match[1])}">', code_html)
    return JOINED.sub(lambda match: match[0].replace(f'</span><span class="{match[1]}">', ""), code_html)


def headed(match: re.Match[str]) -> str:
    """Return a cell's opening tag and its head: its name. docs/assets/site.js adds a link and a button."""
    name = attribute(match["attributes"], "id").removeprefix("cell-")
    source = attribute(match["attributes"], "data-source")
    path = source.partition("#")[0]
    label = name
    if path:
        snippet = path.rpartition("/")[2].removesuffix(".py")
        label = f"{snippet}/{name.removeprefix(snippet + '-')}"
    name = f'<span class="cell-name">{label}</span>'
    head = f'<div class="cell-head" data-search-exclude="true">{name}</div>'
    return match["open"] + head


def name_code(page_html: str) -> str:
    """Let every block of code be reached and named, since it may scroll."""

    def name(match: re.Match[str]) -> str:
        before = max(page_html.rfind('<span class="cell-name">', 0, match.start()), 0)
        nearby = NAME.match(page_html, before) if match.start() - before < 700 else None
        label = f"Code of cell {nearby[1]}" if nearby else "Code"
        return f'<div class="{match["classes"]}"><pre tabindex="0" role="group" aria-label="{label}"><code>'

    return CODE.sub(name, page_html)


def scrolling(match: re.Match[str]) -> str:
    """Put a table into a box that scrolls by itself."""
    return f'<div class="table" tabindex="0" role="group" aria-label="Table"><table>{match[1]}</table></div>'
