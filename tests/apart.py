"""Tools whose requirements do not go with ours, each in an environment of its own below .cache/."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from computed import ROOT


def installed(name: str, version: str, sees_ours: bool = False) -> Path:
    """Return the command of a tool from PyPI; `sees_ours` lets it import our packages as well."""
    folder = ROOT / ".cache" / f"{name}-{version}-py{sys.version_info.major}{sys.version_info.minor}"
    scripts, ending = ("Scripts", ".exe") if sys.platform == "win32" else ("bin", "")
    command, python = (folder / scripts / f"{tool}{ending}" for tool in (name, "python"))
    whole = folder / "whole"  # written last: what an interruption leaves does not count
    if not whole.exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        quiet = ["--quiet", "--disable-pip-version-check"]
        subprocess.run([python, "-m", "pip", "install", *quiet, f"{name}=={version}"], check=True)
        if sees_ours:
            where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
            own = Path(subprocess.check_output(where, text=True).strip())
            (own / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
        whole.touch()
    return command
