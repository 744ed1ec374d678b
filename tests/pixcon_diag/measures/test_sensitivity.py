import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.logs.histories import read_history
from pixcon_diag.logs.history import RunHistory
from pixcon_diag.measures.sensitivity import sensitivity
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import to_json
from tests.training_logs import history

DEFAULT = {
    "seed": 0,
    "bank.weight": 0.1,
    "bank.temperature": 0.1,
    "bank.size": 256,
    "runtime.device": "cpu",
    "rule": "a",
}


def run(name: str, values: list[float], **changes: Any) -> RunHistory:
    config = {**DEFAULT, **{key.replace("_", ".", 1): value for key, value in changes.items()}}
    return history(values, name=name, config=config)


TABLE_10 = [
    run("default", [0.5] * 15 + [0.8695]),
    run("weight .3", [0.5] * 5 + [0.8555], bank_weight=0.3),
    run("weight .5", [0.5] * 7 + [0.8623], bank_weight=0.5),
    run("temperature .07", [0.5] * 5 + [0.8597], bank_temperature=0.07),
    run("temperature .2", [0.5] * 2 + [0.8581], bank_temperature=0.2),
    run("size 128", [0.5] * 14 + [0.8548], bank_size=128),
    run("size 512", [0.5] * 3 + [0.8591], bank_size=512),
]
"""The paper's Table 10: three blocks that share the default run."""


def test_table_10_of_the_paper() -> None:
    result = sensitivity(TABLE_10)
    assert result.base == ("default",)
    assert [axis.hyperparameter for axis in result.axes] == ["bank.weight", "bank.temperature", "bank.size"]
    weight, temperature, size = result.axes
    assert [setting.value for setting in weight.settings] == [0.1, 0.3, 0.5]
    assert [setting.mean for setting in weight.settings] == [0.8695, 0.8555, 0.8623]
    assert [setting.peak_epochs for setting in weight.settings] == [(15,), (5,), (7,)]
    assert [setting.delta for setting in temperature.settings] == pytest.approx([-0.0098, 0, -0.0114])
    assert [setting.is_base for setting in size.settings] == [False, True, False]
    assert size.spread == pytest.approx(0.0147)
    assert math.isnan(size.settings[0].std)


def test_the_order_of_runs_does_not_matter() -> None:
    forward, backward = sensitivity(TABLE_10).axes, sensitivity(TABLE_10[::-1]).axes
    assert {to_json(vars(a.settings[0])) for a in forward} == {to_json(vars(a.settings[0])) for a in backward}


def test_numbers_are_in_their_order_and_mixed_values_in_that_of_the_alphabet() -> None:
    sizes = [run(f"size {size}", [0.5], bank_size=size) for size in (1024, 256, 64)]
    assert [setting.value for setting in sensitivity(sizes).axes[0].settings] == [64, 256, 1024]
    mixed = [run(f"size {size}", [0.5], bank_size=size) for size in ("whole", 256, "64")]
    assert [setting.value for setting in sensitivity(mixed).axes[0].settings] == [256, "64", "whole"]


def test_runs_of_one_recipe_are_its_seeds() -> None:
    seeds = [run("s0", [0.80]), run("s1", [0.84], seed=1), run("x", [0.70], bank_weight=0.3, runtime_device="cuda")]
    (axis,) = sensitivity(seeds).axes
    base, other = axis.settings
    assert base.runs == ("s0", "s1") and base.best == (0.80, 0.84)
    assert base.mean == pytest.approx(0.82) and base.std == pytest.approx(0.04 / math.sqrt(2))
    assert other.delta == pytest.approx(-0.12)


def test_without_a_published_default_no_base_is_claimed_unless_named() -> None:
    runs = [run("a", [0.8]), run("b", [0.7], rule="b"), run("c", [0.9], rule="c")]
    result = sensitivity(runs)
    assert result.base == () and all(math.isnan(setting.delta) for setting in result.axes[0].settings)
    assert [setting.value for setting in result.axes[0].settings] == ["a", "b", "c"]
    named = sensitivity(runs, base="b")
    assert named.base == ("b",) and [s.delta for s in named.axes[0].settings] == pytest.approx([0.1, 0.0, 0.2])


@pytest.mark.parametrize(
    ("key", "values", "base"),
    [
        ("consistency.threshold.rule", ("per_class", "dynamic", "fixed"), "fixed"),
        ("consistency.noise.rate", (0.4, 0.0, 0.2), 0.0),
    ],
)
def test_the_paper_s_own_recipe_is_the_base_of_what_departs_from_it(
    key: str, values: tuple[Any, ...], base: object
) -> None:
    """A fixed threshold, and a teacher without added noise."""
    runs = [replace(run(f"r{value}", [0.5]), config={**DEFAULT, key: value}) for value in values]
    (axis,) = sensitivity(runs).axes
    assert axis.hyperparameter == key
    assert [setting.value for setting in axis.settings if setting.is_base] == [base]


