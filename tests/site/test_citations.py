"""Citations: what the extension makes of `[@key]` and `[references]`, and what `check` refuses.

Oracle: expected strings written by hand; a small regular-expression reader of BibTeX.
"""

import json
import re
from pathlib import Path

import markdown
import pytest
from bs4 import BeautifulSoup
from mkdocs.commands.build import build
from mkdocs.config import load_config

from publish import PublishError, citations

ROOT = Path(__file__).resolve().parents[2]
BIB = """
@article{mackay1992practical,
  author = {MacKay, David J. C.}, title = {A Practical {Bayesian} Framework}, journal = {Neural Computation},
  volume = {4}, number = {3}, pages = {448--472}, year = {1992}, doi = {10.1162/neco.1992.4.3.448}
}
@misc{pair2019two,
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
ALL = "[@mackay1992practical] [@pair2019two] [@harvey2024first] [@harvey2024second]\n"


@pytest.fixture
def docs(tmp_path):
    """A folder of pages whose citations and entries match."""
    (tmp_path / "references.bib").write_text(BIB, encoding="utf-8")
    (tmp_path / "index.md").write_text(ALL + "\n[references]\n", encoding="utf-8")
    (tmp_path / "other.md").write_text("---\ntitle: Other\n---\n[@pair2019two]\n", encoding="utf-8")
    return tmp_path


def rendered(docs, text):
    extension = citations.makeExtension(docs=str(docs), bib=str(docs / "references.bib"))
    return BeautifulSoup(markdown.markdown(text, extensions=["tables", extension]), "lxml")


def faults(docs):
    with pytest.raises(PublishError) as caught:
        citations.check(docs, docs / "references.bib")
    return str(caught.value)


def test_one_two_and_three_authors_read_as_in_the_field(docs):
    page = rendered(docs, "\n\n".join(ALL.split()))
    assert [link.text for link in page.select("a.cite")] == [
        "MacKay (1992)",
        "van Laarhoven and Hutter (2019)",
        "Harvey et al. (2024a)",
        "Harvey et al. (2024b)",
    ]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Old [@mackay1992practical], and good", "Old (MacKay, 1992), and good"),
        (
            "[@mackay1992practical] chose it. [@pair2019two] did not.",
            "MacKay (1992) chose it. van Laarhoven and Hutter (2019) did not.",
        ),
        (
            "the prior of [@mackay1992practical] and [@pair2019two]",
            "the prior of MacKay (1992) and van Laarhoven and Hutter (2019)",
        ),
        (
            "as in [@mackay1992practical; @pair2019two]",
            "as in (MacKay, 1992; van Laarhoven and Hutter, 2019)",
        ),
    ],
)
def test_a_citation_is_a_noun_where_the_sentence_needs_one_else_in_parentheses(docs, text, expected):
    assert rendered(docs, text).text.split("\n")[0] == expected


def test_inside_parentheses_the_year_stands_without_its_own(docs):
    page = rendered(docs, "(see [@mackay1992practical; @pair2019two]) and after [@mackay1992practical]")
    assert page.text.strip().startswith(
        "(see MacKay, 1992; van Laarhoven and Hutter, 2019) and after (MacKay, 1992)"
    )


def test_every_citing_place_has_an_id_of_its_own_in_reading_order(docs):
    page = rendered(
        docs, "[@mackay1992practical]\n\n| a |\n|---|\n| [@mackay1992practical] |\n\n- [@mackay1992practical]"
    )
    assert [link["id"] for link in page.select("a.cite")] == [
        f"cite-mackay1992practical-{n}" for n in (1, 2, 3)
    ]


def test_other_pages_link_to_the_list_and_carry_the_text_hidden(docs):
    page = rendered(docs, "[@mackay1992practical]")
    link = page.select_one("a.cite")
    assert link["href"] == "index.md#ref-mackay1992practical"
    described = page.find(id=link["aria-describedby"])
    assert described.text == (
        "MacKay, D. J. C. (1992). A Practical Bayesian Framework. Neural Computation 4(3), 448–472. "
        "doi:10.1162/neco.1992.4.3.448"
    )
    assert described.find_parent(class_="cite-previews").has_attr("hidden")


def test_the_list_is_alphabetical_and_links_out_and_back(docs):
    page = rendered(docs, ALL + "\n[references]\n")
    items = page.select("ul.references > li")
    assert [item["id"].split("-")[1] for item in items] == [
        "harvey2024first",
        "harvey2024second",
        "mackay1992practical",
        "pair2019two",
    ]
    links = [link["href"] for link in items[3].select("a")]
    assert links == [
        "https://openreview.net/forum?id=Bkg6RiCqY7",
        "https://arxiv.org/abs/1706.05350",
        "#cite-pair2019two-1",
        "other.md#cite-pair2019two-1",
    ]
    assert items[3].select("a")[-1].text == "Other"
    assert all(page.find(id=link["href"][1:]) for link in page.select("a[href^='#']"))


def test_ids_are_unique(docs):
    ids = [tag["id"] for tag in rendered(docs, ALL + ALL + "\n[references]\n").select("[id]")]
    assert len(ids) == len(set(ids))


def test_code_is_left_alone(docs):
    (docs / "code.md").write_text("`[@nobody]`\n\n```\n[@nobody]\n```\n", encoding="utf-8")
    citations.check(docs, docs / "references.bib")
    assert not rendered(docs, "`[@nobody]`").select("a")


def test_check_lists_all_unknown_keys_at_once_with_their_lines(docs):
    (docs / "index.md").write_text("[@mackay1992practical]\n[@harvey2024first]\n[@nobody]\n\n[references]\n")
    (docs / "other.md").write_text("[@noone]\n")
    message = faults(docs)
    assert f"{docs.name}/index.md:3: [@nobody] has no entry\n    rule: " in message
    assert f"{docs.name}/other.md:1: [@noone] has no entry\n    rule: " in message


def test_an_entry_that_cannot_be_listed_is_named(docs):
    (docs / "references.bib").write_text("@misc{x2020, author = {A, B}, title = {T}, year = 2020}")
    assert "references.bib: 'x2020' has no journal or booktitle or howpublished\n    rule: " in faults(docs)


def test_pages_in_folders_and_of_any_suffix_link_to_the_list_and_back(docs, tmp_path_factory):
    """MkDocs itself resolves the links, as strictly as on our pages."""
    (docs / "deep").mkdir()
    (docs / "deep" / "page.markdown").write_text("# Deep\n\n[@mackay1992practical]\n", encoding="utf-8")
    site = tmp_path_factory.mktemp("site")
    settings = {
        "site_name": "x",
        "docs_dir": str(docs),
        "site_dir": str(site / "built"),
        "strict": True,
        "plugins": [],
        "validation": {"anchors": "warn"},
        "markdown_extensions": [{"publish.citations": {"docs": str(docs), "bib": f"{docs}/references.bib"}}],
    }
    (site / "mkdocs.yml").write_text(json.dumps(settings), encoding="utf-8")
    build(load_config(str(site / "mkdocs.yml")))
    deep, front = (
        BeautifulSoup((site / "built" / name).read_text(encoding="utf-8"), "lxml")
        for name in ("deep/page/index.html", "index.html")
    )
    assert deep.select_one("a.cite")["href"] == "../../#ref-mackay1992practical"
    assert front.select_one("a[href='deep/page/#cite-mackay1992practical-1']").text == "page"


def test_the_links_back_of_one_entry_have_labels_of_their_own(docs):
    page = rendered(docs, "[@pair2019two] " * 30 + "\n\n[references]\n")
    (back,) = [span for span in page.select(".cite-back") if "Cited here" in span.text]
    labels = [link.text for link in back.select("a")]
    assert len(set(labels)) == len(labels) == 31 and labels[:2] + labels[25:28] == ["a", "b", "z", "aa", "ab"]


@pytest.mark.parametrize(
    "line", ["[@a, @b]", "[@ mackay1992practical]", "[@mackay1992practical", "## On [@pair2019two]"]
)
def test_check_refuses_what_it_cannot_read_and_headings(docs, line):
    (docs / "other.md").write_text(f"{line}\n", encoding="utf-8")
    assert f"{docs.name}/other.md:1: " in faults(docs)


def test_check_names_a_broken_bibliography(docs):
    (docs / "references.bib").write_text(BIB + BIB, encoding="utf-8")
    assert "every key once" in faults(docs)


def test_the_pages_cite_every_entry_and_only_entries():
    docs = ROOT / "docs"
    citations.check(docs, docs / "references.bib")
    keys = re.findall(r"^@\w+\{(\w+),", (docs / "references.bib").read_text(encoding="utf-8"), re.M)
    text = "".join(page.read_text(encoding="utf-8") for page in docs.rglob("*.md"))
    assert not [key for key in keys if not re.search(rf"@{key}\b", text)]


def test_every_entry_leads_somewhere_and_says_where_it_was_confirmed():
    text = (ROOT / "docs" / "references.bib").read_text(encoding="utf-8")
    blocks = re.findall(r"^@\w+\{(\w+),(.*?)^\}", text, re.M | re.S)
    assert blocks
    for key, block in blocks:
        fields = dict(re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", block, re.M))
        assert fields.keys() & {"doi", "eprint", "openreview", "url"}, key
        assert fields.keys() & {"confirmed", "unconfirmed"}, key
        assert re.fullmatch(r"\d{4}", fields["year"]) and key[-1:].isalnum() and fields["year"] in key, key
