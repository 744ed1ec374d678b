"""The files that a module of the user's code is in, and their hash."""

import ast
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from pixcon_train.core.files import read_bytes
from pixcon_train.core.paths import is_file

ALONE = "pixcon_model_"
"""Begins the names of modules that are imported from a file, whatever package it lies in."""
_INSTALLED = {"site-packages", "dist-packages"}
"""Folders of installed packages."""
_LARGEST = 2**24
"""Bytes of a file of code that is hashed."""


def is_installed(file: Path) -> bool:
    """Whether a file is of an installed package."""
    return bool(_INSTALLED & set(file.parts))


def code_hash(module: ModuleType) -> str | None:
    """SHA-256 of a module's file and of the files that it imports, directly or not, from its folder or, if it is
    installed, from its package; None for a module without a file.

    Imports are read from the text of the files, so that the hash does not depend on what else the process has imported.
    """
    if getattr(module, "__file__", None) is None:
        return None
    file, name = Path(str(module.__file__)), module.__name__
    folder = file.parent if name.startswith(ALONE) else file.parents[name.count(".") + (file.name == "__init__.py")]
    package = name.partition(".")[0] if is_installed(file) else None
    hashes: dict[Path, str] = {}
    left = [file]
    while left:
        one = left.pop()
        if one not in hashes:
            content = read_bytes(one, _LARGEST)
            hashes[one] = sha256(content).hexdigest()
            imports = _imports(content, one.relative_to(folder).parent.parts)
            left += [path for parts in imports if package in (None, parts[0]) for path in _files(folder, parts)]
    found = sorted((path.relative_to(folder).as_posix(), of_file) for path, of_file in hashes.items())
    return sha256(repr(found).encode()).hexdigest()


def _imports(content: bytes, package: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The words of each name that a file imports, which may be a module or something in it.

    Args:
        content: of the file.
        package: the words of the file's package.
    """
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):  # it could not be imported
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            within = (*above, *(node.module or "").split(".")) if node.module else above
            yield from ((*within, alias.name) for alias in node.names)


def _files(folder: Path, name: tuple[str, ...]) -> Iterator[Path]:
    """The files in ``folder`` of a module and of the packages that it is in."""
    for length in range(1, len(name) + 1):
        path = folder.joinpath(*name[:length])
        yield from (one for one in (path.with_name(f"{path.name}.py"), path / "__init__.py") if is_file(one))
