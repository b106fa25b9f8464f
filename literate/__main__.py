"""`python -m literate`: run what is stale and check the sources of the pages, without MkDocs."""

import sys
from pathlib import Path

from literate.alone import alone, end_on_request
from literate.build import build
from literate.read import LiterateError
from literate.run import Limits


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


end_on_request()
try:
    with alone(Path.cwd(), say):
        build(Path.cwd(), "docs", Limits(), say)
except LiterateError as error:
    sys.exit(f"\n{error}")
except KeyboardInterrupt:
    sys.exit("stopped; what had run is kept")
