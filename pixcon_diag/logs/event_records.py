"""The events of a TensorBoard file, every length and checksum verified before anything is read by it."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from pixcon_train.core.errors import DataError

HEAD, TAIL = 12, 4
"""Bytes of a record before its content, length (8) and the length's checksum (4), and after it: its checksum."""


def read_events(file: Path) -> Iterator[Any]:
    """The events of ``file`` in order; a last one that was cut off, as a killed run leaves it, is left out.

    Raises:
        DataError: the file cannot be read, is damaged, or is no event file.
    """
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.event_pb2 import Event

    try:
        with file.open("rb") as handle:
            for at, content in _records(file, handle):
                try:
                    yield Event.FromString(content)
                except DecodeError:
                    _refuse(file, at, "is no event")
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from error


def _records(file: Path, handle: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Where each record begins, and its content."""
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    at, size = 0, file.stat().st_size
    while at < size:
        head = handle.read(HEAD)
        whole = len(head) == HEAD
        if whole:
            length, checksum = struct.unpack("<QI", head)
            if checksum != masked_crc32c(head[:8]):
                _refuse(file, at, "does not match its checksum")
            whole = length <= size - at - HEAD - TAIL
        if not whole:
            if at == 0:
                _refuse(file, at, "is not whole")
            return
        content = handle.read(length)
        if handle.read(TAIL) != struct.pack("<I", masked_crc32c(content)):
            _refuse(file, at, "does not match its checksum")
        yield at, content
        at += HEAD + length + TAIL


def _refuse(file: Path, at: int, problem: str) -> NoReturn:
    raise DataError(
        f"{file} is damaged, or no TensorBoard event file: its record at byte {at} {problem}. Copy it anew, or "
        "give the run's text log."
    )
