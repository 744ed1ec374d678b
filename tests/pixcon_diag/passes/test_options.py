"""How a network is run, and what makes two passes different."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.checkpoints.wrapping import wrap_module
from pixcon_diag.passes.options import (
    MeasureOptions,
    PassOptions,
    RunChoice,
    pass_options,
)
from pixcon_train.core.errors import ConfigError
from pixcon_train.data.sources import DataSource
from tests.pixcon_diag.passes.small import Network, cpu, images, network
from tests.pixcon_train.data.files import THREE


def test_a_class_count_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mine predicts 4 classes but three has 3.*--dataset"):
        pass_options(wrap_module(Network(), 4, name="mine"), images(tmp_path), cpu())


def test_sliding_windows_and_one_image_a_batch_belong_to_the_data_set(tmp_path: Path) -> None:
    data = images(tmp_path)
    slid = replace(
        data, source=DataSource(THREE.model_copy(update={"evaluation": "sliding", "window_crop": 14}), tmp_path)
    )
    options = pass_options(network(), slid, RunChoice(device="cpu"))
    assert options.window is not None and options.window.crop == 14
    assert [pass_options(network(), each, RunChoice(device="cpu")).batch_size for each in (slid, data)] == [1, 4]
    assert pass_options(network(), slid, cpu(window=0)).window is None
    assert pass_options(network(), slid, cpu(window=28)).inference("cpu").window == (28, 18)


def test_what_is_asked_for_goes_before_what_belongs_to_the_network(tmp_path: Path) -> None:
    data = images(tmp_path)
    assert pass_options(network(), data, cpu()).protocol == "pixcon"
    options = pass_options(network(), data, RunChoice(protocol="unimatch-v2", device="cpu", batch_size=9, workers=3))
    assert (options.protocol, options.batch_size, options.workers) == ("unimatch-v2", 9, 3)
    assert options.device_type == "cpu"


def test_the_type_of_a_device_is_without_its_number() -> None:
    devices = (None, "auto", "cpu", "cuda", "cuda:1")
    types = [PassOptions("pixcon", None, device).device_type for device in devices]
    assert types == [None, None, "cpu", "cuda", "cuda"]


@pytest.mark.parametrize(("multiple", "window"), [(14, 100), (14, -14), (1, -1)])
def test_a_window_that_cannot_work_is_refused(tmp_path: Path, multiple: int, window: int) -> None:
    wrapped = wrap_module(Network(), 3, multiple=multiple)
    with pytest.raises(ConfigError, match=f"window of {window} px does not work: expected a multiple of {multiple}"):
        pass_options(wrapped, images(tmp_path), cpu(window=window))


@pytest.mark.parametrize(("multiple", "edge"), [(14, 28), (16, 16), (32, 32)])
def test_a_data_sets_window_is_taken_in_whole_patches(tmp_path: Path, multiple: int, edge: int) -> None:
    spec = THREE.model_copy(update={"evaluation": "sliding", "window_crop": 28})
    data = replace(images(tmp_path), source=DataSource(spec, tmp_path))
    window = pass_options(wrap_module(Network(), 3, multiple=multiple), data, cpu()).window
    assert window is not None and (window.crop, window.unit) == (edge, multiple)


def test_windows_of_a_network_of_native_size_are_cut_off(tmp_path: Path) -> None:
    chosen = pass_options(wrap_module(Network(), 3), images(tmp_path), cpu(window=9, protocol="native"))
    assert chosen.window is not None and (chosen.window.unit, chosen.window.cut_off) == (1, True)


def test_thresholds_of_the_usual_grid_make_no_other_pass() -> None:
    key = MeasureOptions().key()
    for taus in ((0.7, 0.95), (1,), (0.005, 0.9999, 2 / 15), ()):
        assert MeasureOptions(taus=taus).key() == key
    assert MeasureOptions(taus=(0.8, 0.123)).key() == MeasureOptions(taus=(0.123, 0.123, 0.9)).key() != key


def test_the_order_of_widths_makes_no_other_pass() -> None:
    assert MeasureOptions(widths=(5, 1, 3, 1)).key() == MeasureOptions().key()


@pytest.mark.parametrize(
    "change",
    [
        {"widths": (1, 3)},
        {"distance": "euclidean"},
        {"void_mode": "ignore"},
        {"calibration_bins": 10},
        {"per_class": 99},
        {"sample_seed": 1},
    ],
)
def test_every_other_option_does(change: dict[str, Any]) -> None:
    assert MeasureOptions(**change).key() != MeasureOptions().key()


def test_more_bins_than_a_byte_holds_are_refused() -> None:
    assert len(MeasureOptions(taus=[0.5001 + 0.0001 * step for step in range(25)]).edges) == 256
    with pytest.raises(ConfigError, match=r"26 thresholds and 15 calibration bins give 257 bins.*multiples of 0.005"):
        _ = MeasureOptions(taus=[0.5001 + 0.0001 * step for step in range(26)]).edges
