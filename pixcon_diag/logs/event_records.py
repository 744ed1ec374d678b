"""The events of a TensorBoard file, with every length and checksum verified first."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from pixcon_train.core.errors import DataError
from pixcon_train.core.files import open_regular

HEAD, TAIL = 12, 4
"""Bytes of a record before its content (length: 8, checksum of the length: 4) and after it (checksum: 4)."""


def read_events(file: Path) -> Iterator[Any]:
    """The events of ``file`` in order; an incomplete last one, as left by a killed run, is left out.

    Raises:
        DataError: the file cannot be read, is damaged, or is not an event file.
    """
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.event_pb2 import Event

    try:
        with open_regular(file) as handle:
            for at, content in _records(file, handle):
                try:
                    yield Event.FromString(content)
                except DecodeError:
                    _refuse(file, at, "is not an event")
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from error


def _records(file: Path, handle: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Offset and content of each record."""
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    at, size = 0, file.stat().st_size
    while at < size:
        head = handle.read(HEAD)
        complete = len(head) == HEAD
        if complete:
            length, checksum = struct.unpack("<QI", head)
            if checksum != masked_crc32c(head[:8]):
                _refuse(file, at, "does not match its checksum")
            complete = length <= size - at - HEAD - TAIL
        if not complete:
            if at == 0:
                _refuse(file, at, "is incomplete")
            return
        content = handle.read(length)
        if handle.read(TAIL) != struct.pack("<I", masked_crc32c(content)):
            _refuse(file, at, "does not match its checksum")
        yield at, content
        at += HEAD + length + TAIL


def _refuse(file: Path, at: int, problem: str) -> NoReturn:
    raise DataError(
        f"{file} is damaged, or not a TensorBoard event file: its record at byte {at} {problem}. Copy it again, or "
        "give the run's text log."
    )
