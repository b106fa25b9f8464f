"""Fresh: a stored run counts only while nothing that can change its output has changed.

In: a Snippet, which holds all that its run can read, and the machine. Out: the key of its run, and the stored
notebook that bears it, if there is one.
"""

import hashlib
import json
import os
import platform
import re
import sys
from pathlib import Path

import nbformat

from literate.read import Snippet

# Of the caller's environment a snippet sees PLACES, which change no output, and CHOICES, which may.
PLACES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
CHOICES = ("ATEN_CPU_CAPABILITY", "OPENBLAS_CORETYPE", "MKL_CBWR")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
FIXED = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1", "LANG": "C.UTF-8"}
FIXED |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}


def digest(data: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


# The engine that is at work: read now, since its files may be edited under a running preview.
ENGINE = [
    digest(Path(__file__).with_name(f"{name}.py").read_bytes())
    for name in ("sources", "read", "forks", "forker", "runner", "traces", "run", "account", "notebook")
]


def settings(threads: int) -> dict[str, str]:
    """Return the part of a snippet's environment that outputs may depend on."""
    chosen = {name: os.environ[name] for name in CHOICES if name in os.environ}
    return FIXED | dict.fromkeys(THREADS, str(threads)) | chosen


def machine_of(threads: int) -> str:
    """Return a digest of what outputs depend on besides the project: Python, packages, processor, threads."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(errors="replace") if info.exists() else f"model name: {platform.processor()}"
    processor = sorted(set(re.findall(r"^(?:model name|flags|Features)\s*:.*$", text, re.M)))
    installed = {meta for place in filter(None, sys.path) for meta in Path(place).glob("*.dist-info")}
    packages = [
        f"{meta.name} {digest(content(meta / 'RECORD'))}"
        for meta in sorted(installed)
        if b"editable" not in content(meta / "direct_url.json")  # the project itself, which no snippet sees
    ]
    system = [sys.version, *platform.libc_ver(), platform.machine(), processor]
    return digest(json.dumps([system, packages, settings(threads), ENGINE], sort_keys=True).encode())


def content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def key_of(snippet: Snippet, machine: str) -> str:
    """Return the digest of all that a snippet's outputs can depend on."""
    files = {name: digest(data) for name, data in snippet.files.items()}
    parts = [snippet.path.as_posix(), snippet.text, files, machine]
    return digest(json.dumps(parts, sort_keys=True).encode())


def store(path: Path, notebook: nbformat.NotebookNode, key: str) -> None:
    """Write the notebook in one step, with its key and a digest of itself, so that a hand edit shows."""
    notebook.metadata["literate"] |= {"key": key, "digest": ""}
    notebook.metadata["literate"]["digest"] = digest(nbformat.writes(notebook).encode())
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    draft.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    os.replace(draft, path)


def stored(path: Path, key: str) -> dict | None:
    """Return the notebook at `path` if it is whole and bears the key, else None: then the snippet runs."""
    try:
        notebook = json.loads(text := path.read_text(encoding="utf-8"))
        written = notebook["metadata"]["literate"]["digest"]
        whole = digest(text.replace(written, "", 1).rstrip().encode()) == written
        return notebook if whole and notebook["metadata"]["literate"]["key"] == key else None
    except (OSError, ValueError, LookupError, TypeError):  # absent, cut short or not ours
        return None
