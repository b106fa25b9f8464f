"""MkDocs hooks: run the snippets before a build, hand their notebooks and sources to the site."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files

import citations
import literate

log = get_plugin_logger("literate")


def root_of(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).parent


def on_pre_build(config: MkDocsConfig) -> None:
    """Bring outputs/ up to date; any fault stops here, before MkDocs empties its output folder."""
    root = root_of(config)
    try:
        literate.build(root, log.info)
        citations.check(root / "docs", root / "docs" / "references.bib")
    except (literate.LiterateError, citations.CitationError) as error:
        raise PluginError(f"\n\n{error}\n") from None


@event_priority(100)  # before mkdocs-jupyter wraps the notebooks
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add each snippet's notebook page, and beside it the snippet and the modules it needs."""
    root, notebooks = root_of(config), root_of(config) / "outputs" / "notebooks"
    for path in sorted((root / "snippets").glob("*.py")):
        files.append(generated(f"notebooks/{path.stem}.ipynb", root / "outputs", config))
        script = generated(path.name, path.parent, config, f"notebooks/{path.stem}/{path.name}")
        files.append(script)
    for file in list(files):
        if file.src_uri.endswith((".bib",)):
            files.remove(file)
    assert notebooks.is_dir()
    return files


def generated(name: str, folder: Path, config: MkDocsConfig, dest: str | None = None) -> File:
    return File(name, str(folder), config.site_dir, config.use_directory_urls, dest_uri=dest)
