"""The policy allows what a page has, and nothing else; each test that opens a page hears what breaks it."""

import base64
import hashlib
import re

from publish.policy import write_policy


def rules(text: str) -> dict[str, str]:
    content = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)[1]
    return dict(rule.partition(" ")[::2] for rule in content.split("; "))


def allowed(body: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'"


def test_scripts_and_styles_in_the_page_are_allowed_by_their_hashes_and_no_others(page_of):
    page = page_of("<script>one(a < b)</script><style>p > b {}</style><script src='a.js'></script>")
    write_policy(page)
    found = rules(page.html())
    assert found["script-src"] == f"'self' {allowed('one(a < b)')}"
    assert found["style-src"] == f"'self' {allowed('p > b {}')}"


def test_every_page_of_the_site_allows_its_own_scripts_and_no_inline_ones(site_dir):
    for path in sorted(site_dir.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        found = rules(text)
        assert found["default-src"] == "'none'", path
        assert "unsafe" not in found["script-src"] + found["style-src"], path
        head, meta, rest = text.partition('<meta http-equiv="Content-Security-Policy"')
        assert "<script" not in head and "<link" not in head, f"{path}: something comes before the policy"
        for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", rest, re.DOTALL):
            assert "src=" in attributes or allowed(body) in found["script-src"], f"{path}: {body[:80]}"
