"""python -m publish SITE, in the project's folder: finish a site that another generator has written."""

import sys
from pathlib import Path

from publish import PublishError
from publish.facts import facts_of, read_configuration
from publish.site import finish

if __name__ == "__main__":
    try:
        (site,) = sys.argv[1:]
        finish(Path(site), facts_of(read_configuration(Path("mkdocs.yml")), Path("docs")))
    except ValueError:
        sys.exit("usage: python -m publish SITE")
    except PublishError as error:
        sys.exit(str(error))
