"""Fuzzing guided by coverage, where atheris is installed: ``python -m tests.fuzz.coverage_guided pickle -runs=100000``.

The options after the name are those of libFuzzer, such as ``-max_total_time=900``; without a name every target is
fuzzed for 12 minutes, one after another. Inputs are bytes; an exception that is none of the project's ends the run.
"""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from pixcon_diag.logs.event_records import read_events
from pixcon_diag.study import Study
from pixcon_train.config.resolve import load_config
from pixcon_train.core.errors import PixConError
from pixcon_train.core.pickle_reader import Pickle
from pixcon_train.core.weight_files import read_weights
from pixcon_train.runs.log_file import read_log

SECONDS = 720
"""For each target: five of them take an hour."""


def _pickle(path: Path) -> None:
    with suppress(Exception):  # its caller names every class; a crash, a hang or exhausted memory remain
        Pickle(BytesIO(path.read_bytes()))


def _safetensors(path: Path) -> None:
    header = path.read_bytes()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(64))
    read_weights(path)


def _texts(path: Path) -> None:
    for read in (read_log, load_config, lambda file: Study(logs=[str(file)]).dynamics()):
        with suppress(PixConError):
            read(path)


TARGETS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "pickle": ("data.pkl", _pickle),
    "safetensors": ("x.safetensors", _safetensors),
    "weights": ("x.pth", read_weights),
    "events": ("events.out.tfevents.1", lambda path: list(read_events(path))),
    "texts": ("x.yaml", _texts),
}
"""Name of the file, and what reads it."""


def attempt(target: str, data: bytes, folder: Path) -> None:
    """Read ``data``; any error but one of this project leaves."""
    name, read = TARGETS[target]
    (folder / name).write_bytes(data)
    with suppress(PixConError):
        read(folder / name)


def main() -> None:
    """Fuzz one target with libFuzzer's options, or all of them."""
    try:
        import atheris
    except ImportError:
        print("atheris is not installed; nothing is fuzzed by coverage (pip install atheris).")
        return
    if len(sys.argv) == 1:
        command = (sys.executable, "-m", "tests.fuzz.coverage_guided")
        ended = [subprocess.run([*command, name, f"-max_total_time={SECONDS}"]).returncode for name in TARGETS]
        sys.exit(any(ended))
    target = sys.argv.pop(1)
    with TemporaryDirectory() as folder:
        atheris.instrument_all()
        atheris.Setup(sys.argv, lambda data: attempt(target, data, Path(folder)))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
