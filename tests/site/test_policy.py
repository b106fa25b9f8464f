"""The policy allows what a page has, and nothing else; each test that opens a page hears what breaks it."""

import re


def test_every_page_allows_no_more_than_what_it_names_before_anything_comes(site_dir):
    for path in sorted(site_dir.rglob("*.html")):
        head, policy, _ = re.split(
            r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', path.read_text(encoding="utf-8")
        )
        rules = dict(rule.partition(" ")[::2] for rule in policy.split("; "))
        assert rules["default-src"] == "'none'", path
        for kind in ("script-src", "style-src"):
            assert re.fullmatch(r"'self'( 'sha256-[\w+/]+=*')*", rules[kind]), path
        assert not re.search("<(script|style|link)", head), f"{path}: something comes before the policy"
