"""A ResNet that is loaded with another recipe than it was trained with is found by what it predicts."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from pixcon_diag.audit.recipes import recipe_check
from pixcon_diag.checkpoints.loading import load
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.groups.methods import Methods
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.provenance import LoadCheck
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.data.transforms import network_input
from pixcon_train.evaluation.inference import predict_classes
from tests.pixcon_diag.checkpoints.test_loading import pixcon, saved, with_prefix
from tests.pixcon_diag.passes.small import CLASSES, cpu, images
from tests.pixcon_train.models.deeplab_states import unimatch_v1

SIZES = [(97, 130), (113, 90), (97, 130), (120, 120)]


def pixels_of(path: Path) -> Tensor:
    return torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)[None]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> EvaluationData:
    return images(tmp_path_factory.mktemp("data"), SIZES)


@pytest.fixture(scope="module")
def checkpoint(data: EvaluationData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of UniMatch V1 whose weights belong to CorrMatch's recipe: the masks are what it predicts with that.

    The biases of the classifier make all classes equally likely, so that small differences of logits decide.
    """
    folder, root = tmp_path_factory.mktemp("v1"), data.source.root
    state = unimatch_v1(classes=CLASSES)

    def file() -> Path:
        return saved(folder, {"model": with_prefix(state), "epoch": 61, "previous_best": np.float64(100.0)})

    shown = [pixels_of(root / pair.image) for pair in data.pairs]
    with torch.inference_mode():
        first = load(file(), recipe="corrmatch").model
        logits = torch.cat([first(network_input(image)).logits.flatten(2) for image in shown], 2)
        state["classifier.bias"] = state["classifier.bias"] - logits.mean((0, 2))
        model = load(file(), recipe="corrmatch").model
        for pair, image in zip(data.pairs, shown, strict=True):
            labels = predict_classes(model, image, protocol="native").prediction[0]  # type: ignore[arg-type]
            Image.fromarray(labels.numpy()).save(root / str(pair.mask))
    return folder / "best.pth"


def checked(checkpoint: Path, data: EvaluationData, cache: Path, recipe: str | None = None) -> tuple[LoadCheck, str]:
    """The load check of a pass, and what it says."""
    told: list[str] = []
    options = StudyOptions(data=data, run=cpu(), cache=cache, recipe=recipe)
    ((_, measured),) = Methods(str(checkpoint), options=options, notify=told.append).passes()
    assert measured.provenance.load_check is not None
    return measured.provenance.load_check, " ".join(told)


def test_the_recipe_that_fits_is_named(checkpoint: Path, data: EvaluationData, tmp_path: Path) -> None:
    for _ in range(2):  # the second time from the cache
        check, told = checked(checkpoint, data, tmp_path)
        found = check.recipes
        assert found is not None and check.measured < 0.997
        assert (found.used, found.best, found.told_apart, found.images) == ("unimatch_v1", "corrmatch", True, 4)
        assert found.accuracies["corrmatch"] == 1 > max(v for k, v in found.accuracies.items() if k != "corrmatch")
        assert found.difference == pytest.approx(1 - found.accuracies["unimatch_v1"])
        assert "Measure with --recipe corrmatch" in told and "recipe" in found.verdict
    check, told = checked(checkpoint, data, tmp_path, "corrmatch")
    assert (check.measured, check.recipes, check.warning) == (1, None, None) and "recipe" not in told


def test_paired_accuracies_by_hand() -> None:
    pixels = np.tile([100, 200, 0, 50], (4, 1))
    correct = np.array([[50, 100, 0, 30], [60, 140, 0, 35], [10, 20, 0, 5], [60, 100, 0, 30]])
    check = recipe_check("unimatch_v1", correct, pixels)
    assert check.images == 3 and check.best == "corrmatch"
    assert check.accuracies["unimatch_v1"] == pytest.approx((0.5 + 0.5 + 0.6) / 3)
    assert check.difference == pytest.approx((0.1 + 0.2 + 0.1) / 3)
    assert check.standard_error == pytest.approx(np.std([0.1, 0.2, 0.1], ddof=1) / 3**0.5)
    assert check.told_apart and "Measure with --recipe corrmatch" in check.verdict
    same = recipe_check("corrmatch", correct, pixels)
    assert (same.best, same.difference, same.told_apart) == ("corrmatch", 0, False)
    assert "No other recipe fits better" in same.verdict
    one = recipe_check("unimatch_v1", correct[:, :1], pixels[:, :1])
    assert not one.told_apart and np.isnan(one.standard_error)


def test_a_network_without_recipes_has_no_other(tmp_path: Path, checkpoint: Path) -> None:
    with pytest.raises(CheckpointError, match=r"it has no recipe\. Leave --recipe out"):
        load(saved(tmp_path, pixcon()), recipe="corrmatch")
    with pytest.raises(ConfigError, match=r"Unknown recipe 'corrmach'.*did you mean 'corrmatch'"):
        load(checkpoint, recipe="corrmach")
