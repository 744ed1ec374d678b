"""The scalars of TensorBoard event files, with damage noticed."""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pixcon_train.errors import DataError

EVENTS = "events.out.tfevents.*"
FRAME = 16
"""Bytes of a record beside its content: length (8), its checksum (4), the content's checksum (4)."""

Series = dict[int, tuple[int, float]]
"""A curve by step: the place of the value in the order of writing, and the value."""


def read_curves(files: Sequence[Path]) -> dict[str, Series]:
    """Every scalar of ``files``, in this order, by tag; tags in the order in which they first appear.

    Where a resumed run wrote a step again, the later value counts; where it says from which step it goes on, what was
    written beyond is dropped.

    Raises:
        DataError: a file cannot be read or is damaged.
    """
    curves: dict[str, Series] = {}
    for order, event in enumerate(event for file in files for event in _events(file)):
        if event.HasField("session_log") and event.session_log.status == event.session_log.START:
            curves = {tag: {s: v for s, v in series.items() if s < event.step} for tag, series in curves.items()}
        for value in event.summary.value:
            number = _scalar(value)
            if number is not None:
                curves.setdefault(value.tag, {})[event.step] = (order, number)
    return curves


def _scalar(value: Any) -> float | None:
    """The number of a summary's value, in either of the two forms TensorBoard's writers use; None for anything else."""
    if value.HasField("simple_value"):
        return float(value.simple_value)
    if value.HasField("tensor") and value.metadata.plugin_data.plugin_name == "scalars":
        from tensorboard.util.tensor_util import make_ndarray

        return float(make_ndarray(value.tensor).item())
    return None


def _events(file: Path) -> Iterator[Any]:
    """The events of one file; a last one that was cut off, as a killed run leaves it, is left out."""
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    try:
        size = file.stat().st_size
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from error
    read = 0
    for record in RawEventFileLoader(str(file)).Load():
        read += len(record) + FRAME
        yield Event.FromString(record)
    if read < size:
        _check_rest(file, read, size)


def _check_rest(file: Path, read: int, size: int) -> None:
    """Raise unless the rest of ``file``, beyond ``read`` of ``size`` bytes, is just a record whose end is missing.

    TensorBoard's reader stops at damage without a word, which would pass for a shorter run.
    """
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    with file.open("rb") as handle:
        handle.seek(read)
        head = handle.read(12)
    if len(head) == 12:
        length, checksum = struct.unpack("<QI", head)
        cut = checksum == masked_crc32c(head[:8]) and read + FRAME + length > size
    else:
        cut = True
    if read == 0 or not cut:
        raise DataError(
            f"{file} is damaged, or no TensorBoard event file: its record at byte {read} of {size} does not match its "
            "checksum. Copy it anew, or give the run's text log."
        )
