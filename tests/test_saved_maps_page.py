"""docs/saved-maps.md: every loop is run as it is printed, and what it saves gives the counts of its probabilities."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pixcon_diag.cache.measure import measure
from pixcon_diag.data.confidence_codes import SCALE
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.measures.contamination import Contamination
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.predictions import read_target
from pixcon_diag.passes.saved_maps import checkpoint_of_maps, maps_of
from pixcon_train.core.void import VOID
from pixcon_train.evaluation.iou import SegmentationIoU
from tests.pixcon_diag.passes.small import CLASSES, SIZES, images

PAGE = Path(__file__).parents[1] / "docs/saved-maps.md"
FUNCTION, *LOOPS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
LONGEST = 25
"""Lines to paste; a loop adds a few."""


def logits() -> list[Tensor]:
    """Of each image, (K, H, W); many confidences are close to 1."""
    generator = torch.Generator().manual_seed(0)
    return [6 * torch.randn((CLASSES, *size), generator=generator) for size in SIZES]


def names() -> list[str]:
    return [f"images/{index}.png" for index in range(len(SIZES))]


class Sample:
    """What mmsegmentation's ``test_step`` gives for an image: a SegDataSample."""

    def __init__(self, name: str, values: Tensor) -> None:
        self.img_path = f"/data/somewhere/{name}"
        self.seg_logits = SimpleNamespace(data=values)
        self.pred_sem_seg = SimpleNamespace(data=values.argmax(0, keepdim=True))


def pytorch() -> dict[str, Any]:
    batches = [
        (values[None], torch.zeros((1, *values.shape[1:])), [name])
        for values, name in zip(logits(), names(), strict=True)
    ]
    return {"loader": batches, "model": lambda images: images}


def numpy() -> dict[str, Any]:
    arrays = [values.permute(1, 2, 0)[None].numpy() for values in logits()]
    return {"dataset": [(values, [name]) for values, name in zip(arrays, names(), strict=True)], "predict": np.asarray}


def mmsegmentation() -> dict[str, Any]:
    samples = [[Sample(name, values)] for values, name in zip(logits(), names(), strict=True)]
    return {"loader": samples, "model": SimpleNamespace(test_step=lambda batch: batch)}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> EvaluationData:
    return images(tmp_path_factory.mktemp("page"))


@pytest.mark.parametrize(
    ("loop", "given"), [*zip(LOOPS, (pytorch, numpy, mmsegmentation), strict=True)], ids=["pytorch", "numpy", "mmseg"]
)
def test_what_a_loop_saves_gives_its_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: EvaluationData, loop: str, given: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(FUNCTION + loop, PAGE.name, "exec"), scope := given())
    assert len(scope["VALUES"]) == 2**16
    options = MeasureOptions(taus=(0.5, 0.95))
    saved = checkpoint_of_maps("mine", maps_of(Path("maps"), data), data, options.edges)
    assert (saved.info.layout, saved.remarks) == ("saved labels and confidence (16-bit PNG)", ())
    found = measure(saved, data, options, cache=tmp_path / "cache")
    contamination, iou = Contamination(CLASSES, void=VOID, taus=options.taus), SegmentationIoU(CLASSES, VOID)
    for index, values in enumerate(logits()):
        exponents = np.exp(values.numpy() - values.numpy().max(0))
        probabilities = values.softmax(0) if loop != LOOPS[1] else torch.from_numpy(exponents / exponents.sum(0))
        target = torch.from_numpy(read_target(data, index))[None]
        confidence, prediction = probabilities[None].max(1)
        contamination.update(confidence, prediction, target)
        iou.update(prediction, target)
    assert found.iou == iou.compute()
    for tau in options.taus:
        assert found.contamination().at(tau) == contamination.compute().at(tau)
    for name in ("by_predicted", "by_truth", "zones"):
        assert (found.state[f"contamination.{name}"] == contamination.snapshot()[name]).all()


def test_what_is_pasted_is_short() -> None:
    assert len(FUNCTION.splitlines()) <= LONGEST
    assert max(len(loop.splitlines()) for loop in LOOPS) <= 8


def test_the_scale_is_the_one_that_the_exporter_writes() -> None:
    (printed,) = re.findall(r'SCALE = """(.*?)"""', FUNCTION, re.DOTALL)
    assert printed.split() == SCALE.split()
