"""The scalars in the records of a TensorBoard file, with every length and checksum verified first.

Only the fields that hold scalars are read, by the numbers of TensorBoard's `event.proto`, `summary.proto` and
`tensor.proto`; the rest (images, histograms, graphs) is skipped.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pixcon_train.core.errors import DataError
from pixcon_train.core.files import read_bytes

HEAD, TAIL = 12, 4
"""Bytes of a record before its content (length: 8, checksum of the length: 4) and after it (checksum: 4)."""
LARGEST = 2**25
"""Most bytes of a file; their checksums take seconds."""
MOST = 200_000
"""Most records of a file, which take seconds to read; a run of 50,000 iterations that writes four scalars in each has
as many."""


@dataclass(frozen=True)
class Event:
    """One record."""

    step: int
    starts: bool
    """Whether it states that the run resumes at ``step``."""
    scalars: tuple[tuple[str, float], ...]
    """Tag and value."""


def read_events(file: Path) -> Iterator[Event]:
    """The events of ``file`` in order; an incomplete last one, as left by a killed run, is left out.

    Raises:
        DataError: the file cannot be read, is too large or damaged, or is not an event file.
    """
    try:
        content = read_bytes(file, LARGEST)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}. Give the run's text log.") from error
    for number, (at, part) in enumerate(_records(file, content)):
        if number >= MOST:
            raise DataError(f"{file} has more than {MOST:,} records, which are not read. Give the run's text log.")
        try:
            yield _event(part)
        except (ValueError, struct.error):
            _refuse(file, at, "is not an event")


def _records(file: Path, content: bytes) -> Iterator[tuple[int, bytes]]:
    """Offset and content of each record."""
    at, size = 0, len(content)
    while at < size:
        start = at + HEAD
        complete = start <= size
        if complete:
            length, checksum = struct.unpack_from("<QI", content, at)
            if checksum != masked_crc32c(content[at : at + 8]):
                _refuse(file, at, "does not match its checksum")
            complete = length <= size - start - TAIL
        if not complete:
            if at == 0:
                _refuse(file, at, "is incomplete")
            return
        part = content[start : start + length]
        if struct.unpack_from("<I", content, start + length)[0] != masked_crc32c(part):
            _refuse(file, at, "does not match its checksum")
        yield at, part
        at = start + length + TAIL


def _refuse(file: Path, at: int, problem: str) -> NoReturn:
    raise DataError(
        f"{file} is damaged, or not a TensorBoard event file: its record at byte {at} {problem}. Copy it again, or "
        "give the run's text log."
    )


def _crc32c_table() -> list[int]:
    """The remainders of each byte (Castagnoli's polynomial, reflected)."""
    table = list(range(256))
    for _ in range(8):
        table = [value >> 1 ^ (0x82F63B78 if value & 1 else 0) for value in table]
    return table


_TABLE = _crc32c_table()


def masked_crc32c(data: bytes) -> int:
    """The checksum of TensorFlow's record files: CRC-32C, rotated and shifted."""
    state, table = 0xFFFFFFFF, _TABLE
    for byte in data:
        state = table[(state ^ byte) & 0xFF] ^ state >> 8
    state ^= 0xFFFFFFFF
    return ((state >> 15 | state << 17) + 0xA282EAD8) & 0xFFFFFFFF


Field = int | bytes
"""An integer, or the content of a field of a stated length or of 4 or 8 bytes."""


def _fields(content: bytes) -> Iterator[tuple[int, Field]]:
    """Number and value of each field of a message.

    Raises:
        ValueError: it is no message, or a field is longer than it.
    """
    at, size = 0, len(content)
    while at < size:
        key, at = _varint(content, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(content, at)
            yield key >> 3, value
            continue
        if kind == 2:
            length, at = _varint(content, at)
        elif kind in _WIDTHS:
            length = _WIDTHS[kind]
        else:
            raise ValueError
        end = at + length
        if end > size:
            raise ValueError
        yield key >> 3, content[at:end]
        at = end


_WIDTHS = {1: 8, 5: 4}
"""Bytes of the fields of a fixed width, by kind."""


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """An integer of seven bits a byte, and the place behind it."""
    if at < len(content) and content[at] < 0x80:  # nearly all
        return content[at], at + 1
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            break
        value |= (content[at] & 0x7F) << shift
        at += 1
        if not content[at - 1] & 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
    raise ValueError


def _event(content: bytes) -> Event:
    step, starts, scalars = 0, False, list[tuple[str, float]]()
    for number, value in _fields(content):
        if number == 2:
            step = _integer(value)
        elif number == 5:
            values = (_scalar(_bytes(part)) for key, part in _fields(_bytes(value)) if key == 1)
            scalars += [scalar for scalar in values if scalar is not None]
        elif number == 7:
            starts = dict(_fields(_bytes(value))).get(1) == 1
    return Event(step, starts, tuple(scalars))


def _scalar(content: bytes) -> tuple[str, float] | None:
    """Tag and number of a summary's value, in either of TensorBoard's two forms; None for anything else."""
    fields = dict(_fields(content))
    number = None
    if 2 in fields:
        (number,) = struct.unpack("<f", _bytes(fields[2]))
    elif 8 in fields and 9 in fields:
        plugin = dict(_fields(_bytes(dict(_fields(_bytes(fields[9]))).get(1, b""))))
        number = _tensor(_bytes(fields[8])) if plugin.get(1) == b"scalars" else None
    return None if number is None else (_bytes(fields.get(1, b"")).decode(), number)


def _tensor(content: bytes) -> float | None:
    """The number in a tensor of one element, float32 or float64; None for any other."""
    fields = dict(_fields(content))
    dimensions = [dict(_fields(_bytes(part))).get(1) for key, part in _fields(_bytes(fields.get(2, b""))) if key == 2]
    form, typed = {1: ("<f", 5), 2: ("<d", 6)}.get(_integer(fields.get(1, 0)), ("", 0))
    packed = _bytes(fields.get(4, b"")) or _bytes(fields.get(typed, b""))
    if not form or any(size != 1 for size in dimensions) or len(packed) != struct.calcsize(form):
        return None
    return float(struct.unpack(form, packed)[0])


def _integer(value: Field) -> int:
    """A 64-bit integer in two's complement."""
    if not isinstance(value, int):
        raise ValueError
    return value - 2**64 if value >= 2**63 else value


def _bytes(value: Field) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError
    return value
