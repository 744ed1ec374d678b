"""Hostile event files of TensorBoard."""

import struct
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from pixcon_diag.logs.event_records import masked_crc32c
from pixcon_diag.study import Study
from pixcon_train.core.files import to_json
from tests.fuzz.case import Case, mutated
from tests.fuzz.texts import odd_files, writes

NAME = "events.out.tfevents.1"


def attempt(path: Path) -> str:
    """The curves with everything that a command writes of them."""
    result = Study(logs=[str(path)]).dynamics()
    return f"{to_json(result.to_dict())}\n{result!r}\n{result.latex()}"


def cases(generator: Random) -> Iterator[Case]:
    """See :class:`tests.fuzz.case.Kind`: files that are none, then changes of good ones."""
    events = list(_events())
    good = b"".join(map(record, events))
    yield Case("a good file", NAME, writes(good))
    yield from odd_files(NAME, good)
    for rule, content in _bombs(good).items():
        yield Case(rule, NAME, writes(content))
    while True:
        place = generator.randrange(len(events))
        kind = generator.choice(("bytes", "content", "content", "program"))
        if kind == "bytes":
            yield Case("changed bytes", NAME, writes(mutated(good, generator)))
            continue
        content = mutated(events[place], generator) if kind == "content" else _message(generator, 4)
        changed = [*events[:place], content, *events[place + 1 :]]
        yield Case(f"a record of changed {kind}", NAME, writes(b"".join(map(record, changed))))


def record(content: bytes) -> bytes:
    """A record of a file, with its checksums."""
    length = struct.pack("<Q", len(content))
    checksums = [struct.pack("<I", masked_crc32c(part)) for part in (length, content)]
    return length + checksums[0] + content + checksums[1]


def varint(value: int) -> bytes:
    """An unsigned integer, seven bits a byte."""
    return bytes((value & 0x7F | 0x80,)) + varint(value >> 7) if value > 0x7F else bytes((value,))


def field(number: int, value: int | bytes | float) -> bytes:
    """A field of a message: an integer, bytes, or a number of single precision."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (2**64 - 1))
    return varint(number << 3 | 2) + varint(len(value)) + value


def scalar(tag: str, step: int, value: float, *, new: bool = False) -> bytes:
    """An event with a scalar, in the old form or as a tensor."""
    plugin = field(1, field(1, b"scalars"))
    tensor = field(1, 1) + field(2, b"") + field(5, struct.pack("<f", value))
    number = field(9, plugin) + field(8, tensor) if new else field(2, value)
    return field(2, step) + field(5, field(1, field(1, tag.encode()) + number))


def _events() -> Iterator[bytes]:
    yield field(3, b"brain.Event:2")
    for epoch in range(1, 4):
        yield scalar("epoch/losses/loss", 10 * epoch, 1 / epoch)
        for name in ("student", "ema"):
            yield scalar(f"epoch/validation/{name}/miou", 10 * epoch, 0.2 * epoch, new=name == "ema")
            yield scalar(f"epoch/validation/{name}/iou/sky", 10 * epoch, 0.2 * epoch)
    yield field(2, 35) + field(7, field(1, 1))


def _message(generator: Random, depth: int) -> bytes:
    """Random fields with plausible numbers."""
    parts = []
    for _ in range(generator.randrange(1, 6)):
        values = (
            lambda: generator.choice((0, 1, 2, 19, 2**31, 2**63, 2**64 - 1)),
            lambda: generator.choice((0.5, float("nan"), float("inf"), -1.0)),
            lambda: generator.choice((b"", b"scalars", b"epoch/validation/ema/miou", b"\xff", generator.randbytes(8))),
            lambda: _message(generator, depth - 1) if depth else b"",
            lambda: _message(generator, depth - 1) if depth else b"",
        )
        value: Any = generator.choice(values)()
        parts.append(field(generator.choice((1, 2, 4, 5, 6, 7, 8, 9, 2**20)), value))
    return b"".join(parts)


def _bombs(good: bytes) -> dict[str, Any]:
    head = struct.pack("<Q", 2**62)
    tensor = field(1, 2) + field(2, field(2, field(1, 2**40))) + field(6, bytes(8))
    shaped = field(5, field(1, field(1, b"x") + field(9, field(1, field(1, b"scalars"))) + field(8, tensor)))
    return {
        "a length of 2^62": head + struct.pack("<I", masked_crc32c(head)) + b"x" * 100,
        "a length of 2^62 behind it": good + head + struct.pack("<I", masked_crc32c(head)) + b"x" * 100,
        "a tensor of 2^40 numbers": good + record(shaped),
        "a field of 2^60 bytes": good + record(b"\x2a" + varint(2**60)),
        "an integer that never ends": good + record(b"\x10" + b"\xff" * 1_000_000),
        "a million empty summaries": lambda: good + record(field(5, field(1, b"") * 1_000_000)),
        "many empty records": lambda: good + record(b"") * 600_000,
        "a step of 2^63": good + record(scalar("epoch/losses/loss", 2**63, 1.0)),
        "a tag that is no text": good + record(field(5, field(1, field(1, b"\xff") + field(2, 0.5)))),
        "a tag of a megabyte": good + record(scalar("x" * 2**20, 1, 1.0)),
        "a text log": b"[t][INFO] {'nclass': 3}\n" * 10,
    }
