"""MkDocs hooks: run the snippets before a build, hand their notebooks and sources to the site."""

import re
from pathlib import Path

import nbformat
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
        for name, notebook in literate.build(root, log.info).items():
            path = root / "outputs" / "notebooks" / f"{name}.ipynb"
            path.parent.mkdir(exist_ok=True)
            path.write_text(downloadable(root, notebook), encoding="utf-8")
        citations.check(root / "docs", root / "docs" / "references.bib")
    except (literate.LiterateError, citations.CitationError) as error:
        raise PluginError(f"\n\n{error}\n") from None


def downloadable(root: Path, notebook: nbformat.NotebookNode) -> str:
    """Return the executed notebook as a reader takes it away: it writes the local modules that it imports."""
    copy = nbformat.from_dict(notebook)
    modules = [name for name in copy.metadata.pop("literate")["inputs"] if re.fullmatch(r"\w+\.py", name)]
    for name in modules:
        source = f"%%writefile {name}\n{(root / name).read_text(encoding='utf-8').rstrip()}"
        cell = nbformat.v4.new_code_cell(source, id=f"write-{name[:-3]}", metadata={"tags": ["setup"]})
        copy.cells.insert(1, cell)
    return nbformat.writes(copy) + "\n"


@event_priority(100)  # before mkdocs-jupyter wraps the notebooks
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add each snippet's notebook page, and beside it the snippet to download."""
    root = root_of(config)
    for path in sorted((root / "snippets").glob("*.py")):
        files.append(generated(f"notebooks/{path.stem}.ipynb", root / "outputs", config))
        files.append(generated(path.name, path.parent, config, f"notebooks/{path.stem}/{path.name}"))
    for file in [file for file in files if file.src_uri.endswith(".bib")]:
        files.remove(file)
    return files


def generated(name: str, folder: Path, config: MkDocsConfig, dest: str | None = None) -> File:
    return File(name, str(folder), config.site_dir, config.use_directory_urls, dest_uri=dest)
