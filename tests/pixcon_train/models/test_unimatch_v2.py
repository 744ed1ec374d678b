"""UniMatch V2's network against the values of its release."""

import numpy as np
import pytest
import torch

from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.build import build_model
from tests.reference import fill_by_rule, golden_input


@pytest.fixture(scope="module")
def model() -> SegmentationModel:
    return fill_by_rule(build_model("unimatch_v2", "small", 21, projection=False)).eval()


@pytest.mark.reference
@pytest.mark.parametrize(("edges", "step"), [((70, 98), 7), ((518, 518), 37)])
@torch.inference_mode()
def test_tokens_and_logits_match_the_release(
    model: SegmentationModel, golden: dict[str, np.ndarray], edges: tuple[int, int], step: int
) -> None:
    """A resampled position embedding, and the native one."""
    images, name = golden_input(*edges), f"{edges[0]}x{edges[1]}"
    for block, feature in zip((2, 5, 8, 11), model.encoder(images), strict=True):
        tokens = feature.flatten(2).transpose(1, 2)
        sample = tokens[:, :: max(1, tokens.shape[1] // 16), ::24]
        np.testing.assert_allclose(sample, golden[f"unimatch_v2_small/tokens_{name}_block{block}"], atol=1e-4, rtol=0)
    logits = model(images).logits[..., ::step, ::step]
    np.testing.assert_allclose(logits, golden[f"unimatch_v2_small/logits_{name}"], atol=1e-4, rtol=0)


def test_the_decoder_has_no_normalisation() -> None:
    decoder = build_model("unimatch_v2", "nano", 3, projection=False).get_submodule("head")
    assert not [module for module in decoder.modules() if "Norm" in type(module).__name__]
