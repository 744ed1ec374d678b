from collections.abc import Callable
from pathlib import Path

import pytest
from torch.utils.tensorboard import SummaryWriter

from pixcon_diag.logs.event_files import EVENTS, read_curves
from pixcon_train.errors import DataError


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

    curves = read_curves([written(tmp_path, write)])
    assert list(curves) == ["train/loss", "eval/mIoU"]
    assert values(curves["train/loss"]) == {step: round(1 / (step + 1), 6) for step in range(10)}
    orders = [order for order, _ in curves["train/loss"].values()]
    assert orders == sorted(orders) and curves["eval/mIoU"][0][0] > orders[-1]


def test_a_step_written_again_counts_once(tmp_path: Path) -> None:
    files = [written(tmp_path, ten), written(tmp_path, lambda w: w.add_scalar("train/loss", 7.0, 9))]
    assert values(read_curves(files)["train/loss"])[9] == 7.0


def test_what_lies_beyond_a_restart_is_dropped(tmp_path: Path) -> None:
    files = [written(tmp_path, ten), written(tmp_path, lambda w: w.add_scalar("x", 1.0, 5), purge_step=5)]
    assert list(read_curves(files)["train/loss"]) == [0, 1, 2, 3, 4]


def test_a_last_record_cut_off_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, ten)
    path.write_bytes(path.read_bytes()[:-5])
    assert list(read_curves([path])["train/loss"]) == list(range(9))


def test_damage_is_an_error_wherever_it_is(tmp_path: Path) -> None:
    """TensorBoard's reader would stop there without a word, and the run would look shorter than it was."""
    path = written(tmp_path, ten)
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        with pytest.raises(DataError, match="is damaged, or no TensorBoard event file"):
            read_curves([path])


@pytest.mark.parametrize("content", [b"not an event file at all, but long enough", b"short"])
def test_something_else_is_an_error(tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "events.out.tfevents.1").write_bytes(content)
    with pytest.raises(DataError, match="no TensorBoard event file"):
        read_curves([path])


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_curves([tmp_path / "events.out.tfevents.1"])
