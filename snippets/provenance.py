# %% [markdown]
# # The machine behind the numbers
#
# What this build ran on. Two builds on one such machine give the same bytes;
# another processor or another version may move a last digit.

# %% versions
import importlib.metadata
import os
import platform
import re
from pathlib import Path

import torch

names = ("torch", "numpy", "matplotlib", "scikit-learn", "sympy")
versions = {name: importlib.metadata.version(name) for name in names}
print(f"Python        {platform.python_version()}")
for name, version in versions.items():
    print(f"{name:13} {version}")

# %% processor
capability = torch.backends.cpu.get_cpu_capability()
info = Path("/proc/cpuinfo")  # Linux has the name nowhere else
listed = info.read_text() if info.exists() else ""
model = re.search(r"^model name\s*: (.*)", listed, re.MULTILINE)
name = model[1] if model else platform.processor() or "unknown"
print(f"processor     {name}")
print(f"machine       {platform.machine()}")
print(f"vector unit   {capability} (as torch uses it)")
print(f"threads       {torch.get_num_threads()}")
print(f"hash seed     {os.environ.get('PYTHONHASHSEED', 'random')}")

# %% values tags=["hidden"]
values = {
    "python": platform.python_version(),
    "torch": versions["torch"],
    "numpy": versions["numpy"],
    "matplotlib": versions["matplotlib"],
    "capability": capability,
    "machine": platform.machine(),
    "threads": torch.get_num_threads(),
}
