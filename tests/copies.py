"""Builds of the site, from the sources or from a copy of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ADDRESSES = {
    "SITE_URL": "https://example.org/weight-decay/",  # a sub-path, as Pages serves it
    "REPOSITORY_URL": "https://code.example.org/somebody/weight-decay-as-map-estimation",
    "EDIT_URI": "edit/main/docs/",
}


def copy_sources(folder: Path) -> Path:
    """Copy what is under version control, or would be, into a new folder; nothing that was built."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    return folder


def later(folder: Path) -> str:
    """Return a Python with the packages of this one that lives, with all that it starts, 400 days later."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (own,) = folder.glob("**/site-packages")
    (folder / "share").symlink_to(Path(sys.prefix, "share"))  # nbconvert's templates
    ours = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})"
    (own / "later.pth").write_text(f"{ROOT / 'tests/later'}\n{ours}\n", encoding="utf-8")
    return str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))


def build(sources: Path, target: Path, python: str = sys.executable, **environment: str) -> None:
    """Build the site of a folder of sources; on a busy machine a slow cell is no fault."""
    command = [python, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(target)]
    settings = os.environ | {"LITERATE_SECONDS": "600"} | environment
    ran = subprocess.run(command, cwd=sources, env=settings, capture_output=True, text=True)
    assert ran.returncode == 0, f"the site does not build:\n{ran.stdout}{ran.stderr}"