def test_the_base_can_be_named_by_its_path_where_names_are_the_same() -> None:
    runs = [
        replace(run("x", [v]), source=f"{k}/x.log", config={**DEFAULT, "rule": k})
        for k, v in (("a", 0.5), ("b", 1), ("c", 0.7))
    ]
    assert sensitivity(runs, base="b/x.log").base == ("b/x.log",)


def test_a_whole_number_is_the_same_value_with_and_without_a_point() -> None:
    (axis,) = sensitivity([run("a", [0.8], rule=1), run("b", [0.6], rule=1.0), run("c", [0.5], rule=2)]).axes
    assert [(setting.value, setting.runs) for setting in axis.settings] == [(1, ("a", "b")), (2, ("c",))]


def test_keys_that_only_some_logs_have_are_listed() -> None:
    old = run("old", [0.8])
    new = run("new", [0.7], bank_weight=0.2, loss_ohem=False)
    assert sensitivity([old, new]).partly_known == ("loss.ohem",)


@pytest.mark.parametrize(
    ("runs", "base", "says"),
    [
        ([run("a", [0.8])], None, "1 runs with 1 distinct recipes"),
        ([run("a", [0.8]), run("b", [0.7], seed=1)], None, "2 runs with 1 distinct recipes"),
        ([], None, "0 runs"),
        (TABLE_10, "nobody", "No run is called 'nobody'"),
        (
            [run("a", [0.8]), run("b", [0.7], bank_weight=0.3, bank_size=8)],
            None,
            r"a and b differ in several hyperparameters: bank.size \(256 and 8\), bank.weight \(0.1 and 0.3\)",
        ),
        (TABLE_10, "size 128", "size 128 and .* differ in several"),
        ([run("a", [0.8]), history([0.7], name="b")], None, "does not hold the run's configuration"),
        ([run("a", [0.8]), run("b", [float("nan")])], None, "no mIoU of the ema weights: no epoch was validated yet"),
    ],
)
def test_what_makes_no_table_is_an_error(runs: list[RunHistory], base: str | None, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        sensitivity(runs, base=base)


@pytest.mark.reference
def test_the_four_public_threshold_logs_and_the_base_run(reference: Path) -> None:
    logs = reference / "logs"
    paths = [*sorted(logs.glob("zfigure5-*.log")), logs / "table01-pascal_unimatch_v2_183labels_dinov2_base.log"]
    result = sensitivity([read_history(path) for path in paths])
    (axis,) = result.axes
    assert axis.hyperparameter == "conf_thresh" and result.partly_known == ()
    assert result.base == ("table01-pascal_unimatch_v2_183labels_dinov2_base",)
    table = [(s.value, s.mean, s.peak_epochs) for s in axis.settings]
    assert table == [
        (0.0, 0.8574, (36,)),
        (0.7, 0.8744, (38,)),
        (0.9, 0.8750, (43,)),
        (0.95, 0.8792, (50,)),
        (0.98, 0.8750, (54,)),
    ]
    assert [s.delta for s in axis.settings] == pytest.approx([-0.0218, -0.0048, -0.0042, 0.0, -0.0042])


@pytest.mark.reference
def test_public_logs_of_other_splits_are_no_sensitivity_table(reference: Path) -> None:
    names = ("zfigure5-pascal_unimatch_v2_183labels_confidence_threshold0.7", "table01-pascal_unimatch_v2_92labels")
    with pytest.raises(ConfigError, match="labeled_id_path"):
        sensitivity([read_history(reference / "logs" / f"{name}_dinov2_base.log") for name in names])


def test_two_values_of_a_category_are_no_sweep() -> None:
    with pytest.raises(ConfigError, match=r"no sweep of a hyperparameter, but compare two methods \(rule: a, b\)"):
        sensitivity([run("a", [0.8]), run("b", [0.7], rule="b")])
    with pytest.raises(ConfigError, match="no sweep"):
        sensitivity([run("a", [0.8], flag_on=True), run("b", [0.7], flag_on=False)])
    axes = sensitivity([run("a", [0.8]), run("b", [0.7], rule="b"), run("c", [0.7], bank_weight=0.3)]).axes
    assert [axis.hyperparameter for axis in axes] == ["rule", "bank.weight"]
