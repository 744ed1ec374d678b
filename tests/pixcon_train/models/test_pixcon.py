"""PixCon's network against the values of its release."""

import numpy as np
import pytest
import torch

from pixcon_train.models.build import build_model
from pixcon_train.models.pixcon import ResidualConvUnit
from tests.reference import fill_by_rule, golden_input


@pytest.mark.reference
@torch.inference_mode()
def test_logits_fused_feature_and_embedding_match_the_release(golden: dict[str, np.ndarray]) -> None:
    model = fill_by_rule(build_model("pixcon", "small", 21, projection=True)).eval()
    output = model(golden_input(70, 98), embed=True)
    found = {
        "logits": output.logits[..., ::7, ::7],
        "fused": output.fused[:, ::16, ::8, ::8],
        "embedding": output.embedding[:, ::16, ::8, ::8],
    }
    for name, value in found.items():
        np.testing.assert_allclose(value, golden[f"pixcon_small/{name}_70x98"], atol=1e-4, rtol=0, err_msg=name)


def test_the_residual_is_the_rectified_input() -> None:
    """With the second norm silenced only the residual is left."""
    unit = ResidualConvUnit(2).eval()
    torch.nn.init.zeros_(unit.bn2.weight)
    x = torch.tensor([-1.0, 2.0]).view(1, 2, 1, 1)
    assert unit(x).flatten().tolist() == [0.0, 2.0]


def test_an_input_is_left_as_it_was() -> None:
    """The release's in-place ReLU changes its input; ours gives the same numbers without."""
    x = torch.randn(2, 2, 4, 4)
    before = x.clone()
    ResidualConvUnit(2)(x)
    assert torch.equal(x, before)
