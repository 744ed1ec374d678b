"""From Python, with a user's own network: files on disk in, rates with their provenance out."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from pixcon_diag.checkpoints.loading import wrap_module
from pixcon_diag.passes.data import DataChoice, EvaluationData, choose_data
from pixcon_diag.passes.measuring import (
    ContaminationOptions,
    RunChoice,
    choose_device,
    measure_contamination,
    pass_options,
)
from pixcon_train.errors import ConfigError

CPU = RunChoice(device="cpu", workers=0)


class Brightness(nn.Module):
    """Bright pixels are class 1, the more certain the brighter; the green channel decides alone."""

    def forward(self, images: Tensor) -> Tensor:
        green = images[:, 1:2] * 2
        return torch.cat([-green, green], 1)


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    random = np.random.default_rng(3)
    for index in range(3):
        Image.fromarray(random.integers(0, 256, (14, 28, 3), dtype=np.uint8)).save(tmp_path / f"{index}.png")
        mask = random.choice(np.array([0, 1, 7], dtype=np.uint8), (14, 28))
        Image.fromarray(mask).save(tmp_path / f"{index}_mask.png")
    (tmp_path / "val.txt").write_text("".join(f"{index}.png {index}_mask.png\n" for index in range(3)))
    (tmp_path / "two.yaml").write_text("classes: [dark, bright]\nvoid: 7\n")
    return choose_data(DataChoice(dataset=str(tmp_path / "two.yaml"), root=tmp_path))


def test_a_wrapped_network_s_rates_are_those_of_the_definition(data: EvaluationData) -> None:
    """Computed again from the files, with a void value of the data set's own."""
    result = measure_contamination(
        wrap_module(Brightness(), 2, name="mine"), data, ContaminationOptions(taus=(0.9,)), CPU
    )
    retained = correct = pixels = 0
    for pair in data.pairs:
        image = np.asarray(Image.open(data.source.root / pair.image), dtype=np.float64) / 255
        mask = np.asarray(Image.open(data.source.root / str(pair.mask)))
        green = (image[..., 1] - 0.456) / 0.224 * 2
        confidence, prediction = 1 / (1 + np.exp(-2 * np.abs(green))), green > 0
        valid = mask != 7
        kept = valid & (confidence >= 0.9)
        pixels, retained = pixels + valid.sum(), retained + kept.sum()
        correct += (kept & (prediction == mask)).sum()
    overall = result.contamination.at(0.9).overall
    assert (overall.pixels, overall.retained, overall.correct) == (pixels, retained, correct)
    provenance = result.provenance
    assert (result.name, provenance.checkpoint.layout, provenance.inference.protocol) == (
        "mine",
        "wrapped Brightness",
        "pixcon",
    )
    assert (provenance.data.dataset, provenance.data.classes) == ("two", ("dark", "bright"))
    assert provenance.options["taus"] == (0.9,)


def test_a_class_count_that_does_not_fit_is_refused(data: EvaluationData) -> None:
    with pytest.raises(ConfigError, match="mine predicts 3 classes but two has 2"):
        measure_contamination(wrap_module(Brightness(), 3, name="mine"), data, run=CPU)


def test_sliding_windows_and_one_image_a_batch_belong_to_the_data_set(tmp_path: Path, data: EvaluationData) -> None:
    (tmp_path / "slid.yaml").write_text("classes: [dark, bright]\nevaluation: sliding\nwindow_crop: 14\n")
    slid = choose_data(DataChoice(dataset=str(tmp_path / "slid.yaml"), root=tmp_path))
    network = wrap_module(Brightness(), 2)
    window = pass_options(network, slid, CPU).window
    assert window is not None and window.crop == 14
    assert [pass_options(network, each, CPU).batch_size for each in (slid, data)] == [1, 4]
    assert pass_options(network, data, RunChoice(protocol="unimatch-v2", batch_size=9)).batch_size == 9


def test_devices_are_chosen_or_refused() -> None:
    assert choose_device("cpu").type == "cpu"
    assert choose_device(None) == choose_device("auto")
    with pytest.raises(ConfigError, match=r"Device 'gpu7' cannot be used here .* --device auto"):
        choose_device("gpu7")
