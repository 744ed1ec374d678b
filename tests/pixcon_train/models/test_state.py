"""A state dict tells what model it is of."""

import pytest
import torch
from torch import Tensor

from pixcon_train.core.errors import CheckpointError
from pixcon_train.models.architectures import ARCHITECTURES
from pixcon_train.models.build import build_model
from pixcon_train.models.sizes import SIZES
from pixcon_train.models.state import ModelDescription, infer_architecture, model_from_state, strip_prefix
from tests.reference import rule_tensor


def state(architecture: str, size: str = "nano", *, projection: bool = True, device: str = "cpu") -> dict[str, Tensor]:
    with torch.device(device):
        model = build_model(architecture, size, 7, projection=projection, embedding_dim=12)
    entries = model.state_dict()
    return entries if device == "meta" else {key: rule_tensor(key, value) for key, value in entries.items()}


def refused(entries: dict[str, Tensor]) -> str:
    with pytest.raises(CheckpointError) as caught:
        model_from_state(entries, infer_architecture(entries))
    return str(caught.value)


@pytest.mark.parametrize("projection", [True, False])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_model_is_told_from_its_state_dict(architecture: str, size: str, projection: bool) -> None:
    described = infer_architecture(state(architecture, size, projection=projection, device="meta"))
    assert described == ModelDescription(architecture, size, 7, projection, 12 if projection else 256)


@pytest.mark.parametrize("projection", [True, False])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_state_dict_makes_its_model(architecture: str, projection: bool) -> None:
    entries = state(architecture, projection=projection)
    model = model_from_state(entries, infer_architecture(entries))
    found = model.state_dict()
    assert not model.training
    assert list(found) == list(entries)
    assert all(torch.equal(found[key], value) for key, value in entries.items())
    assert not [name for name, value in [*model.named_parameters(), *model.named_buffers()] if value.is_meta]
    assert all(value.requires_grad for value in model.parameters())
    direct = build_model(architecture, "nano", 7, projection=projection, embedding_dim=12).eval()
    direct.load_state_dict(entries)
    images = torch.randn(1, 3, 42, 28)
    assert torch.equal(model(images).logits, direct(images).logits)


def test_half_precision_weights_make_a_single_precision_model() -> None:
    halves = {key: value.half() if value.is_floating_point() else value for key, value in state("pixcon").items()}
    model = model_from_state(halves, infer_architecture(halves))
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    assert model.state_dict()["head.1.num_batches_tracked"].dtype == torch.int64


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_missing_mask_token_is_zero(architecture: str) -> None:
    entries = {key: value for key, value in state(architecture).items() if not key.endswith("mask_token")}
    assert not model_from_state(entries, infer_architecture(entries)).encoder.mask_token.any()


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_prefixes_of_wrappers_are_stripped(prefix: str) -> None:
    entries = state("unimatch_v2")
    assert list(strip_prefix({prefix + key: value for key, value in entries.items()})) == list(entries)


def test_a_prefix_that_not_all_have_stays() -> None:
    mixed = {"module.a": torch.ones(1), "b": torch.ones(1)}
    assert strip_prefix(mixed) == mixed
    assert strip_prefix({}) == {}


@pytest.mark.parametrize("found", [{}, {"layer1.0.conv1.weight": torch.ones(1), "fc.bias": torch.ones(1)}])
def test_no_known_architecture(found: dict[str, Tensor]) -> None:
    message = refused(found)
    assert "no known architecture" in message
    assert (next(iter(found)) if found else "nothing") in message
    assert "head.scratch.output_conv.2.weight" in message and "head.4.weight" in message


def test_an_encoder_alone_is_none() -> None:
    encoder = {key: value for key, value in state("pixcon").items() if key.startswith("backbone.")}
    assert "no known architecture" in refused(encoder)


def test_an_unknown_size_names_the_known_ones() -> None:
    entries = {key: value for key, value in state("pixcon").items() if ".blocks.3." not in key}
    assert "width 96 and 3 blocks; expected one of nano (96, 4), small (384, 12)" in refused(entries)


def test_what_does_not_fit_is_named() -> None:
    entries = state("unimatch_v2")
    without = {key: value for key, value in entries.items() if key != "head.projects.0.bias"}
    assert "do not fit unimatch_v2 nano with 7 classes: head.projects.0.bias is missing" in refused(without)
    assert "surplus is not part of it" in refused(entries | {"surplus": torch.ones(1)})
    other = entries | {"head.projects.0.bias": torch.ones(5)}
    assert "head.projects.0.bias has shape (5,), not (24,)" in refused(other)
    many = {key: value for key, value in entries.items() if "refinenet1" not in key}
    assert "(and 7 more)" in refused(many)
