"""Figures drawn by processes: the same files, the same errors, and nothing that stays behind."""

import io
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from pixcon_figures.child import _answer, _receive
from pixcon_figures.drawing import draw_named
from pixcon_figures.processes import Child, Processes
from pixcon_train.core.errors import ConfigError, DataError, WorkerError
from tests.figures.test_drawing import save

PNG_DPI = 200
PATIENCE = 200
"""Seconds until a process counts as stuck; a busy machine is slow, and nothing here measures time."""
ENDLESS = """
from matplotlib.figure import Figure
def save(self, path, *_, **__):
    path.touch()
    while True:
        pass
Figure.savefig = save
"""
"""Makes a figure one that is never done: what ends, ends within it, however fast the machine is."""


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixcon_figures.processes.usable_cores", lambda: 1)


@pytest.fixture
def child() -> Iterator[Child]:
    started = Child()
    yield started
    started.end()


def number(child: Child) -> int:
    return child._process.pid


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that start from now on are never done with a figure."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/sitecustomize.py").write_text(ENDLESS)  # Python imports it as it starts
    monkeypatch.syspath_prepend(tmp_path / "modules")


def wait_until_it_draws(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not list(folder.glob(".*.tmp")):
        assert time.monotonic() < deadline, "no figure was begun"
        time.sleep(0.01)


@pytest.mark.slow
def test_the_files_are_those_that_this_process_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixcon_figures.drawing.PNG_DPI", PNG_DPI)  # other tests draw fewer dots
    for command in ("tsne", "geometry"):
        save(tmp_path, command)
    drawn_here = [path for name in ("tsne", "geometry", "fig11") for path in draw_named(tmp_path, name)]
    own = {path: path.read_bytes() for path in drawn_here}
    for path in own:
        path.unlink()
    with Processes(tmp_path) as processes:
        for command in ("geometry", "checkpoints", "tsne"):
            processes.draw(command)
        drawn = processes.finish()
    assert {path: path.read_bytes() for path in own} == own
    assert [path.name for path in drawn.figures["tsne"]] == ["tsne.png", "tsne.pdf", "tsne.svg"]
    assert [path.stem for path in drawn.figures["geometry"]] == ["geometry"] * 3 + ["fig11"] * 3
    assert drawn.figures.keys() == {"geometry", "tsne"} and not drawn.missing


def test_errors_are_those_of_drawing_here_and_the_process_goes_on(tmp_path: Path, child: Child) -> None:
    save(tmp_path, "duel")
    with pytest.raises(ConfigError, match="No style of matplotlib is called 'none'"):
        child.draw(tmp_path, "duel", "none")
    with pytest.raises(DataError, match=r"No results at .*power\.json"):
        child.draw(tmp_path, "power", None)
    (tmp_path / "power.json").write_text('{"command": "power", "seed_noise": 1}')
    with pytest.raises(DataError, match=r"power\.json cannot be drawn"):
        child.draw(tmp_path, "power", None)
    assert child.draw(tmp_path, "duel", None)[0] == ["duel.png", "duel.pdf", "duel.svg"]


def test_a_defect_comes_with_its_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, child: Child) -> None:
    def broken(*arguments: Any, **options: Any) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("pixcon_figures.child.draw_named", broken)
    monkeypatch.setattr(child, "_ask", _answer)
    with pytest.raises(RuntimeError, match=r"(?s)drawing power failed:\n.*ZeroDivisionError: a defect"):
        child.draw(tmp_path, "power", None)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("Could not allocate memory for image: out of memory")], ids=repr
)
def test_exhausted_memory_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, child: Child, error: Exception
) -> None:
    def out(*arguments: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr("pixcon_figures.child.draw_named", out)
    monkeypatch.setattr(child, "_ask", _answer)
    with pytest.raises(ConfigError, match=r"^Out of memory: .* It was drawing the figure of power\. Free memory, or"):
        child.draw(tmp_path, "power", None)


def test_a_process_that_is_killed_is_said(tmp_path: Path, child: Child) -> None:
    os.kill(number(child), signal.SIGKILL)
    with pytest.raises(WorkerError, match="was killed, or memory ran out"):
        child.draw(tmp_path, "duel", None)


@pytest.mark.usefixtures("endless")
def test_an_interrupt_ends_the_processes_within_a_figure(tmp_path: Path) -> None:
    save(tmp_path, "geometry")
    with pytest.raises(KeyboardInterrupt), Processes(tmp_path) as processes:
        pids = [number(child) for child in processes._children]
        processes.draw("geometry")
        wait_until_it_draws(tmp_path)
        raise KeyboardInterrupt
    assert not any(map(runs, pids)) and not list(tmp_path.glob(".*.tmp"))


@pytest.mark.usefixtures("endless")
def test_a_process_ends_with_the_one_that_started_it(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Whatever kills that one: its end of the pipe is closed."""
    child = request.getfixturevalue("child")  # started as endless
    save(tmp_path, "geometry")
    assert child._process.stdin is not None
    child._process.stdin.write(json.dumps({"folder": str(tmp_path), "name": "geometry", "style": None}) + "\n")
    child._process.stdin.flush()
    wait_until_it_draws(tmp_path)
    child._process.stdin.close()
    assert child._process.wait(PATIENCE) == 0


def test_the_end_of_the_input_does_not_wait_for_a_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: SimpleQueue[str] = SimpleQueue()
    ends: list[int] = []
    monkeypatch.setattr("sys.stdin", io.StringIO("one\ntwo\n"))
    monkeypatch.setattr("os._exit", ends.append)
    _receive(jobs)
    assert [jobs.get_nowait(), jobs.get_nowait()] == ["one\n", "two\n"] and jobs.empty() and ends == [0]


def test_no_module_of_the_working_directory_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, "duel")
    (tmp_path / "matplotlib.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(tmp_path)
    other = Child()
    try:
        assert other.draw(tmp_path, "duel", None)[0]
    finally:
        other.end()
