"""A checkpoint described before is described again from the hash of its file, and its network read only when used."""

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_diag.checkpoints import loading
from pixcon_diag.checkpoints.description import LIMIT, DescriptionFile, RunRecord
from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.files import sha256
from pixcon_train.runs.checkpoint import save_checkpoint
from tests.cli.farm import own_checkpoint, write_data, write_public


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("farm"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for each test."""
    monkeypatch.setenv("PIXCON_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def own(data: Path, tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "best_ema.pth", own_checkpoint(data))
    return tmp_path / "best_ema.pth"


def was_read(loaded: LoadedCheckpoint) -> bool:
    """Whether the weights of a file were read."""
    assert isinstance(loaded.tensors, loading.FileWeights)
    return "network" in vars(loaded.tensors)


def described(loaded: LoadedCheckpoint) -> LoadedCheckpoint:
    """All but the tensors."""
    return replace(loaded, tensors=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("weights", [None, "ema", "student"])
def test_the_second_load_reads_no_weights_until_they_are_used(own: Path, weights: Any) -> None:
    first, second = load(own, weights=weights), load(own, weights=weights)
    assert was_read(first) and not was_read(second)
    assert described(first) == described(second) and first.describe() == second.describe()
    assert second.info.sha256 == sha256(own)
    for one, two in zip(first.model.state_dict().values(), second.model.state_dict().values(), strict=True):
        assert one.equal(two)
    assert was_read(second) and not second.model.training


def test_a_moved_file_has_its_own_name(tmp_path: Path) -> None:
    load(write_public(tmp_path / "a.pth"))
    copied = load((tmp_path / "a.pth").rename(tmp_path / "b.pth"))
    assert (copied.name, copied.info.source, was_read(copied)) == ("b", str(tmp_path / "b.pth"), False)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    load(write_public(path := tmp_path / "a.pth"))
    torch.save(torch.load(path, weights_only=False) | {"epoch": 7}, path)
    assert was_read(load(path)) and load(path).info.scores.epoch == 7


def test_weights_that_changed_since_the_description_are_refused(own: Path, data: Path) -> None:
    load(own)
    loaded = load(own)
    save_checkpoint(own, replace(own_checkpoint(data), epoch=9))
    with pytest.raises(CheckpointError, match=r"best_ema.pth has changed while it was read.*Start again"):
        assert loaded.model


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "format": lambda content: content.update(format=0),
    "version": lambda content: content.update(version="0"),
    "sha256": lambda content: content.update(sha256="0" * 64),
    "weights": lambda content: content.update(requested="student"),
    "missing": lambda content: content["description"]["info"].pop("layout"),
    "another file's": lambda content: content["description"]["info"].update(sha256="0" * 64),
    "unknown weights": lambda content: content["description"]["info"].update(weights="foo"),
    "type": lambda content: content["description"]["info"].update(num_classes="many"),
}


@pytest.mark.parametrize("change", [*CHANGES, "cut", "large"])
def test_a_description_that_does_not_fit_is_made_again(own: Path, change: str) -> None:
    first = load(own)
    file = DescriptionFile(first.info.sha256, None).path
    whole = file.read_text()
    content = json.loads(whole)
    CHANGES.get(change, dict)(content)
    file.write_text(whole[:-20] if change == "cut" else json.dumps(content) + " " * (LIMIT * (change == "large")))
    second = load(own)
    assert was_read(second) and described(first) == described(second)
    assert file.read_text() == whole and not was_read(load(own))


def test_what_json_would_change_is_not_cached(own: Path, data: Path) -> None:
    checkpoint = own_checkpoint(data)
    save_checkpoint(own, replace(checkpoint, config={**checkpoint.config, "odd": math.nan}))
    assert was_read(load(own)) and was_read(load(own))


def test_a_description_beside_a_checkpoint_is_not_trusted(own: Path, cache: Path) -> None:
    """A folder from a stranger may hold one."""
    loaded = load(own)
    assert not (own.parent / "diag").exists()
    (cache / "checkpoints").rename(own.parent / "diag")
    assert was_read(load(own)) and not was_read(load(own))
    assert DescriptionFile(loaded.info.sha256, None).path.parent == cache / "checkpoints"


def test_where_nothing_can_be_written_nothing_is_cached(own: Path, cache: Path) -> None:
    shutil.rmtree(cache, ignore_errors=True)
    cache.write_text("a file")
    assert was_read(load(own)) and was_read(load(own))


def test_a_described_checkpoint_needs_no_torch(own: Path) -> None:
    load(own)
    probe = (
        "import sys; from pixcon_diag.checkpoints.loading import load; print(load(sys.argv[1]).describe());"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe, str(own)], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"data": {"crop": 2**16 + 1}}, "config.data.crop` is 65537"),
        ({"data": {"val_limit": 0}}, "config.data.val_limit` is 0"),
        ({"bank": {"size": 2**24 + 1}}, "config.bank.size` is 16777217"),
        ({"bank": {"tau": float("nan")}}, "config.bank.tau` is nan"),
        ({"bank": {"cap": "64"}}, "config.bank.cap` is '64'"),
        ({"schedule": {"batch": 10**400}}, "config.schedule.batch` is "),
        ({"seed": -1}, "config.seed` is -1"),
        ({"data": []}, "config.data` is "),
    ],
)
def test_settings_out_of_range_are_named(config: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RunRecord(config, {}, "", {}).settings  # noqa: B018
