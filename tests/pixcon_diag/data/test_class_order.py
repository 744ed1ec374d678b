"""The classes of a network in the order of a data set."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pixcon_diag.cache.measure import measure
from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_diag.data.class_order import class_order, in_order_of
from pixcon_diag.passes.options import MeasureOptions
from pixcon_train.core.errors import ConfigError
from pixcon_train.data.specs import DatasetSpec
from tests.pixcon_diag.checkpoints.modules.networks import NAMES, write_code
from tests.pixcon_diag.passes.small import cpu, images, listed

SPEC = DatasetSpec(name="farm", classes=NAMES, palette=((0, 0, 0),) * 3)


def permuted(tmp_path: Path) -> LoadedCheckpoint:
    return load(f"{write_code(tmp_path)}:permuted")


def test_names_are_equal_but_for_case_spaces_hyphens_and_underscores() -> None:
    names = ("Traffic_Light", "__background__", "pole")
    assert class_order(names, ("background", "traffic light", "Pole"), "net", "streets") == (1, 0, 2)
    assert class_order(("LABEL_0", "LABEL_1"), ("a", "b"), "net", "streets") is None


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ("road", "person", "dog"),
            r"2 of the 3 classes of .* \('road', 'person'\) but lacks 'car'; .*--class-order n",
        ),
        (("road", "person", "car", "CAR"), "lacks nothing"),
    ],
)
def test_some_names_that_match_and_others_that_do_not(names: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        class_order(names, ("road", "person", "car"), "net", "streets")


def test_a_permuted_network_gives_the_same_counts(tmp_path: Path) -> None:
    data = listed(tmp_path / "data", list(images(tmp_path / "data").pairs), spec=SPEC)
    passes = []
    for factory in ("build", "permuted"):
        checkpoint = load(f"{write_code(tmp_path)}:{factory}")
        passes.append(measure(checkpoint, data, MeasureOptions(), cpu(), cache=tmp_path / factory))
    first, other = (measured.state for measured in passes)
    assert first.keys() == other.keys()
    for name in first:
        np.testing.assert_allclose(first[name], other[name], atol=1e-5, err_msg=name)
    assert passes[0].statistics[:, 0].sum() > 0
    assert passes[1].provenance.checkpoint.class_order == (1, 2, 0)


def test_what_was_done_is_said_once(tmp_path: Path) -> None:
    once = in_order_of(permuted(tmp_path), SPEC)
    assert once.remarks[-1] == "3 of its 3 classes are reordered by name to those of farm"
    assert in_order_of(once, SPEC) is once
    strange = SPEC.model_copy(update={"classes": ("a", "b", "c")})
    assert in_order_of(permuted(tmp_path), strange).remarks[-1] == (
        "its classes are called 'COW', 'GRASS', 'SKY': they are taken in the order of farm"
    )


def test_another_order_of_an_ordered_network_is_of_its_channels(tmp_path: Path) -> None:
    other = SPEC.model_copy(update={"classes": ("cow", "sky", "grass")})
    twice, once = in_order_of(in_order_of(permuted(tmp_path), SPEC), other), in_order_of(permuted(tmp_path), other)
    assert twice.info.class_order == once.info.class_order == (0, 2, 1)
    assert twice.wrapped is not None and twice.wrapped.order == (0, 2, 1)
    pixels = torch.rand(1, 3, 8, 8)
    assert torch.equal(twice.model(pixels).logits, once.model(pixels).logits)


def test_the_order_of_the_network_may_be_asked_for(tmp_path: Path) -> None:
    checkpoint = load(f"{write_code(tmp_path)}:permuted", class_order="network")
    assert in_order_of(checkpoint, SPEC) is checkpoint
    assert "its classes are taken in the order of its output, whatever it calls them" in checkpoint.remarks
    assert load(f"{write_code(tmp_path)}:build", class_order="network").class_names is None


def test_without_names_nothing_changes(tmp_path: Path) -> None:
    checkpoint = load(f"{write_code(tmp_path)}:build")
    assert in_order_of(checkpoint, SPEC) is checkpoint
