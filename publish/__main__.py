"""python -m publish SITE, in the project's folder: finish a site that another generator has written."""

import sys
from pathlib import Path

from mkdocs.utils.yaml import yaml_load

from publish import PublishError
from publish.facts import facts_of
from publish.site import finish

if __name__ == "__main__":
    try:
        (site,) = sys.argv[1:]
        configuration = yaml_load(Path("mkdocs.yml").read_text(encoding="utf-8"))
        finish(Path(site), facts_of(configuration, Path("docs")))
    except ValueError:
        sys.exit("usage: python -m publish SITE")
    except PublishError as error:
        sys.exit(str(error))
