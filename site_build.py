"""Build the site in a staging folder and publish it in one step; or serve it while it is written.

    python site_build.py            build into site/; on any error or warning site/ stays as it was
    python site_build.py --serve    preview on 127.0.0.1:8000, rebuilt on every save; a failed
                                    rebuild shows its message and leaves the last good pages up

MkDocs empties its output folder before it has anything to put there, and its strict mode speaks up
only at the end. So neither command lets it write where readers look.
"""

from __future__ import annotations

import argparse
import errno
import logging
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path

from filelock import FileLock
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import MkDocsException
from mkdocs.livereload import LiveReloadServer

ROOT = Path(__file__).resolve().parent
HOST, PORT = "127.0.0.1", 8000
OURS = {"404.html", "sitemap.xml"}  # by which a site that was built here is known
BEGUN = {"assets"}  # what even a build that was killed has left in its staging folder
LINK = re.compile(r"Doc file '(.*?\.md)' contains [^']* '([^']+)'")
RULES = dict.fromkeys(
    (errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EFBIG),
    "outputs/ and the site's folder must be writable, with room left",
) | dict.fromkeys(
    (errno.EEXIST, errno.ENOTDIR),
    "outputs/ and the site must be writable folders; move away the file that stands in their place",
)
RULES[errno.EADDRINUSE] = "end the other program that listens there, or choose another --port"


class BuildFailedError(Exception):
    """The site was not built; what was published before stands."""


def configured(site_dir: Path, root: Path, command: str, **settings) -> MkDocsConfig:
    """Return the project's configuration, its plugins told which command runs."""
    config = load_config(str(root / "mkdocs.yml"), site_dir=str(site_dir), strict=False, **settings)
    config.plugins.on_startup(command=command, dirty=False)
    return config


def build_into(config: MkDocsConfig, serve_url: str | None = None) -> None:
    """Run MkDocs into the folder that the configuration names; an error or a single warning is a failure."""
    kept = Kept(logging.WARNING)
    log = logging.getLogger("mkdocs")
    log.addHandler(kept)
    try:
        mkdocs_build(config, serve_url=serve_url)
    except (MkDocsException, SystemExit) as error:
        raise BuildFailedError(str(error)) from None
    finally:
        log.removeHandler(kept)
    if kept.warnings:
        places = [place for warning in kept.warnings if (place := place_of(warning, Path(config.docs_dir)))]
        said = f"{len(kept.warnings)} warnings (above); the site must build without any"
        raise BuildFailedError("\n\n".join([said, *places]))


class Kept(logging.Handler):
    """Keeps what is logged from its level on."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.warnings: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.warnings.append(record.getMessage())


def place_of(warning: str, docs: Path) -> str:
    """Return the line that holds the link of MkDocs' warning, which names the page alone; else nothing."""
    if not (found := LINK.match(warning)):
        return ""
    page, target = found.groups()
    for number, line in enumerate((docs / page).read_text(encoding="utf-8").split("\n"), 1):
        if f"({target}" in line or f'"{target}' in line:
            what = f"docs/{page}:{number}: a link to {target} leads nowhere"
            rule = "a link leads to a page, a heading or a numbered equation that there is"
            return f"{what}\n    rule: {rule}\n    | {line.strip()}"
    return ""


def aside(site: Path) -> Path:
    """Return where the old site waits while the new one takes its place."""
    return site.with_name(site.name + ".old")


def restore(site: Path) -> None:
    """Put the old site back where there is none: a build was stopped between the two steps of `swap`."""
    if aside(site).exists() and not site.exists():
        os.replace(aside(site), site)


def swap(staging: Path, site: Path) -> None:
    """Put the staged site where readers look; the old one is gone only when the new one stands."""
    shutil.rmtree(aside(site), ignore_errors=True)
    try:
        if site.exists():
            os.replace(site, aside(site))
        os.replace(staging, site)
    except BaseException:  # also when stopped by hand
        restore(site)
        raise
    shutil.rmtree(aside(site), ignore_errors=True)


