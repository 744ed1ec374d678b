"""The work that is disturbed: a training of a few steps and a pass of a few images, the same numbers every time."""

import json
import os
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from click import ClickException

from pixcon_cli.diag import main
from pixcon_diag.cache import resumable_run
from pixcon_diag.cache.measure import measure
from pixcon_diag.cache.store import MANIFEST
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_train.core.errors import PixConError
from pixcon_train.core.files import write_text
from pixcon_train.core.weight_files import content_hash, read_weights
from pixcon_train.data.lists import Pair
from pixcon_train.engine.observer import TrainingObserver
from pixcon_train.engine.trainer import train
from pixcon_train.runs.checkpoint import load_checkpoint
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT, LATEST
from pixcon_train.runs.log import LOG, read_log
from tests.cli.diagnose.methods import write_methods
from tests.cli.farm import write_data
from tests.pixcon_diag.passes.small import SIZES, cpu, images, listed, network
from tests.pixcon_train.comparing import assert_same_state, timeless
from tests.pixcon_train.tiny import tiny_config, write_tiny

_SIZES = 4 * SIZES
Prepare = Callable[[], None]
"""Called in the process before the work."""


def unprepared() -> None:
    """Change nothing."""


@dataclass(frozen=True)
class Training:
    """Two epochs of four steps, saved after each, in ``folder``."""

    data: Path

    @property
    def name(self) -> str:
        """For the table."""
        return "training"

    def write_data(self) -> None:
        """Write the images and lists."""
        self.data.mkdir(parents=True)
        write_tiny(self.data)

    def image(self, number: int) -> Path:
        """An image that is read late in the run."""
        return self.data / f"{('unlabeled', 'val')[number % 2]}{number % 3}.{('jpg', 'png')[number % 2]}"

    def do(
        self, folder: Path, prepare: Prepare = unprepared, step: "Callable[[int], None] | None" = None, workers: int = 0
    ) -> None:
        """Start or resume the run; ``step`` is called with the number of each step."""
        torch.set_num_threads(1)
        prepare()
        observer = TrainingObserver()
        if step is not None:
            observer.stepped = step  # type: ignore[method-assign]
        config = tiny_config(
            self.data / "tiny.yaml", runtime__save_every=1, runtime__log_every=1, runtime__workers=workers
        )
        train(config, folder, resume=(folder / LATEST).exists(), observer=observer)

    def losses(self, folder: Path, alone: Path) -> list[str]:
        """Where the run in ``folder`` is not, bit for bit, the one in ``alone``."""
        here, there = ([record | {"config": None} for record in timeless(run)] for run in (folder, alone))
        found = [] if here == there else ["the log is another one"]  # the number of workers may differ
        records = read_log(folder / LOG)
        if len({(record["event"], record["iteration"]) for record in records}) != len(records):
            found.append("a record is there twice")
        for name in (LATEST, BEST_EMA, BEST_STUDENT):
            try:
                assert_same_state(load_checkpoint(folder / name), load_checkpoint(alone / name))
            except (AssertionError, PixConError) as error:
                found.append(f"{name} is another one: {error!r}")
        return found + [f"{path.name} is left" for path in folder.glob(".*")]


