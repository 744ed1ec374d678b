"""The command that writes a report again, reconstructed from its study."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from pixcon_diag.data.evaluation_data import DataChoice
from pixcon_diag.groups.arguments import Listed
from pixcon_diag.groups.methods import Methods
from pixcon_diag.groups.options import BankOptions, StudyOptions
from pixcon_diag.passes.options import RunChoice
from pixcon_train.core.shell import quoted_line

FLAGS: Mapping[type, Mapping[str, str]] = {
    StudyOptions: {
        "weights": "--weights",
        "allow_legacy": "--allow-legacy",
        "recipe": "--recipe",
        "feature": "--feature",
        "class_order": "--class-order",
        "taus": "--tau",
        "seed": "--seed",
        "audit": "--audit",
    },
    DataChoice: {
        "dataset": "--dataset",
        "root": "--data-root",
        "list_path": "--list",
        "limit": "--limit",
        "labels": "--labels",
        "allow_outside": "--allow-outside",
    },
    RunChoice: {
        "protocol": "--protocol",
        "window": "--window",
        "device": "--device",
        "batch_size": "--batch-size",
        "workers": "--workers",
    },
    BankOptions: {"list_path": "--bank-list"},
}
"""Options of ``pixcon-diag report`` by the fields that they set."""
ELSEWHERE = ("data", "run", "bank", "model")
"""Fields of a study's options that stand in parts of their own, or (the network) in its methods."""


@dataclass(frozen=True)
class Command:
    """How a report was made."""

    line: str
    """For a shell, to be run in the same folder."""
    notes: tuple[str, ...]
    """What the line cannot say, a sentence each."""


def command_of(methods: Methods, options: Mapping[str, Any]) -> Command:
    """The command of a study.

    Args:
        methods: the study.
        options: further options by their flag, those of the report itself; None: the default.
    """
    given, notes = methods.given, list[str]()
    sources = [*_arguments(given.methods, notes), *_arguments(given.logs, notes)]
    words = [word for name, folder in given.predictions for word in ("--predictions", f"{name}={folder}")]
    words += ["--baseline", methods.baseline] if methods.baseline is not None else []
    words += _flags(methods.options, notes)
    words += [word for flag, value in options.items() if value is not None for word in _words(flag, value)]
    if any(source.startswith("-") for source in sources):
        words += ["--", *sources]  # which would be read as options
    else:
        words = [*sources, *words]
    return Command(quoted_line(("pixcon-diag", "report", *words)), tuple(notes))


def _arguments(given: Listed, notes: list[str]) -> Iterator[str]:
    """Methods as arguments; what cannot be one is noted."""
    named = given.items() if isinstance(given, Mapping) else ((None, [source]) for source in given)
    for name, sources in named:
        paths = [source for source in sources if isinstance(source, str)]
        if len(paths) < len(sources):
            own = [source.name for source in sources if not isinstance(source, str)]
            notes.append(f"Networks in memory are no argument of the command: {', '.join(own)}.")
        elif name is None:
            yield paths[0]
        else:
            if re.search("[=/]", name) or any("," in path for path in paths):
                notes.append(f"The name or a path of '{name}' holds a character that the command reads otherwise.")
            yield f"{name}={','.join(paths)}"


def _flags(options: StudyOptions, notes: list[str]) -> Iterator[str]:
    """The options that differ from their defaults; those that only Python can set are noted."""
    default = StudyOptions()
    for part, before in (
        (options, default),
        *((getattr(options, n), getattr(default, n)) for n in ("data", "run", "bank")),
    ):
        flags = FLAGS.get(type(part))
        if flags is None:
            notes.append("The images were given from Python.")
            continue
        for field in fields(part):
            value = getattr(part, field.name)
            if value == getattr(before, field.name) or field.name in ELSEWHERE:
                continue
            if field.name in flags:
                yield from _words(flags[field.name], value)
            else:
                notes.append(f"Set from Python: {type(part).__name__}.{field.name} = {value!r}.")


def _words(flag: str, value: Any) -> Iterator[str]:
    """An option as words of the command, once for each of several values."""
    if value is True:
        yield flag
        return
    for one in value if isinstance(value, Sequence) and not isinstance(value, str) else (value,):
        yield from (flag, _text(one))


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)