def check_place(site: Path, root: Path, ours: set[str]) -> None:
    """Raise unless the folder, which is replaced as a whole, is new, empty or has what was built here."""
    names = {path.name for path in site.iterdir()} if site.is_dir() else set()
    if site.exists() and not site.is_dir():
        what = "is a file"
    elif root.is_relative_to(site):
        what = "holds the project"
    elif names and not ours <= names:
        what = "holds other files than a site's"
    else:
        return
    rule = "a site is a folder of its own: new, empty, or built here before"
    raise BuildFailedError(f"{site} {what}\nrule: {rule}")


def alone(root: Path) -> FileLock:
    """Return the lock under which pages are made of outputs/: another build, or a preview, waits."""
    lock = root / "outputs" / ".site.lock"
    lock.parent.mkdir(exist_ok=True)
    return FileLock(lock)


def build_site(root: Path, site: Path) -> None:
    """Build the project at `root` and swap the result in at `site`."""
    staging = site.with_name(site.name + ".staging")
    with alone(root):
        for place, ours in ((site, OURS), (aside(site), OURS), (staging, BEGUN)):
            check_place(place, root, ours)
        restore(site)
        shutil.rmtree(staging, ignore_errors=True)
        config = configured(staging, root, "build")
        try:
            build_into(config)
            swap(staging, site)
        finally:
            config.plugins.on_shutdown()
            shutil.rmtree(staging, ignore_errors=True)


def serve(root: Path, port: int) -> None:
    """Serve the last good build and rebuild on every save of what is watched.

    That is docs/, mkdocs.yml, what it lists under `watch`, and the modules beside it. Other files that
    snippets read count at the next save; what runs here (hooks, literate/, publish/) at the next start.
    """
    socket.create_server((HOST, port)).close()  # raises if it is taken, before anything is built
    with tempfile.TemporaryDirectory(prefix="preview-") as folder:
        site, staging = Path(folder) / "site", Path(folder) / "staging"
        site.mkdir()
        config = configured(staging, root, "serve")
        server = LiveReloadServer(
            builder=lambda: rebuild(root, staging, site, f"http://{HOST}:{port}/"),
            host=HOST,
            port=port,
            root=str(site),
            mount_path="/",
        )
        for path in (config.docs_dir, config.config_file_path, *config.watch, *root.glob("*.py")):
            server.watch(str(path))
        try:
            server.builder()
            server.serve()
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
        finally:
            server.shutdown()
            config.plugins.on_shutdown()


def rebuild(root: Path, staging: Path, site: Path, url: str) -> None:
    """Build a preview and swap it in; after a fault say so and leave the last good one."""
    shutil.rmtree(staging, ignore_errors=True)
    try:
        with alone(root):
            build_into(configured(staging, root, "serve", site_url=url), serve_url=url)
        swap(staging, site)
    except BuildFailedError as error:
        print(f"\nNot rebuilt: {error}\nThe pages shown are those of the last good build.\n", file=sys.stderr)


def stop(number: int, frame: object) -> None:
    """Treat a request to end as Ctrl-C, once: running snippets are then ended in good order."""
    signal.signal(number, signal.SIG_IGN)
    signal.raise_signal(signal.SIGINT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--serve", action="store_true", help="preview instead of publishing")
    parser.add_argument("--port", type=int, default=PORT, help=f"of the preview on {HOST} (default {PORT})")
    parser.add_argument("--site-dir", type=Path, default=ROOT / "site", help="folder to replace by the site")
    options = parser.parse_args()
    site = options.site_dir.resolve()
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs without it
    os.environ.setdefault(
        "NO_MKDOCS_2_WARNING", "1"
    )  # the theme's notice; its end is planned for in CONTRIBUTING
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("mkdocs").setLevel(logging.INFO)
    logging.getLogger("mkdocs.plugins.mkdocs_jupyter").setLevel(logging.WARNING)
    try:
        serve(ROOT, options.port) if options.serve else build_site(ROOT, site)
    except (BuildFailedError, MkDocsException) as error:
        sys.exit(f"\nThe site was not built: {error}\nWhat was published before is untouched.")
    except KeyboardInterrupt:
        sys.exit("stopped")
    except OSError as error:
        rule = RULES.get(error.errno)
        sys.exit(f"\nThe site was not built: {error}" + (f"\nrule: {rule}" if rule else ""))


if __name__ == "__main__":
    main()
