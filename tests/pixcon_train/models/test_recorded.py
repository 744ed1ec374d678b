"""Both networks against what they gave when this was written, in float64: no processor rounds that visibly."""

import pytest
import torch

from pixcon_train.models.build import build_model
from tests.reference import fill_by_rule, rng

RECORDED = {  # mean and deviation of logits, fused feature and embedding, in eval mode and in train mode
    ("unimatch_v2", "eval"): [
        (-0.3402693828199083, 1.091455246270574),
        (-0.11736843118003439, 1.0664198615105227),
        (0.03705845239672569, 0.3516201539858376),
    ],
    ("unimatch_v2", "train"): [
        (-0.3402693828199083, 1.091455246270574),
        (-0.11736843118003439, 1.0664198615105227),
        (0.07799671879120351, 0.34485676750780425),
    ],
    ("pixcon", "eval"): [
        (0.18019004265497054, 0.6902158938829998),
        (1.1116892967442338, 1.3061479202600013),
        (0.11762044674956525, 0.3334283699816294),
    ],
    ("pixcon", "train"): [
        (0.040044940426920445, 0.6300246287654623),
        (1.5539337693945416, 1.537819921213663),
        (0.07763286511440638, 0.34493886574420407),
    ],
}


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(("architecture", "mode"), list(RECORDED))
def test_outputs_are_the_recorded_ones(architecture: str, mode: str) -> None:
    model = fill_by_rule(build_model(architecture, "nano", 5, projection=True, embedding_dim=8))
    model.train(mode == "train")
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout2d):
            module.eval()  # what it draws depends on the build of PyTorch
    images = torch.from_numpy(rng("x").standard_normal((2, 3, 42, 56)))
    with torch.no_grad():
        output = model(images, embed=True)
    for found, (mean, deviation) in zip(output, RECORDED[architecture, mode], strict=True):
        assert found.mean().item() == pytest.approx(mean, rel=1e-9)
        assert found.std().item() == pytest.approx(deviation, rel=1e-9)
