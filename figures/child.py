"""A process that draws figures for another one: jobs as lines of JSON on standard input, an answer to each on output.

Started by :class:`pixcon_figures.processes.Child`; it ends with its input, within a figure if need be.
"""

import json
import os
import sys
import threading
import traceback
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from pixcon_figures.drawing import draw_named
from pixcon_train.core.errors import PixConError
from pixcon_train.core.exhausted_memory import explain_out_of_memory

_REMEDY = "Free memory, or allow fewer cores, and run the command again."


def main() -> None:
    """Answer every job."""
    jobs: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_receive, args=(jobs,), daemon=True).start()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    import matplotlib.figure  # noqa: F401  while the first result is computed

    while True:
        print(json.dumps(_answer(json.loads(jobs.get()))), file=answers, flush=True)


def _receive(jobs: SimpleQueue[str]) -> None:
    """Queue every job, and end the process with its input: who asked has ended, and nobody waits for the figure."""
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    missing: set[str] = set()
    try:
        with explain_out_of_memory(lambda: f"It was drawing the figure of {job['name']}. {_REMEDY}"):
            paths = draw_named(Path(job["folder"]), job["name"], missing, style=job["style"])
    except PixConError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except Exception:
        return {"traceback": traceback.format_exc()}
    return {"files": [path.name for path in paths], "missing": sorted(missing)}


if __name__ == "__main__":
    main()
