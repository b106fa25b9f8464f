"""The cost of an honest edit is zero: ten correct edits of a copy of the sources, and no rule complains.

The copy is built without the publisher, which also makes the pages of notebooks, and with the stored runs, so
that only what was edited runs.
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from computed import Runs
from copies import ROOT, build, copy_sources
from proofs import PROOFS
from rendered import mismatches, read
from tex import numbered, tokens
from tex import read as equation
from typed import typed, typed_in_figures


class ChangedError(Exception):
    """There is no such thing to edit any more; that is no fault of the sources."""


def sub(path: Path, pattern: str, new: str) -> None:
    """Replace what a pattern finds first."""
    text, found = re.subn(pattern, new, path.read_text(encoding="utf-8"), count=1, flags=re.M)
    if not found:
        raise ChangedError(pattern)
    path.write_text(text, encoding="utf-8")


PARAGRAPH = r"^(?=[A-Z][^\n`|]*\$[^\n]*\.$)(?![^\n]*(?:#!val|\{))"  # a line of prose with a formula, no value


def reword_a_sentence_with_a_formula(root: Path) -> None:
    sub(root / "docs/index.md", PARAGRAPH, "To say it in other words: ")


def cut_a_sentence_with_a_formula(root: Path) -> None:
    sub(root / "docs/questions.md", PARAGRAPH + r"[^\n]*$", "")


def add_a_sentence_with_a_formula(root: Path) -> None:
    sub(root / "docs/choosing.md", r"\Z", "\nFor $a > 0$ and $n > 1$ this is $a/n < a$.\n")


def change_a_caption(root: Path) -> None:
    sub(root / "docs/index.md", r"(^/// figure-caption\n(?:    .*\n)*)", r"\1Look at this first. ")


def change_a_color(root: Path) -> None:
    sub(root / "snippets/weight_decay.py", r'color="C1"', 'color="C4"')


def change_a_count(root: Path) -> None:
    """A number that the snippet computes with and the page quotes."""
    sub(root / "snippets/scaling.py", r"\b400$", "396")


def rename_a_cell_with_its_embed(root: Path) -> None:
    sub(root / "snippets/by_hand.py", r"^# %% figure$", "# %% picture")
    for page in (root / "docs").glob("*.md"):
        page.write_text(page.read_text("utf-8").replace('"by_hand/figure', '"by_hand/picture'), "utf-8")


def add_a_citation_with_its_entry(root: Path) -> None:
    entry = "@article{nobody2001some, author={Nobody, Ann}, title={Some}, journal={Any}, year={2001}, "
    entry += "url={https://example.org}}"
    sub(root / "docs/references.bib", r"\Z", f"\n{entry}\n")
    sub(root / "docs/index.md", PARAGRAPH, "That is said in [@nobody2001some]. ")


def add_a_page(root: Path) -> None:
    shown = re.findall(r"^`((?:snippets|docs)/\w+\.\w+)`[^\n]*:\n\n``` \w+\n(.*?)^```$",
                       (root / "CONTRIBUTING.md").read_text("utf-8"), re.M | re.S)  # fmt: skip
    for name, content in shown:
        (root / name).write_text(content, encoding="utf-8")
    sub(root / "mkdocs.yml", r"^(  - Questions: .*)$", r"\1\n  - Halving: halving.md")


def change_lr_in_the_experiment(root: Path) -> None:
    sub(root / "snippets/weight_decay.py", r"^(lr, weight_decay, steps =) 1e-2", r"\1 9e-3")


EDITS = [reword_a_sentence_with_a_formula, cut_a_sentence_with_a_formula, add_a_sentence_with_a_formula]
EDITS += [change_a_caption, change_a_color, change_a_count, rename_a_cell_with_its_embed]
EDITS += [add_a_citation_with_its_entry, add_a_page, change_lr_in_the_experiment]


@pytest.fixture(scope="module")
def edited(tmp_path_factory) -> tuple[Path, Path]:
    """Return the sources after all edits, and the site that they build."""
    copy = copy_sources(tmp_path_factory.mktemp("edited"))
    if (ROOT / "outputs").exists():
        shutil.copytree(ROOT / "outputs", copy / "outputs")
    done = 0
    for edit in EDITS:
        with suppress(ChangedError):
            edit(copy)
            done += 1
    assert done >= 8, "most edits find nothing to edit: let them find what there is now"
    sub(copy / "mkdocs.yml", r"^  - publish/hooks\.py\n", "")  # the only hook
    sub(copy / "mkdocs.yml", r"^hooks:\n", "")
    build(copy, copy / "site")
    return copy, copy / "site"


def test_ten_correct_edits_meet_no_complaint(edited, computed):
    root, site = edited
    runs = Runs(site, root / "computed", known_from=computed)
    found = [str(one) for one in mismatches(site, runs.every(), root) if "notebooks/" not in one.page]
    assert found == [], "\n".join(found)
    pages = [path for path in site.rglob("*.html") if "notebooks" not in path.parts]
    assert [(path, found) for path in pages if (found := typed(read(path)))] == []
    snippets = [path.read_text(encoding="utf-8") for path in (root / "snippets").glob("*.py")]
    assert [found for text in snippets if (found := typed_in_figures(text))] == []
    equations = {tag: equation(tag, tokens(tex)) for tag, tex in numbered(site / "index.html").items()}
    for premises, prove in PROOFS.values():
        prove(equations) if all(tag in equations for tag in premises) else None
