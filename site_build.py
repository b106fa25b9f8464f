"""Build the site in a staging folder and publish it in one step; or serve it while it is written.

    python site_build.py            build into site/; on any error or warning site/ stays as it was
    python site_build.py --serve    preview on 127.0.0.1:8000, rebuilt on every save; a failed
                                    rebuild shows its message and leaves the last good pages up

MkDocs empties its output folder before it has anything to put there, and its strict mode speaks up
only at the end. So neither command lets it write where readers look.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import MkDocsException
from mkdocs.livereload import LiveReloadServer
from mkdocs.utils import CountHandler

ROOT = Path(__file__).resolve().parent
HOST, PORT = "127.0.0.1", 8000


class BuildFailedError(Exception):
    """The site was not built; what was published before stands."""


def configured(site_dir: Path, root: Path, command: str, **settings) -> MkDocsConfig:
    """Return the project's configuration, its plugins told which command runs."""
    config = load_config(str(root / "mkdocs.yml"), site_dir=str(site_dir), strict=False, **settings)
    config.plugins.on_startup(command=command, dirty=False)
    return config


def build_into(staging: Path, config: MkDocsConfig, serve_url: str | None = None) -> None:
    """Run MkDocs into an empty folder; an error or a single warning is a failure."""
    counter = CountHandler()
    counter.setLevel(logging.WARNING)
    log = logging.getLogger("mkdocs")
    log.addHandler(counter)
    try:
        mkdocs_build(config, serve_url=serve_url)
    except (MkDocsException, SystemExit) as error:
        raise BuildFailedError(str(error)) from None
    finally:
        log.removeHandler(counter)
    warnings = sum(number for _, number in counter.get_counts())
    if warnings:
        raise BuildFailedError(f"{warnings} warnings (above); the site must build without any")


def swap(staging: Path, site: Path) -> None:
    """Put the staged site where readers look; the old one is gone only when the new one stands."""
    old = site.with_name(site.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        os.replace(site, old)
    os.replace(staging, site)
    shutil.rmtree(old, ignore_errors=True)


def build_site(root: Path, site: Path) -> None:
    """Build the project at `root` and swap the result in at `site`."""
    staging = site.with_name(site.name + ".staging")
    lock = root / "outputs" / ".site.lock"
    lock.parent.mkdir(exist_ok=True)
    with FileLock(lock):  # a second build waits for the first
        shutil.rmtree(staging, ignore_errors=True)
        try:
            build_into(staging, configured(staging, root, "build"))
            swap(staging, site)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def serve(root: Path, port: int) -> None:
    """Serve the last good build and rebuild on every save of a page, snippet or module."""
    folder = Path(tempfile.mkdtemp(prefix="preview-"))
    site, staging = folder / "site", folder / "staging"
    url = f"http://{HOST}:{port}/"

    def rebuild() -> None:
        shutil.rmtree(staging, ignore_errors=True)
        try:
            build_into(staging, configured(staging, root, "serve", site_url=url), serve_url=url)
            swap(staging, site)
        except BuildFailedError as error:
            print(
                f"\nNot rebuilt: {error}\nThe pages shown are those of the last good build.\n",
                file=sys.stderr,
            )

    rebuild()
    site.mkdir(exist_ok=True)
    server = LiveReloadServer(builder=rebuild, host=HOST, port=port, root=str(site), mount_path="/")
    config = configured(staging, root, "serve")
    for path in (config.docs_dir, config.config_file_path, *config.watch):
        server.watch(path)
    try:
        server.serve()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    finally:
        server.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--serve", action="store_true", help="preview instead of publishing")
    parser.add_argument("--port", type=int, default=PORT, help=f"of the preview on {HOST} (default {PORT})")
    parser.add_argument("--site-dir", type=Path, default=ROOT / "site", help="where to publish")
    options = parser.parse_args()
    os.environ.setdefault(
        "NO_MKDOCS_2_WARNING", "1"
    )  # the theme's notice; its end is planned for in CONTRIBUTING
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("mkdocs").setLevel(logging.INFO)
    logging.getLogger("mkdocs.plugins.mkdocs_jupyter").setLevel(logging.WARNING)
    try:
        serve(ROOT, options.port) if options.serve else build_site(ROOT, options.site_dir.resolve())
    except (BuildFailedError, MkDocsException) as error:
        sys.exit(f"\nThe site was not built: {error}\nWhat was published before is untouched.")
    except KeyboardInterrupt:
        sys.exit("stopped")
    except (OSError, Timeout) as error:
        sys.exit(f"\nThe site was not built: {error}\nrule: outputs/ and the site's folder must be writable")


if __name__ == "__main__":
    main()
