"""Folders of networks, on this machine or on the hub."""

from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.checkpoints.modules.hub_folders import local_folder
from pixcon_train.core.errors import CheckpointError


def test_no_pickle_and_no_code_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def fetch(name: str, *, allow_patterns: list[str]) -> str:
        asked.update(name=name, patterns=allow_patterns)
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    assert local_folder("owner/name") == tmp_path
    assert asked == {"name": "owner/name", "patterns": ["*.json", "*.safetensors"]}


def test_failures_are_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(CheckpointError, match="no folder owner/name, and the hub does not give it: no network"):
        local_folder("owner/name")
    for name in ("segformer", f"{tmp_path}/none", "a/b/c"):
        with pytest.raises(CheckpointError, match=r"No folder at .* Expected one that save_pretrained wrote"):
            local_folder(name)
