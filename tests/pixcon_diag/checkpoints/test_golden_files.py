"""Files made by rule in the releases' own layouts give the reference values through the loader and both protocols."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pixcon_diag.checkpoints.loading import load
from pixcon_train.evaluation.inference import predict, predict_logits
from pixcon_train.evaluation.protocols import SlidingWindow
from pixcon_train.models.build import build_model
from tests.reference import golden_input, rule_tensor

pytestmark = pytest.mark.reference


def rule_state(architecture: str, *, projection: bool) -> dict[str, torch.Tensor]:
    model = build_model(architecture, "small", 21, projection=projection)
    return {key: rule_tensor(key, value) for key, value in model.state_dict().items()}


@pytest.fixture(scope="module")
def unimatch_v2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `best.pth` as UniMatch V2 writes it; the student differs, so that measuring it would show."""
    teacher = {f"module.{key}": value for key, value in rule_state("unimatch_v2", projection=False).items()}
    student = {key: torch.zeros_like(value) for key, value in teacher.items()}
    content = {
        "model": student,
        "model_ema": teacher,
        "optimizer": {},
        "epoch": 50,
        "previous_best": np.float64(87.0),
        "previous_best_ema": np.float64(87.92),
        "best_epoch": 50,
        "best_epoch_ema": 50,
    }
    torch.save(content, path := tmp_path_factory.mktemp("unimatch") / "best.pth")
    return path


@pytest.fixture(scope="module")
def pixcon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `best_ema.pth` as PixCon's release writes it."""
    teacher = {"decay": 0.996, "model_state_dict": rule_state("pixcon", projection=True)}
    content = {"epoch": 9, "best_miou_ema": 87.9, "best_epoch_ema": 9, "teacher": teacher}
    torch.save(content, path := tmp_path_factory.mktemp("pixcon") / "best_ema.pth")
    return path


def agreement(found: torch.Tensor, expected: np.ndarray) -> float:
    return float((found.numpy() == expected).mean())


@torch.inference_mode()
def test_unimatch_v2_file_by_its_protocol(unimatch_v2: Path, golden: dict[str, np.ndarray]) -> None:
    loaded = load(unimatch_v2)
    assert loaded.protocol == "unimatch-v2"
    logits, _, _ = predict_logits(loaded.model, golden_input(75, 101), protocol=loaded.protocol)
    expected = golden["unimatch_v2_small/original_75x101_logits"]
    np.testing.assert_allclose(logits[..., ::5, ::5].numpy().reshape(expected.shape), expected, atol=1e-4)
    assert agreement(logits.argmax(1).squeeze(), golden["unimatch_v2_small/original_75x101_argmax"].squeeze()) >= 0.999
    windows = predict(loaded.model, golden_input(98, 154), protocol=loaded.protocol, window=SlidingWindow(70))
    expected = golden["unimatch_v2_small/sliding_98x154_crop70_argmax"].squeeze()
    assert agreement(windows.prediction.squeeze(), expected) >= 0.999


@torch.inference_mode()
def test_pixcon_file_by_its_protocol(pixcon: Path, golden: dict[str, np.ndarray]) -> None:
    loaded = load(pixcon)
    assert loaded.protocol == "pixcon"
    logits, _, _ = predict_logits(loaded.model, golden_input(75, 101), protocol=loaded.protocol)
    assert agreement(logits.argmax(1).squeeze(), golden["pixcon_small/whole_75x101_argmax"].squeeze()) >= 0.999
    output = loaded.model(golden_input(70, 98), embed=True)
    np.testing.assert_allclose(
        output.logits[..., ::7, ::7].numpy(), golden["pixcon_small/logits_70x98"].reshape(1, 21, 10, 14), atol=1e-4
    )
    found = output.embedding[:, ::16, ::8, ::8].numpy()
    np.testing.assert_allclose(found, golden["pixcon_small/embedding_70x98"].reshape(found.shape), atol=1e-4)
