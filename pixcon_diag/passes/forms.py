"""Forms of stored arrays: the kind of their numbers, their sizes, and the range of integers.

A form is a short text: ``int<K R`` are R integers from 0 to K − 1, ``int<=N I`` I integers from 0 to N, ``int>=0 I K``
counts of shape (I, K), ``int 2 K`` any integers, and ``real R C`` floats. A size or bound is a number, or a name that
stands for the same size in all forms that are checked together.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

Forms = Mapping[str, str]
"""The forms of arrays by their names."""

_FORM = re.compile(r"(int|real)(?:(<=|<|>=)(\w+))?((?: \w+)*)")


class Header(NamedTuple):
    """What is known of a stored array without reading its numbers."""

    kind: str
    """``int``, ``real`` or another one that no form has."""
    shape: tuple[int, ...]


def header_of(dtype: np.dtype, shape: tuple[int, ...]) -> Header:
    """The header of an array; signed integers and floats of single or double precision have a form."""
    kind = {"i": "int", "f": "real"}.get(dtype.kind, str(dtype))
    return Header(str(dtype) if dtype == np.float16 else kind, shape)


def formed(arrays: dict[str, np.ndarray], forms: Forms) -> dict[str, np.ndarray]:
    """``arrays``, of which there must be one of every form.

    Raises:
        ValueError: an array is missing or of another form; the message names it.
    """
    for name in forms:
        if name not in arrays:
            raise ValueError(f"{name} is missing")
    sizes = require_headers({name: header_of(array.dtype, array.shape) for name, array in arrays.items()}, forms)
    require_ranges(arrays, forms, sizes)
    return arrays


def require_headers(
    headers: Mapping[str, Header], forms: Forms, sizes: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Check kinds and shapes of the arrays that there are; gives the size of every name in their forms.

    Args:
        sizes: of some names; those of others follow from the arrays.

    Raises:
        ValueError: an array is of another form; the message names it.
    """
    known = dict(sizes or {})
    for name, form in forms.items():
        if name in headers:
            kind, _, _, expected = _parts(form)
            found = headers[name]
            if found.kind != kind or len(found.shape) != len(expected):
                raise ValueError(f"{name} is {found.kind} {found.shape}, expected {form}")
            for letter, size in zip(expected, found.shape, strict=True):
                wanted = int(letter) if letter.isdigit() else known.setdefault(letter, size)
                if size != wanted:
                    raise ValueError(f"{name} has the shape {found.shape}, expected {form} with {letter} = {wanted}")
    return known


def require_ranges(arrays: Mapping[str, np.ndarray], forms: Forms, sizes: Mapping[str, int]) -> None:
    """Check the ranges of the integers that there are; arrays without a range are not read.

    Raises:
        ValueError: a number is out of its range; the message names the array.
    """
    for name, form in forms.items():
        _, relation, bound, _ = _parts(form)
        if relation and name in arrays and (values := arrays[name]).size:
            limit = int(bound) if bound.isdigit() else sizes[bound]
            last = {">=": None, "<": limit - 1, "<=": limit}[relation]
            if values.min() < 0 or (last is not None and values.max() > last):
                raise ValueError(f"{name} holds {values.min()} to {values.max()}, expected {form}")


def _parts(form: str) -> tuple[str, str, str, list[str]]:
    """Kind, relation and bound (empty without a range), and sizes."""
    found = _FORM.fullmatch(form)
    assert found is not None, form
    kind, relation, bound, sizes = found.groups(default="")
    return kind, relation, bound, sizes.split()
