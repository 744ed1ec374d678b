"""Hostile names of classes, files and checkpoints through commands: everything printed or written is text."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
from click.testing import CliRunner
from PIL import Image

from pixcon_cli.diag import main
from pixcon_diag import DataChoice, RunChoice, Study, StudyOptions
from pixcon_train.core.foreign_text import is_hidden
from tests.cli.farm import write_public
from tests.fuzz.case import Case

FRAGMENTS = (
    *("\x1b[2J", "\x1b]0;t\x07", "\x9b31m", "\x7f", "\r", "\x85", "\u2028", "\u200b", "\u202e", "\u2066", "\u200d"),
    *("\ufeff", "=1+1", "-a", "@A1", "'", '"', ",", "![x](http://y)", "**", "`", "|", "<b>", "&lt;", "</script>"),
    *("<img src=x>", "\\input{x}", "$x^{$", "\\$", "$$", "_", "^", "{", "%", "&", "#", "~", ":100:", "[red]", "道路"),
    *("ρ_F", "e\u0301", "../", "{{ 7 * 7 }}", "w" * 240, "\U000e0041", "None", "nan"),
)
IN_A_CLASS = ("\n", "\t", "\x00", "\ud800")
"""Further ones that no list can hold as part of a path."""


def cases(generator: Random) -> Iterator[Case]:
    """Three classes, two files and a checkpoint with names of a few fragments and random characters."""
    with TemporaryDirectory() as folder:  # what the processes need is loaded once, before they begin
        _write(Path(folder) / "data", classes=("a", "b", "c"), files=("a", "b"), checkpoint="a")
        attempt(Path(folder) / "data")
    while True:
        classes = list(dict.fromkeys(_name(generator, (*FRAGMENTS, *IN_A_CLASS)) for _ in range(3)))
        classes += [f"class {place}" for place in range(3 - len(classes))]
        files = [f"{place}{_file_name(generator)}" for place in range(2)]
        yield Case("names", "data", partial(_write, classes=classes, files=files, checkpoint=_file_name(generator)))


def attempt(path: Path) -> str:
    """Check the data and measure; nothing printed, and no text written, holds a character that is not seen."""
    data = ["--dataset", str(path / "farm.yaml"), "--data-root", str(path)]
    checkpoint = next((path / "run").iterdir())
    results = [_said("check-data", *data), _said("contamination", str(checkpoint), *data, "--workers", "0")]
    options = StudyOptions(data=DataChoice(str(path / "farm.yaml"), path), run=RunChoice(workers=0))
    Study(checkpoint, options=options).contamination().write(path / "out")
    for file in (path / "out").rglob("*"):
        if file.suffix in (".json", ".csv", ".tex"):
            assert not is_hidden(file.read_text(encoding="utf-8")), f"{file.name} holds a hidden character"
    return "\n".join(results)


def _said(*arguments: str) -> str:
    result = CliRunner().invoke(main, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert not is_hidden(result.output), f"{arguments[0]} prints a hidden character: {result.output!a}"
    return result.output


def _name(generator: Random, fragments: Sequence[str]) -> str:
    parts = [generator.choice(fragments) for _ in range(generator.randint(1, 4))]
    return "".join([*parts, *(chr(generator.randrange(33, 0x2FFF)) for _ in range(generator.randint(0, 3)))])


def _file_name(generator: Random) -> str:
    """A name that a file system and a list can hold."""
    name = "".join(_name(generator, FRAGMENTS).replace("/", "").split())
    return name.encode()[:200].decode(errors="ignore")


def _write(path: Path, *, classes: Sequence[str], files: Sequence[str], checkpoint: str) -> None:
    """A data set of two images, its description and a checkpoint."""
    (path / "run").mkdir(parents=True)
    random = np.random.default_rng(0)
    for name in files:
        Image.fromarray(random.integers(0, 256, (14, 14, 3), dtype=np.uint8)).save(path / f"{name}.jpg")
        Image.fromarray(random.integers(0, 3, (14, 14), dtype=np.uint8)).save(path / f"{name}.png")
    (path / "val.txt").write_text("".join(f"{name}.jpg\t{name}.png\n" for name in files), encoding="utf-8")
    (path / "farm.yaml").write_text(json.dumps({"classes": classes}), encoding="utf-8")
    write_public(path / "run" / f"m{checkpoint}.pth")
