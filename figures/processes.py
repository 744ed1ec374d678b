"""Figures drawn by processes of their own, while the results of further analyses are computed."""

import json
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, NamedTuple, Self

from pixcon_figures.drawing import FIG11, TOGETHER, has_figure
from pixcon_train.core import errors
from pixcon_train.core.cores import usable_cores
from pixcon_train.core.files import remove_leftovers
from pixcon_train.core.progress import Progress, silent, tracked

MOST = 4
"""Most processes: each takes about 150 MB."""


class Drawn(NamedTuple):
    """What was drawn."""

    figures: dict[str, list[Path]]
    """Paths by command; those of a figure of two commands are with the first one."""
    missing: set[str]
    """Characters without an installed font, drawn as code points."""


class Child:
    """A process that draws one figure after another; it ends with this one, at once.

    It shares neither memory nor locks with this process, and an interrupt from the keyboard does not reach it.
    """

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "pixcon_figures.child"],  # -P: no module of the working directory
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="ascii",
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                process_group=None if sys.platform == "win32" else 0,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            raise errors.WorkerError(
                f"A process that draws figures could not be started: {error.strerror or error}. Free memory, and run "
                "the command again."
            ) from error

    def draw(self, folder: Path, name: str, style: str | None) -> tuple[list[str], list[str]]:
        """Draw as :func:`pixcon_figures.drawing.draw_named`; names of the files, and characters without a font.

        Raises:
            PixConError: the one that was raised there.
            WorkerError: the process died.
        """
        answer = self._ask({"folder": str(folder), "name": name, "style": style})
        if "error" in answer:
            raise getattr(errors, answer["error"])(answer["message"])
        if "traceback" in answer:
            raise RuntimeError(f"drawing {name} failed:\n{answer['traceback']}")
        return answer["files"], answer["missing"]

    def _ask(self, job: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(f"{json.dumps(job)}\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:  # the pipe is broken
            line = ""
        if not line.endswith("\n"):
            raise errors.WorkerError(
                "A process that draws figures ended: it was killed, or memory ran out. Free memory, or allow fewer "
                "cores, and run the command again."
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """End it, at once: within a figure, its temporary file remains."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what it did not read is lost
                    pipe.close()


class Processes:
    """Processes that draw the figures of the results in a folder; a context manager that ends them.

    Args:
        folder: folder with the results, into which the figures are written.
        style: a style of matplotlib, or the path of an ``.mplstyle`` file.
    """

    def __init__(self, folder: Path, *, style: str | None = None) -> None:
        self._folder, self._style = folder, style
        self._jobs: dict[str, tuple[str, Future[tuple[list[str], list[str]]]]] = {}

    def __enter__(self) -> Self:
        self._children = [Child() for _ in range(min(usable_cores(), MOST))]
        self._idle: SimpleQueue[Child] = SimpleQueue()
        for child in self._children:
            self._idle.put(child)
        self._threads = ThreadPoolExecutor(len(self._children))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for child in self._children:
            child.end()
        self._threads.shutdown()
        remove_leftovers(self._folder)

    def draw(self, command: str) -> None:
        """Begin to draw the figures of ``<command>.json``, which is written; nothing for a command without figures.

        Raises:
            PixConError: an earlier figure could not be drawn.
        """
        for _, job in self._jobs.values():
            if job.done():
                job.result()
        if has_figure(command):
            self._submit(command, command)
        if command in TOGETHER and all(name in self._jobs for name in TOGETHER):
            self._submit(FIG11, next(name for name in self._jobs if name in TOGETHER))

    def _submit(self, name: str, command: str) -> None:
        self._jobs[name] = command, self._threads.submit(self._draw, name)

    def _draw(self, name: str) -> tuple[list[str], list[str]]:
        child = self._idle.get()
        try:
            return child.draw(self._folder, name, self._style)
        finally:
            self._idle.put(child)

    def finish(self, progress: Progress = silent) -> Drawn:
        """Wait for all figures.

        Raises:
            ConfigError: there is no such style.
            DataError: results are damaged.
            PixConError: the folder cannot be written.
            WorkerError: a process died.
        """
        drawn = Drawn({}, set())
        for command, job in tracked([*self._jobs.values()], progress):
            files, missing = job.result()
            drawn.figures.setdefault(command, []).extend(self._folder / file for file in files)
            drawn.missing.update(missing)
        return drawn
