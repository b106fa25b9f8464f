"""Build the site again, from nothing, elsewhere and under other circumstances."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Whatever must not matter: the day, the order of sets, the zone, the locale, the terminal, the user.
OTHERWISE = {
    "PYTHONPATH": str(ROOT / "tests/later"),
    "PYTHONHASHSEED": "4321",
    "TZ": "Pacific/Kiritimati",
    "LC_ALL": "C",
    "LANG": "C",
    "PYTHONUTF8": "1",
    "COLUMNS": "63",
    "USER": "somebody",
    "MPLBACKEND": "pdf",
    "LITERATE_SECONDS": "600",  # this build shares the processors with other tests
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


def build_elsewhere(folder: Path, **environment: str) -> Path:
    """Build a copy of the sources and return its site."""
    site = copy_sources(folder) / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    settings = os.environ | OTHERWISE | environment
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, f"the second site does not build:\n{done.stdout}{done.stderr}"
    return site
