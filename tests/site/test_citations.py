"""Citations: what the extension makes of `[@key]` and `[references]`, and what `check` refuses.

Oracle: expected strings written by hand; a small regular-expression reader of BibTeX.
"""

import re

import markdown
import pytest
from bs4 import BeautifulSoup
from computed import ROOT
from mkdocs.commands.build import build
from mkdocs.config.defaults import MkDocsConfig

from publish import PublishError, citations

BIB = """
@article{mackay1992,
  author = {MacKay, David J. C.}, title = {A Practical {Bayesian} Framework}, journal = {Neural Computation},
  volume = {4}, number = {3}, pages = {448--472}, year = {1992}, doi = {10.1162/neco.1992.4.3.448}
}
@misc{pair2019,
  author = {van Laarhoven, Twan and Hutter, Frank}, title = {Why Two?}, year = {2019},
  howpublished = {arXiv preprint}, eprint = {1706.05350}, openreview = {Bkg6RiCqY7}
}
@misc{harvey2024first,
  author = {Harvey, Ethan and Petrov, Mikhail and Hughes, Michael C.}, title = {One}, year = {2024},
  howpublished = {Web post}
}
@misc{harvey2024second,
  author = {Harvey, Ethan and Petrov, Mikhail and Hughes, Michael C.}, title = {Two}, year = {2024},
  howpublished = {Web post}
}
"""
ALL = "[@mackay1992] [@pair2019] [@harvey2024first] [@harvey2024second]\n"


