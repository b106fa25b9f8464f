"""The one source of the article's metadata, read for the tests without the publisher's code."""

from __future__ import annotations

import yaml
from computed import ROOT
from pybtex.database import parse_file


class Loader(yaml.SafeLoader):
    """Reads mkdocs.yml; values from the environment do not matter here."""


Loader.add_constructor("!ENV", lambda loader, node: None)
CONFIGURATION = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), Loader)
FACTS = CONFIGURATION["extra"]["article"]
WORKS = parse_file(str(ROOT / "docs/references.bib"), bib_format="bibtex").entries
POST, METHOD = WORKS[FACTS["post"]], WORKS[FACTS["method"]]
PEOPLE = [
    (" ".join(one.first_names + one.middle_names), " ".join(one.last_names)) for one in POST.persons["author"]
]
METHOD_URL = f"https://openreview.net/forum?id={METHOD.fields['openreview']}"
