"""`python -m literate`: run what is stale and check the sources of the pages, without MkDocs.

In: the project in whose folder it is called; mkdocs.yml has its options.
"""

import sys
from pathlib import Path

import yaml
from yaml_env_tag import construct_env_tag

from literate.account import Limits
from literate.alone import alone, end_on_request
from literate.build import build
from literate.sources import LiterateError, fault


class Loader(yaml.BaseLoader):
    """Reads everything as text, whatever tags of Python a theme asks for."""


Loader.add_constructor("!ENV", construct_env_tag)


def options(path: Path) -> tuple[str, Limits, list[str]]:
    """Return the folder of the pages, and what is set for the plugin: limits, and what to import before."""
    at, ours, limits = path.name, {}, {}
    try:
        config = yaml.load(path.read_bytes(), Loader)
        plugins = config.get("plugins", [])
        for plugin in [plugins] if isinstance(plugins, dict) else plugins:
            ours |= isinstance(plugin, dict) and plugin.get("literate") or {}
        preload = ours.pop("preload", [])
        for name, text in ours.items():
            at = f"{path.name}: {name}: {text}"
            limits[name] = type(vars(Limits)[name])(text)
    except (OSError, yaml.YAMLError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise fault(at, str(error), "see what `mkdocs build` says of this file") from None
    return config.get("docs_dir", "docs"), Limits(**limits), preload


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


end_on_request()
try:
    docs, limits, preload = options(Path("mkdocs.yml"))
    with alone(Path.cwd(), say):
        build(Path.cwd(), docs, limits, say, preload)
except LiterateError as error:
    sys.exit(f"\n{error}")
except KeyboardInterrupt:
    sys.exit("stopped; what had run is kept")
