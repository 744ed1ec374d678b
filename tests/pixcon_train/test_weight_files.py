import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pixcon_train.errors import CheckpointError
from pixcon_train.weight_files import read_weights


class RunsCode:
    """Restoring it makes a file: the sign that loading ran code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.pth"
    torch.save({"weight": torch.arange(1000.0)}, path)
    return path


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_weights(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("module", [b"numpy.core.multiarray", b"numpy._core.multiarray"])
def test_numpy_scalars_of_either_numpy_become_numbers(tmp_path: Path, module: bytes) -> None:
    """The module's name differs between NumPy 1 and 2; protocol 2 writes it as text, so either can be made here."""
    values = {"previous_best": np.float64(86.25), "epoch": 7, "count": np.int64(4), "w": torch.ones(2)}
    torch.save(values, path := tmp_path / "best.pth", _use_new_zipfile_serialization=False)
    written = np.float64(0).__reduce__()[0].__module__.encode()
    path.write_bytes(path.read_bytes().replace(b"c" + written + b"\n", b"c" + module + b"\n"))
    content, metadata = read_weights(path)
    assert (content["previous_best"], content["epoch"], content["count"], metadata) == (86.25, 7, 4, {})
    assert type(content["previous_best"]) is float


def test_other_numpy_values_are_refused(tmp_path: Path) -> None:
    torch.save({"names": np.array(["a"])}, path := tmp_path / "array.pth")
    assert "numpy" in refused(path)


@pytest.mark.parametrize("as_zip", [True, False])
def test_a_pickle_that_would_run_code_does_not(tmp_path: Path, as_zip: bool) -> None:
    sign = tmp_path / "ran"
    torch.save({"model": RunsCode(sign)}, path := tmp_path / "evil.pth", _use_new_zipfile_serialization=as_zip)
    message = refused(path)
    assert "mkdir" in message and "nothing was run" in message
    assert not sign.exists()


def test_a_plain_pickle_that_would_run_code_does_not(tmp_path: Path) -> None:
    sign = tmp_path / "ran"
    (path := tmp_path / "evil.pkl").write_bytes(pickle.dumps({"model": RunsCode(sign)}))
    assert "not a checkpoint" in refused(path)
    assert not sign.exists()


@pytest.mark.parametrize("kept", [0.5, 0.98])
def test_a_truncated_file_says_so(good: Path, kept: float) -> None:
    data = good.read_bytes()
    good.write_bytes(data[: int(len(data) * kept)])
    assert "cut short or damaged" in refused(good)


@pytest.mark.parametrize("content", [b"hello, world\n", b"{}", b"\xff\xd8\xff\xe0 not a checkpoint", bytes(64)])
def test_something_else_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "notes.pth").write_bytes(content)
    assert "is not a checkpoint" in refused(path)


def test_missing_empty_and_folder(tmp_path: Path) -> None:
    assert "No file at" in refused(tmp_path / "nothing.pth")
    assert "is a folder" in refused(tmp_path)
    (path := tmp_path / "empty.pth").touch()
    assert "is empty" in refused(path)


def test_safetensors_come_with_their_metadata(tmp_path: Path) -> None:
    save_file({"w": torch.ones(3)}, path := tmp_path / "w.safetensors", metadata={"who": "me"})
    content, metadata = read_weights(path)
    assert torch.equal(content["w"], torch.ones(3)) and metadata == {"who": "me"}
    path.write_bytes(path.read_bytes()[:-4])
    assert "cut short" in refused(path)


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (path := tmp_path / name).touch()

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    assert "cannot be read: Permission denied" in refused(path)
