"""A tiny project that runs the real engine: two snippets without torch, a module that imports a module, data.

`numbers` reads models.py, which reads deeper.py and data/seven.txt; `other` reads nothing. So each
kind of change has one snippet that it concerns and one that it does not.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

FILES = {
    "models.py": "import deeper\n\nvalue = deeper.value\n",
    "deeper.py": 'value = int(open("data/seven.txt").read())\n',
    "data/seven.txt": "7\n",
    "matplotlibrc": "backend: agg\nsvg.hashsalt: tiny\nsvg.fonttype: none\n",
    "snippets/numbers.py": """\
# %% [markdown]
# # Numbers
# A sentence.

# %% one
import models

print("value", models.value)

# %% drawing
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(2, 2))
ax.plot([1, 2], [3, models.value], color="k")
fig.set_label("A rising line")

# %% values tags=["hidden"]
values = {"value": models.value}
""",
    "snippets/other.py": """\
# %% [markdown]
# # Other
# A sentence.

# %% two
print("two", 2)

# %% values tags=["hidden"]
values = {"two": 2.0}
""",
    "docs/index.md": """\
---
title: Tiny
description: A page.
---

# Tiny {#tiny}

--8<-- "numbers/one.md"

--8<-- "numbers/drawing.md"

It is `#!val numbers.value`, and `#!val other.two:.2f`.

See [other](other.md#two).
""",
    "docs/other.md": """\
---
title: Other
description: Another page.
---

# Other {#other}

## Two {#two}

--8<-- "other/two.md"
""",
}


def make(folder: Path) -> Path:
    """Write the project and return its folder."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def make_site(folder: Path) -> Path:
    """Write the project with everything that builds a site: our pages' configuration, theme and publisher."""
    make(folder)
    for name in ("publish", "overrides", "docs/assets"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("package.json",):
        shutil.copy(ROOT / name, folder)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    (folder / "docs/references.bib").write_text(BIBLIOGRAPHY, encoding="utf-8")
    edit(folder / "docs/other.md", "## Two {#two}\n", CITING)
    configuration = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    navigation = "nav:\n  - Tiny: index.md\n  - Other: other.md\n  - Notebook: notebooks/numbers.ipynb\n"
    configuration, found = re.subn(r"^nav:\n(?: +- .*\n)+", navigation, configuration, flags=re.M)
    assert found == 1
    keys = re.compile(r"^( +(?:post|method)): \w+", re.M)
    configuration, found = keys.subn(r"\1: someone2024title", configuration)
    assert found == 2
    (folder / "mkdocs.yml").write_text(configuration, encoding="utf-8")
    return folder


BIBLIOGRAPHY = """\
@article{someone2024title,
  author = {One, Some},
  title = {A Title},
  journal = {A Journal},
  year = {2024},
  url = {https://example.org/}
}
"""
CITING = """\
A sum: $a + b$. Something [@someone2024title].

$$
c = a + b
$$

## References {#references}

[references]

## Two {#two}
"""