@pytest.fixture
def docs(tmp_path):
    """A folder of pages whose citations and entries match."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "references.bib").write_text(BIB, encoding="utf-8")
    (folder / "index.md").write_text(ALL + "\n[references]\n", encoding="utf-8")
    (folder / "other.md").write_text("---\ntitle: Other\n---\n[@pair2019]\n", encoding="utf-8")
    return folder


def rendered(docs, text):
    extension = citations.makeExtension(docs=str(docs), bib=str(docs / "references.bib"))
    return BeautifulSoup(markdown.markdown(text, extensions=["tables", extension]), "lxml")


READS = {  # a sentence -> how it reads
    "Old [@mackay1992], and good": "Old (MacKay, 1992), and good",
    "[@mackay1992] chose. [@pair2019] not.": "MacKay (1992) chose. van Laarhoven and Hutter (2019) not.",
    "prior of [@mackay1992] and [@pair2019]": "prior of MacKay (1992) and van Laarhoven and Hutter (2019)",
    "as in [@mackay1992; @pair2019]": "as in (MacKay, 1992; van Laarhoven and Hutter, 2019)",
    "(see [@pair2019]) and [@mackay1992] so": "(see van Laarhoven and Hutter, 2019) and MacKay (1992) so",
    "by [@harvey2024first] to [@harvey2024second]": "by Harvey et al. (2024a) to Harvey et al. (2024b)",
}


@pytest.mark.parametrize("text", READS)
def test_a_citation_is_a_noun_where_the_sentence_needs_one_else_in_parentheses(docs, text):
    assert rendered(docs, text).text.split("\n")[0] == READS[text]


def test_every_citing_place_has_an_id_of_its_own_in_reading_order(docs):
    page = rendered(docs, "[@mackay1992]\n\n| a |\n|---|\n| [@mackay1992] |\n\n- [@mackay1992]")
    assert [link["id"] for link in page.select("a.cite")] == [f"cite-mackay1992-{n}" for n in (1, 2, 3)]


def test_other_pages_link_to_the_list_and_carry_the_text_hidden(docs):
    page = rendered(docs, "[@mackay1992]")
    link = page.select_one("a.cite")
    assert link["href"] == "index.md#ref-mackay1992"
    described = page.find(id=link["aria-describedby"])
    assert described.text == (
        "MacKay, D. J. C. (1992). A Practical Bayesian Framework. Neural Computation 4(3), 448–472. "
        "doi:10.1162/neco.1992.4.3.448"
    )
    assert described.find_parent(class_="cite-previews").has_attr("hidden")


def test_the_list_is_alphabetical_and_links_out_and_back(docs):
    page = rendered(docs, ALL + "\n[references]\n")
    items = {item["id"]: item for item in page.select("ul.references > li")}
    assert list(items) == ["ref-harvey2024first", "ref-harvey2024second", "ref-mackay1992", "ref-pair2019"]
    links = items["ref-pair2019"].select("a")
    assert [link["href"] for link in links] == [
        "https://openreview.net/forum?id=Bkg6RiCqY7",
        "https://arxiv.org/abs/1706.05350",
        "#cite-pair2019-1",
        "other.md#cite-pair2019-1",
    ]
    assert links[-1].text == "Other"
    assert all(page.find(id=link["href"][1:]) for link in page.select("a[href^='#']"))


def test_the_links_back_of_one_entry_have_labels_of_their_own(docs):
    page = rendered(docs, "[@pair2019] " * 30 + "\n\n[references]\n")
    labels = [link.text for link in page.select("#ref-pair2019 .cite-back a")]
    assert len(set(labels)) == len(labels) == 31 and labels[:2] + labels[25:28] == ["a", "b", "z", "aa", "ab"]


def test_code_is_left_alone(docs):
    (docs / "code.md").write_text("`[@nobody]`\n\n```\n[@nobody]\n```\n", encoding="utf-8")
    citations.check(docs, docs / "references.bib")
    assert not rendered(docs, "`[@nobody]`").select("a")


REFUSED = {  # a page, or a bibliography -> what is said
    "[@pair2019]\n[@no]\n": ["docs/other.md:2: [@no] has no entry", "docs/third.md:1: [@nobody]"],
    "[@a, @b]": ["docs/other.md:1: cannot read"],
    "[@ mackay1992]": ["docs/other.md:1: cannot read"],
    "[@mackay1992": ["docs/other.md:1: cannot read"],
    "## On [@pair2019]": ["docs/other.md:1: [@pair2019] in a heading"],
    BIB + BIB: ["every key once"],
    "@misc{x, author = {A, B}, title = {T}, year = 1}": ["references.bib: 'x' has no journal"],
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_check_says_all_that_it_refuses_at_once(docs, text):
    (docs / "third.md").write_text("[@nobody]\n", encoding="utf-8")
    (docs / ("references.bib" if "author" in text else "other.md")).write_text(text, encoding="utf-8")
    with pytest.raises(PublishError, match="\n    rule: ") as caught:
        citations.check(docs, docs / "references.bib")
    assert [part for part in REFUSED[text] if part not in str(caught.value)] == []


def test_pages_in_folders_and_of_any_suffix_link_to_the_list_and_back(docs, tmp_path):
    """MkDocs itself resolves the links, as strictly as on our pages."""
    (docs / "deep").mkdir()
    (docs / "deep" / "page.markdown").write_text("# Deep\n\n[@mackay1992]\n", encoding="utf-8")
    config, site = MkDocsConfig(), tmp_path / "site"
    cites = {"publish.citations": {"docs": str(docs), "bib": f"{docs}/references.bib"}}
    folders = {"docs_dir": str(docs), "site_dir": str(site)}
    strict = {"strict": True, "validation": {"anchors": "warn"}}
    config.load_dict({"site_name": "x", "plugins": [], "markdown_extensions": [cites]} | folders | strict)
    assert config.validate() == ([], [])
    build(config)
    deep, front = (
        BeautifulSoup((site / name / "index.html").read_text(), "lxml") for name in ("deep/page", "")
    )
    assert deep.select_one("a.cite")["href"] == "../../#ref-mackay1992"
    assert front.select_one("a[href='deep/page/#cite-mackay1992-1']").text == "page"


def test_every_entry_is_cited_leads_somewhere_and_says_where_it_was_confirmed():
    text = (ROOT / "docs/references.bib").read_text(encoding="utf-8")
    cited = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md"))
    blocks = re.findall(r"^@\w+\{(\w+),(.*?)^\}", text, re.M | re.S)
    assert blocks
    for key, block in blocks:
        fields = dict(re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", block, re.M))
        assert re.search(rf"@{key}\b", cited), key
        assert fields.keys() & {"doi", "eprint", "openreview", "url"}, key
        assert fields.keys() & {"confirmed", "unconfirmed"}, key
        assert re.fullmatch(r"\d{4}", fields["year"]) and key[-1:].isalnum() and fields["year"] in key, key
