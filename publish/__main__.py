"""python -m publish SITE, in the project's folder: finish a site that another generator has written."""

import sys
from pathlib import Path

from publish.facts import facts_of, read_configuration
from publish.page import PublishError
from publish.site import finish

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m publish SITE")
    try:
        finish(Path(sys.argv[1]), facts_of(read_configuration(Path("mkdocs.yml")), Path("docs")))
    except PublishError as error:
        sys.exit(f"{error}")
