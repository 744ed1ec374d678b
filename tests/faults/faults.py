"""The faults: each disturbs a piece of work at random moments, lets it go on undisturbed, and compares."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.faults.trial import DONE, KILLED, LONGEST, TOLD, Child, Ending, Tally, finished, outliving
from tests.faults.work import Clock, FileLimit, MemoryLimit, Pass, Reading, Report, Spoil, Training, Work, unprepared

SAME = "resumed, it equals undisturbed work bit for bit, and nothing is left behind"


@dataclass(frozen=True)
class Bench:
    """A place for the tries of one kind of work, with an undisturbed run to compare with."""

    root: Path
    work: Work
    seconds: float
    """How long the undisturbed work takes."""
    random: Random

    @classmethod
    def of(cls, root: Path, kind: type[Work], random: Random) -> "Bench":
        """Write the data and do the work once, in ``alone``."""
        work = kind(root / "data")
        work.write_data()
        finished(unprepared)  # the first process waits for the one that all are forked from
        start = time.monotonic()
        ending = finished(work.do, root / "alone")
        assert ending.code == DONE, ending.said
        return cls(root, work, time.monotonic() - start, random)

    @property
    def alone(self) -> Path:
        """Folder of the undisturbed work."""
        return self.root / "alone"

    def resumed(self, folder: Path) -> list[str]:
        """What is lost once the work in ``folder`` has gone on, undisturbed, to its end."""
        ending = finished(self.work.do, folder)
        return ending.losses(DONE) or self.work.losses(folder, self.alone)

    def folders(self, name: str, tries: int) -> Iterator[Path]:
        """A folder for each try."""
        return (self.root / f"{name}-{number}" for number in range(tries))


def kills(bench: Bench, tries: int) -> Tally:
    """SIGKILL at a random moment, as often as ``tries`` says before the work has ended."""
    tally = Tally(f"SIGKILL at a random moment of a {bench.work.name}", SAME)
    for folder in bench.folders("killed", 4 * tries):
        child = Child(bench.work.do, folder)
        time.sleep(bench.seconds * bench.random.random())
        helpers = child.children()
        child.kill()
        ending = child.ended()
        losses = ending.losses(KILLED, DONE) + outliving(helpers) + bench.resumed(folder)
        tally.add(losses, disturbed=ending.code == KILLED)
        shutil.rmtree(folder)
        if tally.disturbed == tries:
            break
    return tally


def full_disk(bench: Bench, tries: int) -> Tally:
    """No file may become longer than some number of bytes, from the start or once the work has begun."""
    tally = Tally(f"disk full (RLIMIT_FSIZE) in a {bench.work.name}", f"one message; {SAME}")
    longest = max(path.stat().st_size for path in bench.alone.rglob("*") if path.is_file())
    for number, folder in enumerate(bench.folders("full", tries)):
        length = 0 if number == 0 else int(longest ** bench.random.random())
        if number % 2:  # goes on from a state that was saved
            child = Child(bench.work.do, folder)
            time.sleep(0.7 * bench.random.random())
            child.kill()
            child.ended()
        ending = finished(bench.work.do, folder, FileLimit(length))
        tally.add(ending.losses(TOLD, DONE) + bench.resumed(folder), disturbed=ending.code == TOLD)
    return tally


def full_memory(bench: Bench, tries: int) -> Tally:
    """The process gets little more memory than it has."""
    tally = Tally(f"CPU memory exhausted (RLIMIT_AS) in a {bench.work.name}", f"one message; {SAME}")
    for folder in bench.folders("memory", tries):
        more = int(bench.random.uniform(0, 40) * 2**20)
        ending = finished(bench.work.do, folder, MemoryLimit(more))
        tally.add(ending.losses(TOLD, DONE) + bench.resumed(folder), disturbed=ending.code == TOLD)
    return tally


def dead_workers(bench: Bench, tries: int) -> Tally:
    """SIGKILL to a loader worker at a random moment."""
    tally = Tally(f"loader worker of a {bench.work.name} killed", f"one message; {SAME}")
    for folder in bench.folders("worker", tries):
        child = Child(bench.work.do, folder, unprepared, None, 1)
        killed = _kill_a_child_of(child, bench.random.random())
        ending = child.ended()
        losses = ending.losses(TOLD, DONE)
        if ending.code == TOLD and "DataLoader worker" not in ending.said:
            losses.append(f"another message: {ending.said}")
        tally.add(losses + bench.resumed(folder), disturbed=killed and ending.code == TOLD)
    return tally


def _kill_a_child_of(child: Child, delay: float) -> bool:
    """Kill a loader worker of a process, ``delay`` seconds after its start; whether there was one."""
    while child.process.is_alive():
        if pids := child.children():
            time.sleep(delay)
            try:
                os.kill(pids[0], signal.SIGKILL)
            except ProcessLookupError:
                return False
            return True
        time.sleep(0.01)
    return False


def spoilt_images(bench: Bench, tries: int) -> Tally:
    """An image or mask is gone, cut, empty, a pipe, a folder or a loop from some step on."""
    tally = Tally(
        f"image or mask damaged during a {bench.work.name}", f"one message that names it; restored and {SAME}"
    )
    kinds = ("a pipe", "gone", "cut", "emptied", "a folder", "a loop")
    for number, folder in enumerate(bench.folders("spoilt", tries)):
        file = bench.work.image(bench.random.randrange(100))
        spoil = Spoil(file, kinds[number % len(kinds)], bench.random.randrange(3))
        child = Child(bench.work.do, folder, unprepared, spoil)
        ending = child.ended()
        losses = ending.losses(TOLD, DONE)
        if ending.code == TOLD and file.name not in ending.said:
            losses.append(f"{file.name} is not named: {ending.said}")
        spoil.restore()
        tally.add(losses + bench.resumed(folder), disturbed=ending.code == TOLD)
    return tally


CLOCKS = ((0.0, 3e7), (0.0, -86400.0), (3e8,), (-3e8,), (1.0, -1.0, 3600.0, -3600.0))


def jumping_clock(bench: Bench, tries: int) -> Tally:
    """The wall clock jumps at each reading, and the files are from the future; the process is killed on the way."""
    tally = Tally(f"wall clock that jumps, files from the future, and SIGKILL in a {bench.work.name}", SAME)
    for number, folder in enumerate(bench.folders("clock", tries)):
        clock = Clock(CLOCKS[number % len(CLOCKS)])
        child = Child(bench.work.do, folder, clock)
        time.sleep(bench.seconds * bench.random.random())
        child.kill()
        losses = child.ended().losses(KILLED, DONE)
        for path in folder.rglob("*"):
            os.utime(path, (4e9, 4e9))  # in the year 2096
        ending = finished(bench.work.do, folder, clock)
        tally.add(losses + ending.losses(DONE) + bench.work.losses(folder, bench.alone))
    return tally


def three_on_one_store(bench: Bench, tries: int) -> Tally:
    """Three processes need the same pass at the same time; in every second try one of them is killed."""
    tally = Tally("three processes on one pass, one killed in every second try", f"all three finish; the pass, {SAME}")
    for number, folder in enumerate(bench.folders("shared", tries)):
        children = [Child(bench.work.do, folder) for _ in range(3)]
        if number % 2:
            time.sleep(bench.random.random())
            children[bench.random.randrange(3)].kill()
        endings = [child.ended() for child in children]
        losses = [loss for ending in endings for loss in ending.losses(DONE, *[KILLED] * (number % 2))]
        tally.add(losses + bench.resumed(folder))
    return tally


def two_on_one_run(bench: Bench, tries: int) -> Tally:
    """Two trainings are started in one folder; the second, or one that comes too late, is refused."""
    tally = Tally(
        "two trainings in one folder, the first killed in every second try", f"one is refused with a message; {SAME}"
    )
    for number, folder in enumerate(bench.folders("shared", tries)):
        first = Child(bench.work.do, folder)
        time.sleep(bench.random.random())
        second = Child(bench.work.do, folder)
        if number % 2:
            time.sleep(bench.random.random())
            first.kill()
        endings = [first.ended(), second.ended()]
        losses = [loss for ending in endings for loss in ending.losses(DONE, TOLD, *[KILLED] * (number % 2))]
        for ending in endings:
            # "by another process" in the moment between its taking the lock and its writing down who it is
            refused = "is being trained by " in ending.said or "already holds" in ending.said
            losses += [f"another message: {ending.said}"] if ending.code == TOLD and not refused else []
        tally.add(losses + bench.resumed(folder), disturbed=any(ending.code == TOLD for ending in endings))
    return tally


INTERRUPTED = """
import signal, sys
from pixcon_cli import entry
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell switches it off for background jobs
print("ready", flush=True)
sys.argv[0] = "pixcon-diag"
entry.diag()
"""
SOON = 10.0
"""Seconds within which an interrupted command ends."""


def interrupts(bench: Bench, tries: int) -> Tally:
    """SIGINT at a random moment of a command, from its imports on; twice in a row in every second try."""
    tally = Tally(
        "Ctrl-C at a random moment of a command, twice in every second try", "no traceback, exit code 130 or 0"
    )
    command = ["check-data", "--dataset", "digits"]
    start = time.monotonic()
    subprocess.run([sys.executable, "-c", INTERRUPTED, *command], capture_output=True, timeout=LONGEST)
    seconds = time.monotonic() - start
    for number in range(tries):
        losses, interrupted = _interrupted(command, seconds * bench.random.random(), bench.random, 1 + number % 2)
        tally.add(losses, disturbed=interrupted)
    return tally


def interrupts_of_report(bench: Bench, tries: int) -> Tally:
    """The same while a report is computed and its figures are drawn."""
    tally = Tally(
        "Ctrl-C at a random moment of a report, twice in every second try",
        f"no traceback, exit code 130 or 0 within {SOON:.0f} s; written anew, it has all files, and nothing else",
    )
    assert isinstance(bench.work, Report)
    for number, folder in enumerate(bench.folders("interrupted", tries)):
        command, delay = bench.work.command(folder), bench.seconds * bench.random.random()
        losses, interrupted = _interrupted(command, delay, bench.random, 1 + number % 2)
        tally.add(losses + bench.resumed(folder), disturbed=interrupted)
    return tally


def _interrupted(command: list[str], delay: float, random: Random, times: int) -> tuple[list[str], bool]:
    """What is lost where a command is interrupted, and whether it was before its end."""
    started = [sys.executable, "-c", INTERRUPTED, *command]
    with subprocess.Popen(started, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(delay)
        start = time.monotonic()
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.02 * random.random())
        said, _ = process.communicate(timeout=LONGEST)
        seconds = time.monotonic() - start
    ending = Ending(process.returncode, said)
    # Where the interpreter is ending already, the signal ends it, as silently.
    losses = ending.losses(0, 130, -signal.SIGINT) + ([f"it ended after {seconds:.1f} s"] if seconds > SOON else [])
    return losses, process.returncode != 0


def full_disk_in_report(bench: Bench, tries: int) -> Tally:
    """No file of a report may become longer than some number of bytes."""
    tally = Tally("disk full (RLIMIT_FSIZE) in a report", "one message; written anew, all its files are there")
    longest = max(path.stat().st_size for path in bench.alone.rglob("*") if path.is_file())
    for number, folder in enumerate(bench.folders("full", tries)):
        length = 0 if number == 0 else int(longest ** bench.random.uniform(0.5, 1))
        ending = finished(bench.work.do, folder, FileLimit(length))
        tally.add(ending.losses(TOLD, DONE) + bench.resumed(folder), disturbed=ending.code == TOLD)
    return tally


Fault = Callable[[Bench, int], Tally]

FAULTS: dict[str, tuple[type[Work], Fault, int, int]] = {
    "kill-training": (Training, kills, 50, 1),
    "kill-pass": (Pass, kills, 50, 1),
    "kill-report": (Report, kills, 6, 0),
    "disk-training": (Training, full_disk, 16, 1),
    "disk-pass": (Pass, full_disk, 40, 2),
    "disk-report": (Report, full_disk_in_report, 3, 0),
    "memory-training": (Training, full_memory, 6, 0),
    "memory-pass": (Pass, full_memory, 20, 1),
    "memory-reading": (Reading, full_memory, 20, 0),
    "worker-training": (Training, dead_workers, 6, 0),
    "worker-pass": (Pass, dead_workers, 12, 1),
    "image-training": (Training, spoilt_images, 6, 0),
    "image-pass": (Pass, spoilt_images, 24, 1),
    "clock-training": (Training, jumping_clock, 5, 0),
    "clock-pass": (Pass, jumping_clock, 10, 1),
    "shared-store": (Pass, three_on_one_store, 12, 1),
    "shared-run": (Training, two_on_one_run, 8, 1),
    "interrupt": (Pass, interrupts, 20, 0),
    "interrupt-report": (Report, interrupts_of_report, 8, 0),
}
"""By name: the work, the fault, and the number of tries of the long and of the short tier."""
