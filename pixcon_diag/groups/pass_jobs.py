"""The passes of a study as works of a queue: each checkpoint is measured in a job, and its pass is cached."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pixcon_diag.checkpoints.finding import checkpoint_path
from pixcon_diag.groups.methods import Methods
from pixcon_diag.groups.options import StudyOptions
from pixcon_train.core.files import file_stem
from pixcon_train.core.paths import resolved
from pixcon_train.core.progress import Progress
from pixcon_train.core.signals import StopRequest
from pixcon_train.jobs.outcome import Outcome, read_outcome


@dataclass(frozen=True)
class PassWork:
    """The pass of the checkpoint ``source``."""

    name: str
    source: str
    options: StudyOptions
    folder: Path
    """Folder of the outcomes."""

    def finished(self) -> bool:
        """Whether a job has said so: the name is that of this file and these options."""
        return read_outcome(self.folder, self.name) == Outcome()

    def run(self, interruption: StopRequest) -> Outcome:
        """Measure it, or go on with what is cached."""

        @contextmanager
        def bar(description: str) -> Iterator[Progress]:
            print(description, flush=True)
            yield stopping

        def stopping(done: int, total: int) -> None:
            if interruption.requested:
                raise _StoppedError

        try:
            Methods([self.source], options=self.options, bar=bar, notify=print).passes(**asdict(self.options.band))
        except _StoppedError:
            return Outcome(stopped=interruption.name)
        return Outcome()


class _StoppedError(Exception):
    """The job was asked to stop."""


def pass_works(methods: Methods, folder: Path) -> list[PassWork]:
    """A work for each checkpoint of a study, with the outcomes in ``folder``.

    Raises:
        PixConError: a checkpoint cannot be found.
    """
    sources = [source for group in methods.groups for source in group.sources if isinstance(source, str)]
    return [_work(source, methods.options, folder) for source in dict.fromkeys(sources)]


def _work(source: str, options: StudyOptions, folder: Path) -> PassWork:
    file = resolved(checkpoint_path(Path(source), options.weights))
    try:
        status = file.stat()
        content = f"{status.st_size} {status.st_mtime_ns}"
    except (OSError, ValueError):  # its job says what is wrong with it
        content = ""
    key = hashlib.sha256(f"{file} {content} {options}".encode(errors="surrogatepass")).hexdigest()
    return PassWork(f"{file_stem(Path(source).name)}-{key[:12]}", source, options, folder)
