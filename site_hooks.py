"""MkDocs hooks: run the snippets before a build, hand their notebooks and sources to the site."""

import re
from pathlib import Path

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation

import literate
from literate.build import write
from literate.read import fault, read_text

log = get_plugin_logger("literate")


def root_of(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).parent


def on_pre_build(config: MkDocsConfig) -> None:
    """Bring outputs/ up to date; any fault stops here, before MkDocs empties its output folder."""
    root = root_of(config)
    if Path.cwd() != root.resolve():  # what MkDocs renders, it takes from there
        raise PluginError(f"\n\n{Path.cwd()} is not the project's folder\n    rule: build in {root}\n")
    try:
        for name, notebook in literate.build(root, log.info).items():
            path = root / "outputs" / "notebooks" / f"{name}.ipynb"
            write(path, downloadable(root, name, notebook))
    except literate.LiterateError as error:
        raise PluginError(f"\n\n{error}\n") from None


def downloadable(root: Path, name: str, notebook: nbformat.NotebookNode) -> str:
    """Return the executed notebook as a reader takes it away: it writes the modules and files that it reads.

    The style of its figures stays here.

    Raises:
        LiterateError: a file cannot be written so.
    """
    copy = nbformat.from_dict(notebook)
    inputs = copy.metadata.pop("literate")["inputs"]
    left = {"matplotlibrc", f"snippets/{name}.py"}
    for file in (file for file, was in inputs.items() if was != "absent" and file not in left):
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", file):
            rule = (
                "the notebook to take away writes text files beside itself: read those beside mkdocs.yml,"
                " with names of letters, digits, `_`, `.` and `-`"
            )
            raise fault(f"snippets/{name}.py", f"it reads {file}", rule)
        source = f"%%writefile {file}\n{read_text(Path(file), root).rstrip()}"
        mark = "write-" + file.removesuffix(".py").replace(".", "-")
        cell = nbformat.v4.new_code_cell(source, id=mark, metadata={"tags": ["setup"]})
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


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> None:
    """Stop at a page that no line of the navigation leads to: readers would never find it."""
    listed = {page.file.src_uri for page in nav.pages}
    for file in files.documentation_pages():
        if file.src_uri.endswith(".md") and file.src_uri not in listed:
            what, rule = "nothing leads to this page", "each page has its line under `nav` in mkdocs.yml"
            raise PluginError(f"\n\n{fault(f'docs/{file.src_uri}:1', what, rule)}\n")


def generated(name: str, folder: Path, config: MkDocsConfig, dest: str | None = None) -> File:
    return File(name, str(folder), config.site_dir, config.use_directory_urls, dest_uri=dest)
