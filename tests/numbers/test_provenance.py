"""What the page says of its machine is what the lock, the interpreter and the processor say."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys


def rows(text: str) -> dict[str, str]:
    """Return what stands behind each name of a printed list."""
    return dict(re.split("  +", line, maxsplit=1) for line in text.splitlines())


def test_versions_are_those_of_the_lock(values, run, root):
    lock = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split(" ;")[0] for line in lock}  # some packages once for each version of Python
    printed = rows(run.stdout["versions"])
    assert printed.pop("Python") == sys.version.split()[0] == values["python"]
    assert len(printed) == 5
    for name, version in printed.items():
        assert f"{name}=={version.split('+')[0]}" in pinned  # after the plus stands the kind of wheel


def test_processor_is_this_machines(run):
    printed = rows(run.stdout["processor"])
    assert printed["machine"] == platform.machine() and printed["threads"] == "1"
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return
    told = subprocess.check_output(["lscpu"], text=True, env={"LC_ALL": "C"})
    assert re.search(r"^Model name: +(.*)$", told, re.M)[1] == printed["processor"]
    flags = re.search(r"^Flags: +(.*)$", told, re.M)[1].split()
    units = {"avx512f": "AVX512", "avx2": "AVX2"}
    best = next((unit for flag, unit in units.items() if flag in flags), "DEFAULT")
    assert os.environ.get("ATEN_CPU_CAPABILITY") or printed["vector unit"].startswith(best)
