"""`python -m literate`: run what is stale and check the pages, without MkDocs."""

import sys
from pathlib import Path

from literate import LiterateError, build

try:
    build(Path.cwd(), lambda text: sys.stderr.write(f"{text}\n"))
except LiterateError as error:
    sys.exit(f"\n{error}")
except KeyboardInterrupt:
    sys.exit("stopped; what had run is kept")
