"""How validation is shared out over processes."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from pixcon_train.core.errors import TrainingError
from pixcon_train.core.progress import silent
from pixcon_train.data.datasets import EvaluationDataset
from pixcon_train.data.sources import open_dataset
from pixcon_train.evaluation import validation
from pixcon_train.evaluation.inference import predict_classes
from pixcon_train.evaluation.iou import SegmentationIoU
from pixcon_train.evaluation.validation import over_images, summary, validation_loader
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.build import build_model
from tests.pixcon_train.tiny import write_tiny


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> EvaluationDataset:
    root = tmp_path_factory.mktemp("tiny")
    source = open_dataset(str(write_tiny(root, val=11)), root)
    return EvaluationDataset(source.spec, root, source.read(root / "val.txt"), encoding="index")


@pytest.mark.parametrize("processes", [1, 2, 3, 5])
def test_every_batch_is_one_process_s_and_as_one_process_has_it(dataset: EvaluationDataset, processes: int) -> None:
    """A network's output depends in its last digits on its batch, so batches stay whole."""

    def images(rank: int, of: int) -> list[torch.Tensor]:
        loader = validation_loader(dataset, rank=rank, processes=of, workers=0, batch=4)
        return [group[0] for groups in loader for group in groups]

    alone = images(0, 1)
    shares = [images(rank, processes) for rank in range(processes)]
    assert [len(batch) for batch in alone] == [4, 4, 3]
    for number, batch in enumerate(alone):
        assert torch.equal(shares[number % processes].pop(0), batch)
    assert not any(shares)


@pytest.mark.parametrize("broken", [False, True])
def test_a_network_that_predicts_nan_is_not_validated(dataset: EvaluationDataset, broken: bool) -> None:
    """Its argmax is some class: the mIoU would be a number."""
    network = build_model("unimatch_v2", "nano", 3, projection=False)
    if broken:
        torch.nn.init.constant_(network.get_parameter("head.scratch.output_conv.2.bias"), float("nan"))
        with pytest.raises(TrainingError, match="predicts NaN on images of the validation list"):
            validated(network, dataset)
    else:
        assert validated(network, dataset) is not None


def test_nan_in_another_process_ends_this_one_too(dataset: EvaluationDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would wait for ever for the counts of the one that raised."""

    def with_another(least: torch.Tensor, op: Any) -> None:
        assert op == "min" and least.item() == 1
        least.zero_()

    two = SimpleNamespace(
        is_available=lambda: True,
        is_initialized=lambda: True,
        all_reduce=with_another,
        ReduceOp=SimpleNamespace(MIN="min"),
    )
    monkeypatch.setattr(validation, "distributed", two)
    with pytest.raises(TrainingError, match="predicts NaN"):
        validated(build_model("unimatch_v2", "nano", 3, projection=False), dataset)


def validated(network: SegmentationModel, dataset: EvaluationDataset) -> dict[str, Any]:
    metric = SegmentationIoU(3)
    assert over_images(
        network,
        validation_loader(dataset, rank=0, processes=1, workers=0),
        predict_classes,
        lambda predicted, masks: metric.update(predicted.prediction, masks),
        device=torch.device("cpu"),
        protocol="unimatch-v2",
        window=None,
        progress=silent,
        stop=lambda: False,
    )
    return summary(metric)
