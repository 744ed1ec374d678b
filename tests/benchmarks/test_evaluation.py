"""The baseline of whole-image evaluation counts what this project counts."""

import numpy as np
import pytest
import torch

from benchmarks.baselines.evaluation import evaluate, explicit_attention
from benchmarks.evaluation import product
from pixcon_train.models.build import build_model


@pytest.mark.parametrize("num_classes", [3, 40])
def test_counts_of_both_are_equal(num_classes: int) -> None:
    torch.manual_seed(0)
    model = build_model("unimatch_v2", "nano", num_classes, projection=False).eval()
    images = [torch.randn(3, *size) for size in ((60, 45), (28, 28))]
    masks = [torch.randint(0, num_classes, image.shape[1:]) for image in images]
    for mask in masks:
        mask[:5] = 255
    found = product(model, images, masks, num_classes)
    assert np.array_equal(found.numpy(), evaluate(model, images, masks, num_classes))
    assert found[2].sum() == sum(int((mask != 255).sum()) for mask in masks)


@torch.inference_mode()
def test_explicit_attention_is_the_same_attention() -> None:
    model = build_model("unimatch_v2", "nano", 3, projection=False).eval()
    images = torch.randn(1, 3, 56, 56)
    logits = model(images).logits
    with explicit_attention(model):
        torch.testing.assert_close(model(images).logits, logits)
    assert torch.equal(model(images).logits, logits)
