"""Checkpoints: what is saved comes back, a failed write leaves the old file, and a strange file is one message."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_train.core import files
from pixcon_train.core.errors import CheckpointError, PixConError
from pixcon_train.runs.checkpoint import (
    FORMAT_VERSION,
    Checkpoint,
    describe_checkpoint,
    is_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from tests.checkpoints import example_checkpoint
from tests.full_disk import longest_file


def same(one: Any, other: Any) -> bool:
    """Equality that looks into dicts and lists, compares tensors entry by entry, and takes NaN for NaN."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    return one == other or (one != one and other != other)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    saved = example_checkpoint()
    save_checkpoint(tmp_path / "latest.pth", saved)
    loaded = load_checkpoint(tmp_path / "latest.pth")
    for field in fields(Checkpoint):
        assert same(getattr(loaded, field.name), getattr(saved, field.name)), field.name
    assert [path.name for path in tmp_path.iterdir()] == ["latest.pth"]


def test_the_file_is_safe_content(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "latest.pth", example_checkpoint())
    assert is_checkpoint(torch.load(tmp_path / "latest.pth", weights_only=True))


def test_a_disk_that_is_full_at_any_byte_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "latest.pth"
    save_checkpoint(path, example_checkpoint(epoch=1))
    size = path.stat().st_size
    for length in (*range(0, size, size // 20), size - 1):
        with pytest.raises(PixConError) as caught, longest_file(length):
            save_checkpoint(path, example_checkpoint(epoch=2))
        assert str(caught.value) == f"Could not write {path}: File too large. The previous file, if any, is intact."
    assert load_checkpoint(path).epoch == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["latest.pth"]


def test_the_same_state_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("latest.pth", "best.pth"):
        save_checkpoint(tmp_path / name, example_checkpoint())
    assert (tmp_path / "latest.pth").read_bytes() == (tmp_path / "best.pth").read_bytes()


def test_a_full_disk_while_syncing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "latest.pth"
    save_checkpoint(path, example_checkpoint(epoch=1))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(PixConError, match="No space left"):
        save_checkpoint(path, example_checkpoint(epoch=2))
    assert load_checkpoint(path).epoch == 1


def test_another_file_is_one_message(tmp_path: Path) -> None:
    torch.save({"model": {"weight": torch.zeros(1)}}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"other\.pth is no checkpoint of pixcon-train"):
        load_checkpoint(tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"none\.pth"):
        load_checkpoint(tmp_path / "none.pth")


def test_a_later_format_asks_for_an_update(tmp_path: Path) -> None:
    path = tmp_path / "latest.pth"
    save_checkpoint(path, example_checkpoint())
    content = torch.load(path, weights_only=True)
    for version in (FORMAT_VERSION + 1, torch.tensor([1, 1]), True, None):
        torch.save({**content, "format_version": version}, path)
        for read in (load_checkpoint, describe_checkpoint):
            with pytest.raises(CheckpointError, match="has checkpoint format"):
                read(path)
    torch.save({**content, "format_version": FORMAT_VERSION + 1}, path)
    with pytest.raises(CheckpointError, match="Update pixcon-diag"):
        load_checkpoint(path)


def test_a_missing_entry_is_named(tmp_path: Path) -> None:
    path = tmp_path / "latest.pth"
    save_checkpoint(path, example_checkpoint())
    content = torch.load(path, weights_only=True)
    del content["palette"]
    torch.save(content, path)
    with pytest.raises(CheckpointError, match="lacks palette"):
        load_checkpoint(path)


@pytest.mark.parametrize("value", [torch.ones(2), b"a", {1.5: 2}, {3, 4}])
def test_a_description_of_other_values_than_json_has_is_one_message(tmp_path: Path, value: Any) -> None:
    save_checkpoint(path := tmp_path / "latest.pth", example_checkpoint(config={"data": {"val_limit": value}}))
    with pytest.raises(CheckpointError, match="config holds other values"):
        load_checkpoint(path)


def test_a_truncated_file_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "latest.pth"
    save_checkpoint(path, example_checkpoint())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CheckpointError, match=r"latest\.pth"):
        load_checkpoint(path)
