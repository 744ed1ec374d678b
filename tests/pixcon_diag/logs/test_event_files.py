import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from torch.utils.tensorboard import SummaryWriter

from pixcon_diag.logs.event_files import EVENTS, read_curves
from pixcon_train.core.errors import DataError


def written(folder: Path, write: Callable[[SummaryWriter], None], purge_step: int | None = None) -> Path:
    """The event file that a process writes into ``folder``."""
    before = set(folder.glob(EVENTS))
    writer = SummaryWriter(str(folder), purge_step=purge_step, filename_suffix=f".{len(before)}")
    write(writer)
    writer.close()
    (path,) = set(folder.glob(EVENTS)) - before
    return path


def ten(writer: SummaryWriter) -> None:
    for step in range(10):
        writer.add_scalar("train/loss", 1 / (step + 1), step)


def values(curve: dict[int, tuple[int, float]]) -> dict[int, float]:
    return {step: round(value, 6) for step, (_, value) in curve.items()}


def test_scalars_come_back_in_order(tmp_path: Path) -> None:
    def write(writer: SummaryWriter) -> None:
        ten(writer)
        writer.add_scalar("eval/mIoU", 50.0, 0, new_style=True)
        writer.add_text("note", "not a curve", 0)

    curves = read_curves([written(tmp_path, write)]).by_tag
    assert list(curves) == ["train/loss", "eval/mIoU"]
    assert values(curves["train/loss"]) == {step: round(1 / (step + 1), 6) for step in range(10)}
    orders = [order for order, _ in curves["train/loss"].values()]
    assert orders == sorted(orders) and curves["eval/mIoU"][0][0] > orders[-1]


def test_a_step_written_again_counts_once(tmp_path: Path) -> None:
    files = [written(tmp_path, ten), written(tmp_path, lambda w: w.add_scalar("train/loss", 7.0, 9))]
    assert values(read_curves(files).by_tag["train/loss"])[9] == 7.0


def test_what_lies_beyond_a_restart_is_dropped(tmp_path: Path) -> None:
    files = [written(tmp_path, ten), written(tmp_path, lambda w: w.add_scalar("x", 1.0, 5), purge_step=5)]
    assert list(read_curves(files).by_tag["train/loss"]) == [0, 1, 2, 3, 4]


def steps(*numbers: int, tag: str = "train/loss", shift: float = 0.0) -> Callable[[SummaryWriter], None]:
    """Writes the curve n + ``shift`` at these steps."""

    def write(writer: SummaryWriter) -> None:
        writer.add_scalar("config/lr", 0.1, 0)  # some trainers write constants at every start
        for step in numbers:
            writer.add_scalar(tag, step + shift, step)

    return write


def test_a_run_that_goes_on_is_one_run(tmp_path: Path) -> None:
    files = [written(tmp_path, steps(0, 1, 2)), written(tmp_path, steps(3, 4)), written(tmp_path, steps(5))]
    found = read_curves(files)
    assert values(found.by_tag["train/loss"]) == {step: step for step in range(6)} and found.earlier == ()


def test_a_run_resumed_from_an_earlier_state_drops_what_it_left(tmp_path: Path) -> None:
    """From step 3 on it is another branch, also where that did not come as far as the first one."""
    files = [written(tmp_path, steps(*range(10))), written(tmp_path, steps(3, 4, shift=0.5))]
    found = read_curves(files)
    assert values(found.by_tag["train/loss"]) == {0: 0, 1: 1, 2: 2, 3: 3.5, 4: 4.5} and found.earlier == ()


def test_a_run_begun_anew_is_another_run(tmp_path: Path) -> None:
    files = [
        written(tmp_path, steps(*range(6))),
        written(tmp_path, steps(6)),
        written(tmp_path, steps(0, 1, shift=0.5)),
    ]
    found = read_curves(files)
    assert values(found.by_tag["train/loss"]) == {0: 0.5, 1: 1.5} and found.earlier == tuple(files[:2])


def test_files_of_other_curves_belong_together(tmp_path: Path) -> None:
    files = [written(tmp_path, steps(0, 1, 2)), written(tmp_path, steps(0, 1, 2, tag="eval/mIoU"))]
    found = read_curves(files)
    assert set(found.by_tag) == {"config/lr", "train/loss", "eval/mIoU"} and found.earlier == ()


def test_a_last_record_cut_off_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, ten)
    path.write_bytes(path.read_bytes()[:-5])
    assert list(read_curves([path]).by_tag["train/loss"]) == list(range(9))


def test_damage_is_an_error_wherever_it_is(tmp_path: Path) -> None:
    """TensorBoard's reader would stop there without a word, and the run would look shorter than it was."""
    path = written(tmp_path, ten)
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        with pytest.raises(DataError, match="is damaged, or not a TensorBoard event file"):
            read_curves([path])


@pytest.mark.parametrize("content", [b"not an event file at all, but long enough", b"short"])
def test_something_else_is_an_error(tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "events.out.tfevents.1").write_bytes(content)
    with pytest.raises(DataError, match="not a TensorBoard event file"):
        read_curves([path])


def framed(content: bytes, length: int | None = None) -> bytes:
    """A record with the right checksums; ``length`` is what it claims to be."""
    head = struct.pack("<Q", len(content) if length is None else length)
    sums = (struct.pack("<I", masked_crc32c(part)) for part in (head, content))
    return head + next(sums) + content + next(sums)


def test_hostile_records_cost_no_memory(tmp_path: Path) -> None:
    path = written(tmp_path, ten)
    whole = path.read_bytes()
    path.write_bytes(whole + framed(b"x", length=2**62))  # read as one whose end is missing
    assert len(read_curves([path]).by_tag["train/loss"]) == 10
    path.write_bytes(whole + framed(b"\xff" * 20))
    with pytest.raises(DataError, match=f"record at byte {len(whole)} is not an event"):
        read_curves([path])
    huge = TensorProto(dtype=1, float_val=[1.0])
    huge.tensor_shape.dim.add(size=10**10)
    odd = TensorProto(dtype=7, string_val=[b"x"])
    for tensor in (huge, odd, TensorProto(dtype=99, float_val=[1.0])):
        event = Event(step=3)
        value = event.summary.value.add(tag="train/loss", tensor=tensor)
        value.metadata.plugin_data.plugin_name = "scalars"
        path.write_bytes(whole + framed(event.SerializeToString()))
        assert len(read_curves([path]).by_tag["train/loss"]) == 10


def test_more_records_or_bytes_than_are_read_in_seconds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, ten)  # the scalars follow a record that states the version
    monkeypatch.setattr("pixcon_diag.logs.event_records.MOST", 11)
    assert len(read_curves([path]).by_tag["train/loss"]) == 10
    monkeypatch.setattr("pixcon_diag.logs.event_records.MOST", 10)
    with pytest.raises(DataError, match="has more than 10 records"):
        read_curves([path])
    os.truncate(path, 2**40)
    with pytest.raises(DataError, match=r"1,099,511,627,776 bytes, and at most 33,554,432 are read"):
        read_curves([path])


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_curves([tmp_path / "events.out.tfevents.1"])
