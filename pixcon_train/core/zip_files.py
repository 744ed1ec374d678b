"""The zip files of torch.save: the position of each record, and the check of its checksum."""

import hashlib
import os
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BufferedReader
from operator import attrgetter
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from torch import Tensor

from pixcon_train.core.buffers import fill, skip
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.limited_file import LimitedFile

AGAIN = "Copy or download it again."
_SIGNATURE = b"PK\x03\x04"
_LOCAL_HEADER = struct.Struct("<4s2xHH8xIIHH")
"""Signature, flags, compression, both sizes, lengths of the name and of the extra field."""
_DESCRIPTOR = 24
"""Bytes that may follow a record: the longest data descriptor."""
_FOLDER = 0x10
"""Attribute of records that torch reads as empty, whatever their size."""
_UTF8, _SIZES_FOLLOW, _ENCRYPTED = 0x800, 0x8, 0x2041


@dataclass(frozen=True)
class Record:
    """One file within the zip."""

    name: str
    start: int
    """Position of its first byte."""
    size: int
    crc: int
    """Its CRC-32; 0 for all records of a zip whose checksums were not written."""


def is_zip(handle: BufferedReader) -> bool:
    """Whether the open file begins as torch.save's zip files do."""
    handle.seek(0)
    return handle.read(4) == _SIGNATURE


def zip_records(handle: BufferedReader) -> list[Record]:
    """The records of an open zip file in the order of their bytes.

    Raises:
        CheckpointError: the list of records is damaged, they overlap or leave gaps, or are not stored as they are
            (torch.save never compresses); the message names the file.
    """
    size = os.fstat(handle.fileno()).st_size
    try:
        with ZipFile(LimitedFile(handle)) as archive:
            entries, end = sorted(archive.infolist(), key=attrgetter("header_offset")), archive.start_dir
        if not all(0 <= place <= size for place in (end, *(entry.header_offset for entry in entries))):
            raise ValueError("it points outside of the file")
    except MemoryError:  # the file may be whole
        raise
    except Exception as error:  # damage makes zipfile fail in many ways: BadZipFile, struct.error, UnicodeDecodeError
        raise CheckpointError(
            f"{handle.name} is cut short or damaged: the zip's list of records cannot be read. {AGAIN}"
        ) from error
    _refuse_other_zips(entries, handle.name)
    records = [_record(handle, entry) for entry in entries]
    starts = [entry.header_offset for entry in entries] + [end]
    ends = [0] + [record.start + record.size for record in records]
    gaps = [start - before for start, before in zip(starts, ends, strict=True)]
    if gaps[0] != 0 or not all(0 <= gap <= _DESCRIPTOR for gap in gaps):
        raise CheckpointError(f"{handle.name} is damaged: the zip's records overlap or leave gaps. {AGAIN}")
    if len({record.name for record in records}) < len(records):
        raise CheckpointError(f"{handle.name} is damaged: two of the zip's records have one name. {AGAIN}")
    return records


def has_checksums(records: Sequence[Record]) -> bool:
    """Whether checksums were written: torch.save can leave all of them out."""
    return any(record.crc for record in records)


def read_records(handle: BufferedReader, records: Sequence[Record]) -> tuple[dict[str, Tensor], str]:
    """The bytes of all records by name, and the SHA-256 of the whole open file, from one pass over it.

    Raises:
        CheckpointError: a record does not have its checksum; the message names the file.
    """
    digest, position, content = hashlib.sha256(), 0, {}
    checked = has_checksums(records)
    handle.seek(0)
    for record in records:
        skip(handle, record.start - position, digest.update)
        content[record.name] = _checked(handle, record, checked=checked, update=digest.update)
        position = record.start + record.size
    skip(handle, os.fstat(handle.fileno()).st_size - position, digest.update)
    return content, digest.hexdigest()


def read_record(handle: BufferedReader, record: Record, *, checked: bool) -> Tensor:
    """The bytes of one record; its checksum is compared if ``checked``.

    Raises:
        CheckpointError: as :func:`read_records`.
    """
    handle.seek(record.start)
    return _checked(handle, record, checked=checked)


def _checked(
    handle: BufferedReader, record: Record, *, checked: bool, update: Callable[[memoryview], None] | None = None
) -> Tensor:
    """The next bytes as those of a record."""
    crc = 0

    def include(chunk: memoryview) -> None:
        nonlocal crc
        crc = zlib.crc32(chunk, crc)
        if update is not None:
            update(chunk)

    content = fill(handle, record.size, include)
    if checked and crc != record.crc:
        raise CheckpointError(
            f"{handle.name} is damaged: the {record.size} bytes of record {record.name[:80]!a} do not have the "
            f"checksum that was saved with them. {AGAIN}"
        )
    return content


def _refuse_other_zips(entries: Sequence[ZipInfo], path: str) -> None:
    """Raise for zips that torch.save did not write although they may be intact."""
    if any(entry.filename.endswith("/constants.pkl") for entry in entries):
        raise CheckpointError(
            f"{path} is a TorchScript archive (torch.jit.save), which holds code. Expected weights alone: "
            "torch.save(model.state_dict(), FILE)."
        )
    packed = [entry for entry in entries if entry.compress_type != ZIP_STORED or entry.flag_bits & _ENCRYPTED]
    if packed:
        raise CheckpointError(
            f"{path} is a zip with compressed or encrypted records ({len(packed)} of {len(entries)}, such as "
            f"{packed[0].filename[:80]!a}); torch.save stores them as they are. Unpack it and zip it again without "
            "compression (zip -0 -r), or save the weights again with torch.save."
        )


def _record(handle: BufferedReader, entry: ZipInfo) -> Record:
    """A record by its own header, which has to agree with the list of records."""
    handle.seek(entry.header_offset)
    header = handle.read(_LOCAL_HEADER.size)
    if len(header) == _LOCAL_HEADER.size:
        signature, flags, method, packed, size, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        name = handle.read(name_length)
        sizes = {entry.file_size, 0xFFFFFFFF} | ({0} if flags & _SIZES_FOLLOW else set())
        if (
            (signature, method, name) == (_SIGNATURE, ZIP_STORED, _encoded(entry))
            and {packed, size} <= sizes
            and entry.compress_size == entry.file_size
            and (entry.file_size == 0 or not entry.external_attr & _FOLDER)
        ):
            start = entry.header_offset + _LOCAL_HEADER.size + name_length + extra_length
            return Record(entry.filename, start, entry.file_size, entry.CRC)
    raise CheckpointError(
        f"{handle.name} is damaged: the header of record {entry.filename[:80]!a} does not agree with the zip's list of "
        f"records. {AGAIN}"
    )


def _encoded(entry: ZipInfo) -> bytes:
    """The record's name as bytes of the file."""
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF8 else "cp437")
