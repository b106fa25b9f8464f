"""MkDocs hooks: in which order the publisher works on a page and on the finished site."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority, get_plugin_logger

from publish import assets, cells, citing, figures, formulas, notebooks, offline, paper, policy
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


THEMES = ("assets/javascripts/", "assets/stylesheets/", "assets/images/")


@event_priority(-100)  # after the notebooks have joined
def on_files(files, config: MkDocsConfig):
    """Leave out the theme's own style sheets and scripts, and those of ours that are written later."""
    for file in list(files):
        theirs = file.src_dir != config.docs_dir and file.src_uri.startswith(THEMES)
        written = assets.NAMED.fullmatch(file.src_uri) or file.src_uri == "start.js"
        if theirs or written or file.src_uri.startswith("assets/css/"):
            files.remove(file)
    return files


def on_env(env, config: MkDocsConfig, files):
    """Give the templates their filter for dates."""
    env.filters["day"] = citing.day
    return env


def on_page_content(html: str, page, config: MkDocsConfig, files) -> str:
    """Finish notebook cells, figures, code and tables before the search index reads the page."""
    source = page.file.src_uri
    if source.endswith(".ipynb"):
        html = notebooks.finish_notebook(html)
    known = (page.present_anchor_ids or set()) | formulas.anchors(html) | notebooks.anchors(html)
    page.present_anchor_ids = known | {"cite"}
    html = figures.finish_figures(html, source)
    return cells.finish_cells(html)


def on_page_context(context, page, config: MkDocsConfig, nav):
    """Give the template what it says about the page."""
    return on_template_context(context, "", config) | citing.page_context(page, config, context["pages"])


def on_template_context(context, template_name: str, config: MkDocsConfig):
    """Give the page for missing addresses what every page needs."""
    return context | shared_context(context, config) | {"article": article_of(config)}


def shared_context(context, config: MkDocsConfig) -> dict:
    """Return what every template needs, also that of the page for missing addresses."""
    first_screen = context.get("page") and not context["page"].is_homepage
    preloaded = [assets.TEXT_FACE, *(assets.FORMULA_FACES if first_screen else [])]
    return {
        "home_url": context["base_url"].rstrip("/") + "/",
        "offline": not serving,
        "preload_fonts": [f"assets/fonts/{name}.woff2" for name in preloaded],
        "card": config.site_url + citing.CARD,
        "paper": paper.NAME if not serving and paper.chromium() else None,
    }


def on_post_page(output: str, page, config: MkDocsConfig) -> str:
    """Draw the formulas, after the search index has taken their TeX."""
    path = Path(page.file.abs_src_path)
    source = path.read_text(encoding="utf-8") if path.suffix == ".md" else ""
    name = path.relative_to(Path(config.config_file_path).parent).as_posix()
    return formulas.draw_formulas(output, name, formulas.SHARED, source)


@event_priority(-100)  # after the search index is written
def on_post_build(config: MkDocsConfig) -> None:
    """Write what all pages share, then what depends on every file of the site."""
    site, docs = Path(config.site_dir), Path(config.docs_dir)
    assets.write_assets(site, docs, config.extra_css, formulas.SHARED)
    citing.write_feed(site, config)
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
    offline.write_service_worker(site)


def on_shutdown() -> None:
    """End the process that draws formulas."""
    formulas.SHARED.close()
