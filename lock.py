"""Resolve requirements.txt anew: one lock for Linux, macOS and Windows, CPython 3.11 to 3.13.

torch stands in it as a bare pin, with those of its needs that every wheel has. The CUDA packages that its
Linux wheel on PyPI also names are not locked: pip adds them, unless a CPU-only torch is there already
(README). uv resolves for all platforms at once, which pip cannot; installing stays pip's.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import requires, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent
HEADER = "# Made by `make lock`; do not edit. For Linux, macOS, Windows; CPython 3.11 to 3.13.\n"


def wanted() -> tuple[str, list[str]]:
    """Return torch's pin, and every other direct requirement with torch's own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = project["dependencies"] + project["optional-dependencies"]["test"]
    torch = next(requirement for requirement in direct if re.match(r"torch\b", requirement))
    installed, pinned = version("torch").split("+")[0], torch.partition("==")[2]
    if installed != pinned:
        sys.exit(
            f"torch {installed} is installed and {pinned or 'none'} pinned in pyproject.toml: what that one "
            f"needs is not known. Run `{sys.executable} -m pip install {torch}`, then `make lock` again"
        )
    needs = [need for need in requires("torch") if ";" not in need]  # with a condition: CUDA, extras
    return torch, [r for r in direct if r != torch] + needs


def main() -> None:
    torch, requirements = wanted()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "requirements.in"
        source.write_text("\n".join(requirements), encoding="utf-8")
        options = ["--universal", "--python-version", "3.11", "--no-header", "--no-annotate", "--quiet"]
        command = [sys.executable, "-m", "uv", "pip", "compile", *options, str(source)]
        resolved = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = sorted([*resolved.strip().split("\n"), torch], key=str.lower)
    (ROOT / "requirements.txt").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"requirements.txt: {len(lines)} packages")


if __name__ == "__main__":
    main()
