"""What every model must do, whichever its architecture; and the names and shapes of the releases' state dicts."""

import json
from pathlib import Path

import pytest
import torch

from pixcon_train.core.errors import ConfigError
from pixcon_train.models.architectures import ARCHITECTURES
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.build import build_model
from pixcon_train.models.sizes import SIZES

CLASSES = 5


@pytest.fixture(params=list(ARCHITECTURES))
def model(request: pytest.FixtureRequest) -> SegmentationModel:
    torch.manual_seed(0)
    return build_model(request.param, "nano", CLASSES, projection=True, embedding_dim=16).eval()


@pytest.mark.reference
@pytest.mark.parametrize("size", ["small", "base"])
@pytest.mark.parametrize("architecture", ["unimatch_v2", "pixcon"])
def test_state_dict_is_the_releases(architecture: str, size: str, reference: Path) -> None:
    """Keys in order, shapes and dtypes. PixCon's release has the projection head, UniMatch V2's has not."""
    manifest = json.loads((reference / "golden/state_dict_manifests.json").read_text())[f"{architecture}_{size}"]
    with torch.device("meta"):
        state = build_model(architecture, size, 21, projection=architecture == "pixcon").state_dict()
    assert [
        (key, [list(value.shape), str(value.dtype).removeprefix("torch.")]) for key, value in state.items()
    ] == list(manifest.items())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_size_builds_with_consistent_attributes(architecture: str, size: str) -> None:
    with torch.device("meta"):
        model = build_model(architecture, size, CLASSES, projection=True)
    shape = SIZES[size]
    assert (model.architecture, model.size, model.num_classes) == (architecture, size, CLASSES)
    assert model.encoder_dim == shape.dim == model.encoder.cls_token.shape[-1]
    assert len(model.encoder.blocks) == shape.depth
    assert max(shape.blocks) == shape.depth - 1
    assert model.get_parameter("proj_head.0.weight").shape[:2] == (256, model.fused_channels)


@pytest.mark.parametrize(("size", "shared"), [("nano-1x32", 4), ("nano-2x64", 2), ("nano-4x32", 1)])
def test_a_weak_encoder_gives_nano_s_decoder_four_maps(size: str, shared: int) -> None:
    """DEPTHxWIDTH; ``shared`` maps are of one block."""
    depth, width = map(int, size.removeprefix("nano-").split("x"))
    weak, nano = (build_model("pixcon", name, CLASSES, projection=False).eval() for name in (size, "nano"))
    assert (len(weak.encoder.blocks), weak.encoder_dim, weak.fused_channels) == (depth, width, nano.fused_channels)
    maps = weak.encoder(torch.randn(1, 3, 28, 42))
    assert [tuple(found.shape) for found in maps] == [(1, width, 2, 3)] * 4
    assert [torch.equal(maps[0], found) for found in maps] == [True] * shared + [False] * (4 - shared)


def test_the_output_has_the_promised_shapes(model: SegmentationModel) -> None:
    output = model(torch.randn(2, 3, 42, 70), embed=True)
    assert output.logits.shape == (2, CLASSES, 42, 70)
    assert output.fused.shape == (2, model.fused_channels, 3 * 8, 5 * 8)
    assert output.embedding.shape == (2, 16, 3 * 8, 5 * 8)
    torch.testing.assert_close(output.embedding.norm(dim=1), torch.ones(2, 24, 40))


def test_an_embedding_comes_only_when_asked_for(model: SegmentationModel) -> None:
    assert model.has_projection
    assert model(torch.randn(1, 3, 28, 28)).embedding is None
    assert not build_model(model.architecture, "nano", CLASSES, projection=False).has_projection


def test_images_of_a_batch_do_not_touch_each_other(model: SegmentationModel) -> None:
    images = torch.randn(3, 3, 42, 42)
    together = model(images).logits
    torch.testing.assert_close(together, torch.cat([model(image[None]).logits for image in images]), atol=1e-5, rtol=0)


def test_scaling_the_encoder_is_scaling_its_four_maps(model: SegmentationModel) -> None:
    images, scale = torch.randn(2, 3, 28, 28), torch.rand(2, model.encoder_dim)
    maps = [feature * scale[:, :, None, None] for feature in model.encoder(images)]
    torch.testing.assert_close(model(images, encoder_scale=scale).logits, model.classify(model.fuse_maps(maps), 28, 28))


@pytest.mark.parametrize("rows", [1, 2])
def test_the_fused_feature_is_returned_as_scaled(model: SegmentationModel, rows: int) -> None:
    """What the classifier reads is what is returned: one mask for the batch, or one per image."""
    images, scale = torch.randn(2, 3, 28, 28), torch.rand(rows, model.fused_channels)
    output = model(images, fused_scale=scale)
    torch.testing.assert_close(output.fused, model(images).fused * scale[:, :, None, None])
    torch.testing.assert_close(output.logits, model.classify(output.fused, 28, 28))


def test_parameters_are_of_the_encoder_or_of_the_decoder(model: SegmentationModel) -> None:
    encoder, decoder = dict(model.encoder_parameters()), dict(model.decoder_parameters())
    assert not encoder.keys() & decoder.keys()
    assert encoder.keys() | decoder.keys() == dict(model.named_parameters()).keys()
    assert {id(value) for value in encoder.values()} == {id(value) for value in model.encoder.parameters()}
    assert "proj_head.3.bias" in decoder


def test_activation_checkpointing_changes_no_number(model: SegmentationModel) -> None:
    images = torch.randn(2, 3, 42, 42)
    results = []
    for enabled in (False, True):
        model.set_activation_checkpointing(enabled)
        model.zero_grad()
        logits = model(images).logits
        logits.square().mean().backward()
        results.append((logits.detach(), {name: value.grad for name, value in model.encoder_parameters()}))
    (plain, gradients), (recomputed, same) = results
    torch.testing.assert_close(recomputed, plain)
    assert any(value is not None for value in gradients.values())
    for name, value in gradients.items():
        torch.testing.assert_close(same[name], value)


def test_activation_checkpointing_keeps_less(model: SegmentationModel) -> None:
    kept = []
    for enabled in (False, True):
        model.set_activation_checkpointing(enabled)
        total = [0]

        def count(value: torch.Tensor, total: list[int] = total) -> torch.Tensor:
            total[0] += value.nbytes
            return value

        with torch.autograd.graph.saved_tensors_hooks(count, lambda value: value):
            model.encoder(torch.randn(1, 3, 70, 70))
        kept.append(total[0])
    assert kept[1] < kept[0] / 2


def test_a_size_that_the_patch_does_not_divide_is_refused(model: SegmentationModel) -> None:
    with pytest.raises(ConfigError, match=r"40×42 px; expected multiples of 14"):
        model(torch.randn(1, 3, 40, 42))


@pytest.mark.parametrize(
    ("architecture", "size", "message"),
    [
        ("unimatch-v2", "nano", "Unknown architecture 'unimatch-v2'.*did you mean 'unimatch_v2'"),
        ("pixcon", "smal", "Unknown model size 'smal'.*did you mean 'small'"),
        ("pixcon", "42", "expected one of nano, small, base, large, giant"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(architecture: str, size: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_model(architecture, size, CLASSES, projection=False)
