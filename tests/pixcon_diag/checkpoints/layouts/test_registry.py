"""The registry of layouts: what a new one takes, and what an unknown file is told."""

from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_diag.checkpoints.layouts import registry
from pixcon_diag.checkpoints.layouts.layout import Layout, LayoutReader
from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_train.core.errors import CheckpointError


def checkpoint_file(content: dict[str, Any]) -> CheckpointFile:
    return CheckpointFile(content, {}, "0" * 64, verified=True, inert=(), path=Path("file.pth"))


def test_a_layout_is_one_object_in_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    toy = LayoutReader(
        "a toy (toy_net)",
        lambda file: "toy_net" in file.content,
        lambda file: Layout("toy checkpoint", {"unnamed": file.content["toy_net"]}),
    )
    file = checkpoint_file({"toy_net": {"weight": torch.ones(2)}, "note": "text"})
    with pytest.raises(CheckpointError, match="has the keys toy_net, note, which is no known layout"):
        registry.recognise(file)
    monkeypatch.setattr(registry, "LAYOUTS", (*registry.LAYOUTS, toy))
    assert registry.recognise(file).name == "toy checkpoint"


def test_an_unknown_file_is_told_every_layout() -> None:
    with pytest.raises(CheckpointError) as told:
        registry.recognise(checkpoint_file({"epoch": 3}))
    assert all(layout.description in str(told.value) for layout in registry.LAYOUTS)
