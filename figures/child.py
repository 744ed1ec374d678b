"""A process that draws figures for another one: jobs as lines of JSON on standard input, an answer to each on output.

Started by :class:`pixcon_figures.processes.Child`; it ends with its input.
"""

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from pixcon_figures.drawing import draw_named
from pixcon_train.core.errors import PixConError


def main() -> None:
    """Answer every job."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # an unfinished file is removed
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    import matplotlib.figure  # noqa: F401  while the first result is computed

    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    missing: set[str] = set()
    try:
        paths = draw_named(Path(job["folder"]), job["name"], missing, style=job["style"])
    except PixConError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except Exception:
        return {"traceback": traceback.format_exc()}
    return {"files": [path.name for path in paths], "missing": sorted(missing)}


if __name__ == "__main__":
    main()
