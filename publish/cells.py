"""Cells: code with its head, tables that scroll, captions that link, the steps of a derivation.

In: `<div class="cell" id="cell-x-y" data-source="snippets/x.py#L1-L9">` around code and outputs, as the
engine leaves it. Out: the same, headed with the cell's name, its code in as few elements as have a color.
"""

import re

from lxml.html import builder

from publish.page import Page, wrap

# Pygments names every token; these are the groups that the style sheet colors: keyword, string, number, …
GROUPS = {"k": "k kn kc kd kr ow", "s": "s s1 s2 sd sa sb se", "m": "mi mf mb mh mo", "c": "c c1 cm ch"}
GROUPS |= {"f": "nf nc nd fm", "b": "nb bp nn"}
GROUP_OF = {name: group for group, names in GROUPS.items() for name in names.split()}
ENDS = ("h1", "h2", "h3", "section")  # of a step
TOKEN = re.compile(r'<span class="(\w+)">([^<]*)</span>')
JOINED = re.compile(r'<span class="(\w)">[^<]*</span>(?:<span class="\1">[^<]*</span>)+')


def finish_cells(page: Page, repository: str) -> None:
    """Finish cells, code, tables, captions and steps of one page.

    Args:
        repository: address of the sources, or an empty string.
    """
    for cell in page.tree.find_class("cell"):
        if source := cell.get("data-source"):
            cell.insert(0, head(cell.get("id"), source, repository))
    for block in page.tree.find_class("highlight"):
        for code in block.iter("pre"):
            name = block.getparent().xpath("./div[@class='cell-head']")
            label = f"Code of cell {name[0].text_content()}" if name else "Code"
            code.attrib.update({"tabindex": "0", "role": "group", "aria-label": label})
            page.edit(code, lean)
    for code in page.tree.xpath("//code[not(ancestor::pre)][contains(., '-')][string-length() < 14]"):
        code.classes.add("short")  # 1e-5 stays on one line, and an error with its number
    for value in page.tree.find_class("value"):
        value.tail = (value.tail or "").replace(" ± ", "\u00a0±\u00a0")
    for table in list(page.tree.iter("table")):
        wrap(table, "div", **{"class": "table"}, tabindex="0", role="group", aria_label="Table")
    for figure in page.tree.iterfind(".//figure[@id]"):
        for prefix in figure.find_class("caption-prefix"):
            prefix[:], prefix.text = [builder.A(prefix.text, href=f"#{figure.get('id')}")], None
    for link in page.tree.xpath("//h1/a[contains(@class, 'headerlink')]"):
        link.drop_tree()  # the page's title is the page's address
    for heading in page.tree.xpath("//h3[starts-with(@id, 'step-')]"):
        section = wrap(heading, "section", **{"class": "step"}, aria_labelledby=heading.get("id"))
        while (coming := section.getnext()) is not None and coming.tag not in ENDS:
            section.append(coming)


def head(cell_id: str, source: str, repository: str):
    """Return the head of a cell: its name, a link to its lines if they lie in a repository."""
    snippet = re.search(r"(\w+)\.py", source)[1]
    name = f"{snippet}/{cell_id.removeprefix(f'cell-{snippet}-')}"
    named = builder.SPAN({"class": "cell-name"}, name)
    if repository:
        named = builder.A({"class": "cell-name", "aria-label": f"Source of cell {name}"}, name)
        named.set("href", f"{repository}/blob/main/{source}")
    return builder.DIV({"class": "cell-head"}, named)


def lean(code: str) -> str:
    """Return highlighted code with an element only where tokens have a color, one for neighbors of one."""

    def token(match: re.Match[str]) -> str:
        group = GROUP_OF.get(match[1])
        return f'<span class="{group}">{match[2]}</span>' if group else match[2]

    code = TOKEN.sub(token, code.removeprefix("<span></span>"))
    return JOINED.sub(lambda match: match[0].replace(f'</span><span class="{match[1]}">', ""), code)
