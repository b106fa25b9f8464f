"""Fresh: a stored run counts only while nothing that can change its output has changed.

A run records the digest of every file of the project that it read (its own source, modules however
deeply imported, matplotlibrc, data files), and a fingerprint of everything else: Python, packages,
processor, threads, environment, engine. Not noted are what lies in outputs/ or outside the project, which
files a folder holds, and what is read by other means than Python's `open` and `import`.
"""

import hashlib
import json
import os
import platform
import re
import sys
from pathlib import Path

import nbformat

# Of the caller's environment a kernel sees PLACES, which change no output, and CHOICES, which may.
PLACES = ("PATH", "HOME", "TMPDIR", "TEMP", "SYSTEMROOT", "USERPROFILE", "APPDATA", "LD_LIBRARY_PATH")
CHOICES = ("ATEN_CPU_CAPABILITY", "OPENBLAS_CORETYPE", "MKL_CBWR")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
FIXED = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
FIXED |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}


def digest(data: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


# The engine that is at work: read now, not later, when its files may have been edited under a running server.
ENGINE = {path.name: digest(path.read_bytes()) for path in sorted(Path(__file__).parent.glob("*.py"))}


def settings() -> dict[str, str]:
    """Return the part of a kernel's environment that outputs may depend on."""
    threads = dict.fromkeys(THREADS, os.environ.get("LITERATE_THREADS", "1"))
    return FIXED | threads | {name: os.environ[name] for name in CHOICES if name in os.environ}


def fingerprint(root: Path) -> str:
    """Return a digest of all that every output depends on, but for the files of the project."""
    system = [sys.version, *platform.libc_ver(), platform.machine(), *processor()]
    installed = {meta for place in filter(None, sys.path) for meta in Path(place).glob("*.dist-info")}
    packages = sorted(meta.name + state(meta / "RECORD") for meta in installed)
    importable = sorted(p.name for p in root.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists())
    facts = [system, packages, importable, (root / "matplotlibrc").exists(), settings(), ENGINE]
    return digest(json.dumps(facts, sort_keys=True).encode())


def processor() -> list[str]:
    """Return the processor's name and its capability flags, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(errors="replace") if info.exists() else f"model name: {platform.processor()}"
    return sorted(set(re.findall(r"^(?:model name|flags|Features)\s*:.*$", text, re.M)))


def state(path: Path) -> str:
    """Return the digest of a file, or "absent"."""
    return digest(path.read_bytes()) if path.is_file() else "absent"


def inputs(read: list[str], root: Path, began: float) -> dict[str, str]:
    """Return the state of each file that a run read; of one that changed since, the run's is not known."""
    found = {}
    for name in sorted(read):
        path = root / name
        quiet = not path.exists() or max(path.stat().st_mtime, path.stat().st_ctime) < began
        found[name] = state(path) if quiet else "changed during the run"
    return found


def seal(notebook: nbformat.NotebookNode) -> str:
    """Return the notebook as text with a digest of itself inside, so that a hand edit shows."""
    notebook.metadata["literate"].pop("digest", None)
    notebook.metadata["literate"]["digest"] = digest(nbformat.writes(notebook).encode())
    return nbformat.writes(notebook) + "\n"


def stored(path: Path, machine: str, root: Path) -> nbformat.NotebookNode | None:
    """Return the stored run if it is whole and still true, else None: then the snippet runs."""
    try:
        text = path.read_text(encoding="utf-8")
        notebook = nbformat.v4.reads(text)
        record = notebook.metadata["literate"]
        whole = seal(nbformat.from_dict(notebook)) == text
        same = record["fingerprint"] == machine
        true = all(state(root / name) == was for name, was in record["inputs"].items())
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # absent, cut short or not ours
        return None
    return notebook if whole and same and true else None