@dataclass(frozen=True)
class Pass:
    """A pass over twenty images in batches of two, saved after each, in the cache ``folder``."""

    data: Path

    @property
    def name(self) -> str:
        """For the table."""
        return "pass"

    def write_data(self) -> None:
        """Write the images and masks."""
        images(self.data, _SIZES)

    def image(self, number: int) -> Path:
        """An image or a mask of the last half."""
        pairs = self._images().pairs
        return self.data / str(pairs[len(pairs) // 2 + number % (len(pairs) // 2)][number % 2])

    def _images(self) -> EvaluationData:
        pairs = [Pair(f"images/{number}.png", f"masks/{number}.png") for number in range(len(_SIZES))]
        return listed(self.data, pairs)

    def do(
        self, folder: Path, prepare: Prepare = unprepared, step: "Callable[[int], None] | None" = None, workers: int = 0
    ) -> None:
        """Run or resume the pass; ``step`` is called with the number of images that are done."""
        torch.set_num_threads(1)
        resumable_run.SAVE_EVERY = 0.0
        prepare()
        called = (lambda done, total: None) if step is None else (lambda done, total: step(done))
        measure(network(), self._images(), run=cpu(workers=workers), cache=folder, progress=called)

    def losses(self, folder: Path, alone: Path) -> list[str]:
        """Where the pass in ``folder`` is not, bit for bit, the one in ``alone``."""
        here, there = (sorted(cache.glob(f"*/{MANIFEST}")) for cache in (folder, alone))
        if [file.parent.name for file in here] != [file.parent.name for file in there]:
            return ["the pass is not there"]
        found = []
        for file, other in zip(here, there, strict=True):
            if json.loads(file.read_text()) != json.loads(other.read_text()):
                found.append("the numbers or maps are others")
            files, others = (
                {path.relative_to(of.parent): path.read_bytes() for path in of.parent.rglob("*") if path.is_file()}
                for of in (file, other)
            )
            found += [f"{path} is left" for path in files.keys() - others.keys()]
            found += [f"{path} is missing" for path in others.keys() - files.keys()]
            found += [f"{path} differs" for path in files.keys() & others.keys() if files[path] != others[path]]
        return found


@dataclass(frozen=True)
class Report:
    """A report of two methods with two seeds, whose passes are cached, in ``folder``."""

    data: Path

    @property
    def name(self) -> str:
        """For the table."""
        return "report"

    def write_data(self) -> None:
        """Write the images and the runs."""
        write_methods(self.data, write_data(self.data / "data"))

    def command(self, folder: Path) -> list[str]:
        """Arguments of `pixcon-diag`."""
        runs = sorted(map(str, (self.data / "runs").iterdir()))
        return ["report", *runs, "--out", str(folder), "--workers", "0", "--device", "cpu"]

    def do(self, folder: Path, prepare: Prepare = unprepared) -> None:
        """Write the report."""
        torch.set_num_threads(1)
        prepare()
        try:
            main(self.command(folder), standalone_mode=False)
        except ClickException as error:
            raise PixConError(error.format_message()) from None

    def losses(self, folder: Path, alone: Path) -> list[str]:
        """Files that only one of the two reports has."""
        here, there = ({path.relative_to(of) for path in of.rglob("*") if path.is_file()} for of in (folder, alone))
        return [f"{path} is left" for path in here - there] + [f"{path} is missing" for path in there - here]


@dataclass(frozen=True)
class Reading:
    """A checkpoint of 32 MB that is read; its hash is written into ``folder``."""

    data: Path

    @property
    def name(self) -> str:
        """For the table."""
        return "reading of a checkpoint"

    def write_data(self) -> None:
        """Write the checkpoint."""
        self.data.mkdir(parents=True)
        torch.save({f"layer{number}": torch.full((2**20,), float(number)) for number in range(8)}, self._file)

    @property
    def _file(self) -> Path:
        return self.data / "weights.pth"

    def do(self, folder: Path, prepare: Prepare = unprepared) -> None:
        """Read it."""
        prepare()
        write_text(folder / "sha256", content_hash(read_weights(self._file).content))

    def losses(self, folder: Path, alone: Path) -> list[str]:
        """Where another content was read, or something is left."""
        here, there = ({path.name: path.read_text() for path in of.iterdir()} for of in (folder, alone))
        return [] if here == there else [f"{here} instead of {there}"]


Work = Training | Pass | Report | Reading


@dataclass(frozen=True)
class FileLimit:
    """Lets no file become longer than ``length`` bytes, as a full disk would."""

    length: int

    def __call__(self) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.length, resource.RLIM_INFINITY))


@dataclass(frozen=True)
class MemoryLimit:
    """Lets the process take no more than ``more`` bytes of address space beyond what it has."""

    more: int

    def __call__(self) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + self.more
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


@dataclass(frozen=True)
class Clock:
    """A wall clock that jumps by one of ``steps`` seconds at each reading, in turn."""

    steps: tuple[float, ...]

    def __call__(self) -> None:
        original, original_ns, readings = time.time, time.time_ns, [0]

        def jump() -> float:
            readings[0] += 1
            return self.steps[readings[0] % len(self.steps)]

        time.time = lambda: original() + jump()
        time.time_ns = lambda: original_ns() + int(jump() * 1e9)


@dataclass(frozen=True)
class Spoil:
    """Spoils a file when the work has come to step ``at``."""

    file: Path
    how: str
    at: int

    def __call__(self, step: int) -> None:
        if step < self.at or not self.file.is_file() or self.file.with_suffix(".spoilt").exists():
            return
        content = self.file.read_bytes()
        self.file.rename(self.file.with_suffix(".spoilt"))
        if self.how == "cut":
            self.file.write_bytes(content[: len(content) // 2])
        elif self.how == "emptied":
            self.file.touch()
        elif self.how == "a pipe":
            os.mkfifo(self.file)
        elif self.how == "a folder":
            self.file.mkdir()
        elif self.how == "a loop":
            self.file.symlink_to(self.file.name)

    def restore(self) -> bool:
        """Put the file back; whether it was spoilt."""
        kept = self.file.with_suffix(".spoilt")
        if not kept.exists():
            return False
        if self.file.is_dir():
            self.file.rmdir()
        kept.replace(self.file)
        return True
