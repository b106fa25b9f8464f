"""The one source of the article's metadata, read for the tests without the publisher's code."""

from __future__ import annotations

from computed import ROOT
from mkdocs.utils.yaml import yaml_load
from pybtex.database import parse_file

CONFIGURATION = yaml_load((ROOT / "mkdocs.yml").read_text("utf-8"))
FACTS = CONFIGURATION["extra"]["article"]
WORKS = parse_file(str(ROOT / "docs/references.bib"), bib_format="bibtex").entries
POST, METHOD = WORKS[FACTS["post"]], WORKS[FACTS["method"]]
PEOPLE = [
    (" ".join(one.first_names + one.middle_names), " ".join(one.last_names)) for one in POST.persons["author"]
]
METHOD_URL = f"https://openreview.net/forum?id={METHOD.fields['openreview']}"
