"""A damaged byte anywhere in a file is an error, or it changes nothing that is read."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from pixcon_diag.checkpoints.layouts.layout import Layout
from pixcon_diag.checkpoints.layouts.registry import recognise
from pixcon_diag.checkpoints.loading import load
from pixcon_diag.checkpoints.reading import read_file
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.zip_files import zip_records
from pixcon_train.runs.checkpoint import save_checkpoint
from pixcon_train.runs.export import export_weights
from tests.checkpoints import example_checkpoint

PLACES = 400
"""Damaged files of each kind."""


def entries(seed: int) -> dict[str, Tensor]:
    """A few weights; what is read does not depend on how many there are."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {"backbone.patch_embed.proj.weight": (4, 3, 2, 2), "head.0.weight": (3, 4), "head.0.bias": (3,)}
    return {key: torch.randn(shape, generator=generator) for key, shape in shapes.items()}


def own(path: Path) -> None:
    bank = {"queue": torch.randn(3, 2, 4), "ptr": torch.tensor([0, 1, 0]), "filled": torch.tensor([True, False, False])}
    checkpoint = example_checkpoint(
        architecture="unimatch_v2",
        num_classes=3,
        projection=False,
        classes=["sky", "road", "car"],
        palette=[[0, 0, 0], [255, 0, 0], [0, 255, 0]],
        metrics={"ema": {"miou": 0.5, "iou": [0.5, 0.5, 0.5]}},
        student=entries(1),
        ema=entries(2),
        bank=bank,
        optimizer={"state": {0: {"exp_avg": torch.randn(4)}}},
    )
    save_checkpoint(path, checkpoint)


def export(path: Path) -> None:
    own(source := path.with_name("latest.pth"))
    export_weights(source, path)


def unimatch_v2(path: Path) -> None:
    prefixed = {f"module.{key}": value for key, value in entries(3).items()}
    content = {"model": prefixed, "model_ema": prefixed, "epoch": 3, "previous_best": np.float64(86.5)}
    torch.save(content, path)


def pixcon(path: Path) -> None:
    bank = {"queue": torch.randn(3, 2, 4), "ptr": torch.tensor([0, 1, 0]), "filled": torch.tensor([True, False, False])}
    teacher = {"decay": 0.996, "model_state_dict": entries(4)}
    torch.save({"student": entries(5), "teacher": teacher, "best_miou_ema": 87.9, "bank": bank}, path)


def bare(path: Path) -> None:
    torch.save(entries(6), path)


KINDS: dict[str, Callable[[Path], None]] = {
    "own.pth": own,
    "export.safetensors": export,
    "unimatch_v2.pth": unimatch_v2,
    "pixcon.pth": pixcon,
    "bare.pth": bare,
}


def numbers(layout: Layout) -> list[Any]:
    """All that could be measured or printed as a number, tensors as bytes."""
    tensors: dict[str, Tensor] = {}
    for name, state in (*layout.states.items(), ("bank", layout.bank or {})):
        tensors |= {f"{name} {key}": value for key, value in state.items()}
    parts = [(key, value.dtype, tuple(value.shape), value.numpy().tobytes()) for key, value in sorted(tensors.items())]
    return [*parts, layout.scores, layout.data, layout.run and (layout.run.config, layout.run.metrics)]


def damaged(data: bytes, generator: random.Random) -> bytes:
    """``data`` with one byte flipped, zeroed or cut out, or cut short."""
    place = generator.randrange(len(data))
    kind = generator.choice(("flip", "bit", "zero", "remove", "cut"))
    if kind == "cut":
        return data[:place]
    if kind == "remove":
        return data[:place] + data[place + 1 :]
    new = {"flip": data[place] ^ 0xFF, "bit": data[place] ^ (1 << generator.randrange(8)), "zero": 0}[kind]
    return data[:place] + bytes([new]) + data[place + 1 :]


@pytest.mark.parametrize("name", KINDS)
def test_damage_never_gives_other_numbers(tmp_path: Path, name: str) -> None:
    KINDS[name](path := tmp_path / name)
    data, expected = path.read_bytes(), numbers(recognise(read_file(path)))
    generator, refused = random.Random(name), 0
    for _ in range(PLACES):
        path.write_bytes(damaged(data, generator))
        try:
            layout = recognise(read_file(path))
        except CheckpointError:
            refused += 1
            continue
        assert numbers(layout) == expected
    assert refused > PLACES / 4  # the rest is padding, times and names of no weight


@pytest.mark.slow
def test_no_byte_between_the_records_gives_other_numbers(tmp_path: Path) -> None:
    """Headers and the list of records: they have no checksum, so each byte is tried."""
    bare(path := tmp_path / "bare.pth")
    data, expected = path.read_bytes(), numbers(recognise(read_file(path)))
    with path.open("rb") as handle:
        records = zip_records(handle)
    inside = {place for record in records for place in range(record.start, record.start + record.size)}
    loaded = tried = 0
    for place in sorted(set(range(len(data))) - inside):
        for new in {data[place] ^ (1 << bit) for bit in range(8)} | {data[place] ^ 0xFF, 0}:
            path.write_bytes(data[:place] + bytes([new]) + data[place + 1 :])
            tried += 1
            with suppress(CheckpointError):
                assert numbers(recognise(read_file(path))) == expected
                loaded += 1
    assert tried / 10 < loaded < tried  # padding, times and attributes change nothing that is read


@pytest.mark.parametrize("name", KINDS)
def test_a_whole_file_can_be_verified(tmp_path: Path, name: str) -> None:
    KINDS[name](path := tmp_path / name)
    assert read_file(path).verified


def test_an_export_without_a_hash_is_read_and_not_verifiable(tmp_path: Path) -> None:
    export(path := tmp_path / "export.safetensors")
    whole = read_file(path)
    metadata = {key: value for key, value in whole.metadata.items() if key != "content_sha256"}
    save_file(whole.content, path, metadata=metadata)
    older = read_file(path)
    assert not older.verified
    assert numbers(recognise(older)) == numbers(recognise(whole))


@pytest.mark.parametrize("changed", [{"epoch": 8}, {"weights": "student"}])
def test_an_export_whose_description_was_changed_is_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    export(path := tmp_path / "export.safetensors")
    whole = read_file(path)
    description = json.dumps(json.loads(whole.metadata["description"]) | changed)
    save_file(whole.content, path, metadata={**whole.metadata, "description": description})
    with pytest.raises(CheckpointError, match="do not have the hash"):
        read_file(path)


def test_a_description_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    export(path := tmp_path / "export.safetensors")
    whole = read_file(path)
    about = json.loads(whole.metadata["description"])
    about["data"]["deep"] = json.loads('{"a":' * 900 + "1" + "}" * 900)
    named = {key: whole.metadata[key] for key in ("format", "format_version")}
    save_file(whole.content, path, metadata={**named, "description": json.dumps(about)})
    with pytest.raises(CheckpointError, match="description in its metadata is damaged"):
        load(path)
