"""Fresh: a stored run counts only while nothing that can change its output has changed.

A run records the digest of every local file that it read (its own source, modules however
deeply imported, matplotlibrc, data files), and a fingerprint of everything else: Python,
packages, processor, threads, environment, engine.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import sys
from pathlib import Path

import nbformat

# What a kernel may see of the caller's environment. All but the first line is part of the fingerprint.
PLACES = ("PATH", "HOME", "TMPDIR", "TEMP", "SYSTEMROOT", "USERPROFILE", "APPDATA", "LD_LIBRARY_PATH")
CHOICES = ("ATEN_CPU_CAPABILITY", "OPENBLAS_CORETYPE", "MKL_CBWR")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# The engine that is at work: read now, not later, when its files may have been edited under a running server.
ENGINE = {path.name: digest(path) for path in sorted(Path(__file__).parent.glob("*.py"))}


def environment() -> dict[str, str]:
    """Return the environment of every kernel: one thread, fixed hash seed, zone and locale."""
    threads = os.environ.get("LITERATE_THREADS", "1")
    fixed = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    fixed |= {name: threads for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    # No user-level configuration of IPython, Jupyter or Matplotlib reaches a kernel.
    fixed |= {"IPYTHONDIR": str(Path(sys.prefix) / "share" / "literate"), "PYTHONNOUSERSITE": "1"}
    return fixed | {name: os.environ[name] for name in PLACES + CHOICES if name in os.environ}


def fingerprint(root: Path) -> str:
    """Return a digest of what every snippet's output depends on besides local files."""
    facts = {
        "python": [sys.version, *platform.libc_ver()],
        "processor": processor(),
        "packages": packages(),
        "environment": {k: v for k, v in environment().items() if k not in PLACES + ("IPYTHONDIR",)},
        "engine": ENGINE,
        "importable": importable(root),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def processor() -> list[str]:
    """Return the machine, the processor's name and its capability flags."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(errors="replace") if info.exists() else platform.processor()
    return [
        platform.machine(),
        *sorted(set(re.findall(r"^(?:model name|flags|Features)\s*:.*$", text, re.M))),
    ]


def packages() -> list[str]:
    """Return name, version and list of files of everything installed, from the metadata folders."""
    folders = [Path(entry) for entry in sys.path if entry and Path(entry).is_dir()]
    found = {meta for folder in folders for meta in folder.glob("*.dist-info")}
    return sorted(
        meta.name + (digest(meta / "RECORD") if (meta / "RECORD").exists() else "") for meta in found
    )


def importable(root: Path) -> list[str]:
    """Return the names in `root` whose coming or going may change what `import` or Matplotlib finds."""
    return sorted(
        p.name for p in root.iterdir() if p.suffix == ".py" or p.name == "matplotlibrc" or package(p)
    )


def package(path: Path) -> bool:
    return (path / "__init__.py").exists()


def inputs(read: list[str | Path], root: Path, began: float) -> dict[str, str]:
    """Return digests of the files below `root` that a run read, the environment's and outputs aside.

    A file that changed after the run began has no digest: which state the run saw is not known.
    """
    found = {}
    for name in read:
        path = (root / name).resolve()
        inside = path.is_relative_to(root.resolve()) and not path.is_relative_to(Path(sys.prefix).resolve())
        local = path.relative_to(root.resolve()).as_posix() if inside else ""
        if local and not path.is_dir() and not local.startswith("outputs/") and "__pycache__" not in local:
            quiet = path.is_file() and max(path.stat().st_mtime, path.stat().st_ctime) < began
            found[local] = digest(path) if quiet else "changed during the run"
    return dict(sorted(found.items()))


def seal(notebook: nbformat.NotebookNode) -> str:
    """Return the notebook as text with a digest of itself inside, so that a hand edit shows."""
    notebook.metadata["literate"].pop("digest", None)
    notebook.metadata["literate"]["digest"] = hashlib.sha256(nbformat.writes(notebook).encode()).hexdigest()
    return nbformat.writes(notebook) + "\n"


def stored(path: Path, machine: str, root: Path) -> nbformat.NotebookNode | None:
    """Return the stored run if it is whole and still true, else None: then the snippet runs."""
    try:
        text = path.read_text(encoding="utf-8")
        notebook = nbformat.v4.reads(text)
        record = notebook.metadata["literate"]
        whole = seal(nbformat.from_dict(notebook)) == text
        same = record["fingerprint"] == machine
        true = all(
            (root / name).is_file() and digest(root / name) == was for name, was in record["inputs"].items()
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # absent, cut short or not ours
        return None
    return notebook if whole and same and true else None
