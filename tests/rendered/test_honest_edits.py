"""The cost of an honest edit is zero: ten correct edits of a copy of the sources, and no rule complains.

Each edit finds something to edit by rule, such as any sentence with a formula, so that all ten apply whatever
the pages say. The copy is built without the publisher, which also makes the pages of notebooks, and with the
stored runs, so that only what was edited runs.
"""

from __future__ import annotations

import ast
import re
import runpy
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from computed import Runs
from copies import ROOT, build, copy_sources
from gate import assigned
from proofs import PROOFS
from rendered import EMBED, QUOTE, mismatches, read
from tex import numbered, tokens
from tex import read as equation
from typed import typed, typed_in_figures


def sub(paths: Path | Iterable[Path], pattern: str, new: str | Callable[[re.Match], str]) -> None:
    """Replace what a pattern finds first, in the first of the files that has it."""
    for path in [paths] if isinstance(paths, Path) else paths:
        text, found = re.subn(pattern, new, path.read_text(encoding="utf-8"), count=1, flags=re.M)
        if found:
            path.write_text(text, encoding="utf-8")
            return
    raise LookupError(f"nowhere is there anything like {pattern}")


def pages(root: Path) -> list[Path]:
    return sorted((root / "docs").glob("*.md"), key=lambda path: path.stem != "index")


def found(root: Path, pattern: re.Pattern) -> list[re.Match]:
    return [match for page in pages(root) for match in pattern.finditer(page.read_text("utf-8"))]


def snippets(root: Path) -> list[Path]:
    """Return those that a page embeds, short ones first: they run again."""
    shown = {root / f"snippets/{match['snippet']}.py" for match in found(root, EMBED)}
    return sorted(shown, key=lambda path: path.stat().st_size)


PARAGRAPH = r"^(?=[A-Z][^\n`|]*\$[^\n]*\.$)(?![^\n]*(?:#!val|\{))"  # a line of prose with a formula, no value


def reword_a_sentence_with_a_formula(root: Path) -> None:
    sub(pages(root), PARAGRAPH, "To say it in other words: ")


def cut_a_sentence_with_a_formula(root: Path) -> None:
    sub(reversed(pages(root)), PARAGRAPH + r"[^\n]*$", "")


def add_a_sentence_with_a_formula(root: Path) -> None:
    sub(pages(root), r"\Z", "\nFor $a > 0$ and $n > 1$ this is $a/n < a$.\n")


def change_a_caption(root: Path) -> None:
    sub(pages(root), r"(^/// figure-caption\n(?:    .*\n)*)", r"\1Look at this first. ")


def change_a_color(root: Path) -> None:
    sub(snippets(root), r'color="C(\d)"', lambda found: f'color="C{(int(found[1]) + 1) % 6}"')


def change_a_count(root: Path) -> None:
    """A large whole number that a snippet computes with and a page quotes."""
    quoted = {match["name"] for match in found(root, QUOTE)}
    for path in snippets(root):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for name, value in assigned(node):
                number = getattr(value, "value", None)
                if f"{path.stem}.{name}" in quoted and isinstance(number, int) and number >= 1000:
                    return sub(path, rf"(\b{name}\b.*=.*)\b{number}$", rf"\g<1>{number - number // 10}")
    raise LookupError("no page quotes a count of a thousand or more")


def rename_a_cell_with_its_embed(root: Path) -> None:
    snippet = snippets(root)[0].stem
    cell = next(match["cell"] for match in found(root, EMBED) if match["snippet"] == snippet)
    sub(root / f"snippets/{snippet}.py", rf"^# %% {cell}\b", f"# %% {cell}_renamed")
    for page in pages(root):
        text = page.read_text("utf-8")
        page.write_text(re.sub(rf"\b{snippet}([/-]){cell}\b", rf"{snippet}\1{cell}_renamed", text), "utf-8")


def add_a_citation_with_its_entry(root: Path) -> None:
    entry = "@article{nobody2001some, author={Nobody, Ann}, title={Some}, journal={Any}, year={2001}, "
    entry += "url={https://example.org}}"
    sub(root / "docs/references.bib", r"\Z", f"\n{entry}\n")
    sub(pages(root), r"\[@\w+\]", r"\g<0> [@nobody2001some]")


def add_a_page(root: Path) -> None:
    """The one that CONTRIBUTING shows, with its oracle."""
    shown = re.findall(r"^`((?:snippets|docs|tests/numbers)/\w+\.\w+)`[^\n]*:\n\n``` \w+\n(.*?)^```$",
                       (root / "CONTRIBUTING.md").read_text("utf-8"), re.M | re.S)  # fmt: skip
    for name, content in shown:
        (root / name).write_text(content, encoding="utf-8")
    sub(root / "mkdocs.yml", r"^nav:\n", "nav:\n  - Halving: halving.md\n")


def change_lr_in_the_experiment(root: Path) -> None:
    """Which is the snippet of which the article shows most."""
    shown = Counter(match["snippet"] for match in EMBED.finditer(pages(root)[0].read_text("utf-8")))
    experiment = root / f"snippets/{shown.most_common(1)[0][0]}.py"
    sub(experiment, r"^(lr\b.*?= )([\d.e-]+)", lambda found: f"{found[1]}{0.9 * float(found[2]):g}")


EDITS = [reword_a_sentence_with_a_formula, cut_a_sentence_with_a_formula, add_a_sentence_with_a_formula]
EDITS += [change_a_caption, change_a_color, change_a_count, rename_a_cell_with_its_embed]
EDITS += [add_a_citation_with_its_entry, add_a_page, change_lr_in_the_experiment]


@pytest.fixture(scope="module")
def edited(tmp_path_factory) -> tuple[Path, Path]:
    """Return the sources after all edits, and the site that they build."""
    copy = copy_sources(tmp_path_factory.mktemp("edited"))
    if (ROOT / "outputs").exists():
        shutil.copytree(ROOT / "outputs", copy / "outputs")
    for edit in EDITS:
        edit(copy)
    sub(copy / "mkdocs.yml", r"^  - publish/hooks\.py\n", "")  # the only hook
    sub(copy / "mkdocs.yml", r"^hooks:\n", "")
    build(copy, copy / "site")
    return copy, copy / "site"


def test_ten_correct_edits_meet_no_complaint(edited, computed):
    root, site = edited
    runs = Runs(site, root / "computed", known_from=computed)
    found = [str(one) for one in mismatches(site, runs.every(), root) if "notebooks/" not in one.page]
    assert found == [], "\n".join(found)
    built = [path for path in site.rglob("*.html") if "notebooks" not in path.parts]
    assert [(path, found) for path in built if (found := typed(read(path)))] == []
    texts = [path.read_text(encoding="utf-8") for path in (root / "snippets").glob("*.py")]
    assert [found for text in texts if (found := typed_in_figures(text))] == []
    oracle = runpy.run_path(str(root / "tests/numbers/test_halving.py"))
    oracle["test_the_half_life_is_that_of_repeated_steps"](runs)
    equations = {tag: equation(tag, tokens(tex)) for tag, tex in numbered(site / "index.html").items()}
    for premises, prove in PROOFS.values():
        prove(equations) if all(tag in equations for tag in premises) else None
