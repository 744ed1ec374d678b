"""Importing the user's code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib import import_module, invalidate_caches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import get_args

from pixcon_diag.checkpoints.model_spec import FORMS, Kind
from pixcon_diag.checkpoints.modules.code_files import ALONE, is_installed
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.hints import hint
from pixcon_train.core.paths import is_file, resolved

_imported: set[str] = set()
"""Names of the modules that the last code brought with it."""


@contextmanager
def imported(where: str) -> Iterator[ModuleType]:
    """The module ``where``, or that of a file; its folder, or the working directory, is searched first for what it
    imports within the block.

    What the code of an earlier SPEC imported from its folder is imported anew: two folders may have a file of the same
    name, and a file may have changed.

    Raises:
        ConfigError: there is no such file, or it cannot be imported.
    """
    file = Path(where) if where.endswith(".py") else None
    if file is not None and not is_file(file):
        near = hint(file.stem, (path.stem for path in file.parent.glob("*.py")))
        raise ConfigError(f"No file at {file}{near}. Expected file.py:factory, Python code that builds the network.")
    folder = resolved(Path.cwd() if file is None else file.parent)
    for name in _imported:
        sys.modules.pop(name, None)
    _imported.clear()
    invalidate_caches()
    sys.path[:] = [str(folder), *(path for path in sys.path if path != str(folder))]
    before = set(sys.modules)
    try:
        with failures(f"{where} cannot be imported"):
            module = _module(where) if file is None else _from_file(file)
        yield module
    finally:
        _imported.update(name for name in set(sys.modules) - before if _is_of(name, folder, before))


def _module(name: str) -> ModuleType:
    """The module of a name.

    Raises:
        ConfigError: there is none.
        Exception: whatever its code raises.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0]:
            raise
    near = hint(name, (*get_args(Kind), *(path.stem for path in Path.cwd().glob("*.py"))))
    raise ConfigError(
        f"There is no module '{name}' in the working directory or installed{near}. Expected a network: {FORMS}."
    )


def _from_file(file: Path) -> ModuleType:
    """The module of a file; it may have the name of an installed package."""
    name = f"{ALONE}{sha256(str(resolved(file)).encode()).hexdigest()[:12]}"
    spec = spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _is_of(name: str, folder: Path, before: set[str]) -> bool:
    """Whether a module lies in the user's folder, and is no part of a package that was there before."""
    file = getattr(sys.modules[name], "__file__", None)
    if file is None or name.partition(".")[0] in before or is_installed(Path(file)):
        return False
    return resolved(Path(file)).is_relative_to(folder)


@contextmanager
def failures(what: str) -> Iterator[None]:
    """Turn whatever the user's code raises into one message with its place."""
    try:
        yield
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # a script that reads the command line exits
        last = extract_tb(error.__traceback__)[-1]
        raise ConfigError(
            f"{what}: {type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})."
        ) from error
