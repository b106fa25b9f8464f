"""MkDocs hooks: in which order the publisher works on a page and on the finished site."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority, get_plugin_logger

from publish import assets, cells, citations, citing, figures, formulas, notebooks, paper, policy
from publish.article import article_of, date_build
from publish.browser import NONE

log = get_plugin_logger("publish")
serving = False


def on_startup(command: str, dirty: bool) -> None:
    """Remember whether pages are served: then they carry no policy and no service worker."""
    global serving
    serving = command == "serve"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Check what every build needs; date everything by the edition."""
    if not config.site_url:
        raise PluginError("site_url of mkdocs.yml is empty\n    rule: links, tags and feed state an address")
    date_build(article_of(config))
    formulas.check_installed()
    notebooks.use_own_template()
    formulas.SHARED.used.clear()
    formulas.SHARED.letters.clear()
    return config


def on_pre_build(config: MkDocsConfig) -> None:
    """Stop before anything is built if citations and entries do not match."""
    docs = Path(config.docs_dir)
    try:
        citations.check(docs, docs / "references.bib")
    except citations.CitationError as error:
        raise PluginError(f"\n\n{error}\n") from None


def on_page_content(html: str, page, config: MkDocsConfig, files) -> str:
    """Finish notebook cells, figures, code and tables before the search index reads the page."""
    source = page.file.src_uri
    if source.endswith(".ipynb"):
        html = notebooks.finish_notebook(html)
    known = (page.present_anchor_ids or set()) | formulas.anchors(html) | notebooks.anchors(html)
    page.present_anchor_ids = known | {"cite"}
    html = figures.finish_figures(html, source)
    return cells.finish_cells(html)


def on_env(env, config: MkDocsConfig, files):
    """Keep the pages, whose titles name their notebooks."""
    config.extra["pages"] = files.documentation_pages()
    return env


def on_post_page(output: str, page, config: MkDocsConfig) -> str:
    """Draw the formulas, after the search index has taken their TeX."""
    path = Path(page.file.abs_src_path)
    source = path.read_text(encoding="utf-8") if path.suffix == ".md" else ""
    name = path.relative_to(Path(config.config_file_path).parent).as_posix()
    output = citing.stated(output, page, config, config.extra["pages"])
    return formulas.draw_formulas(output, name, formulas.SHARED, source)


@event_priority(-100)  # after the search index is written
def on_post_build(config: MkDocsConfig) -> None:
    """Write what all pages share, then what depends on every file of the site."""
    site, docs = Path(config.site_dir), Path(config.docs_dir)
    assets.write_assets(site, docs, formulas.SHARED)
    citing.write_card(site, config)
    if serving:
        return
    if not paper.chromium():
        log.info("%s; without one the site has no PDF", NONE)
    try:
        paper.write_paper(site, config.site_url)
    except paper.PaperError as error:
        raise PluginError(str(error)) from None
    policy.write_policy(site)


def on_shutdown() -> None:
    """End the process that draws formulas."""
    formulas.SHARED.close()
