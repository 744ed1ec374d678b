import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixcon_diag.logs.histories import read_history
from pixcon_diag.logs.history import RunHistory
from pixcon_diag.measures.dynamics import band, dynamics
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import to_json
from tests.training_logs import history, told

NAN = float("nan")


def test_hand_computed_band_and_lead() -> None:
    result = dynamics(
        {
            "none": [history([0.50, 0.60, 0.70, 0.90]), history([0.54, 0.64, 0.60])],
            "clean": [history([0.51, 0.64, 0.71]), history([0.53, 0.62, 0.65]), history([0.52, 0.63, 0.62, 0.1, 0.1])],
        }
    )
    none, clean = result.groups
    assert none.band.finished == clean.band.finished == (1, 2, 3)  # early stopping ended one seed of each
    assert none.band.mean == pytest.approx((0.52, 0.62, 0.65))
    assert none.band.std == pytest.approx([0.04 / math.sqrt(2), 0.04 / math.sqrt(2), 0.10 / math.sqrt(2)])
    assert (clean.band.low[2], clean.band.high[2]) == (0.62, 0.71)
    (lead,) = result.leads
    assert lead.margin == pytest.approx((0.0, 0.01, 0.01), abs=1e-12)
    assert (lead.baseline, lead.other, lead.live) == ("none", "clean", 3)
    assert lead.mean_margin == pytest.approx(0.02 / 3)


def test_leads_ties_and_losses_are_counted_apart() -> None:
    result = dynamics({"a": [history([0.5, 0.5, 0.5, 0.5])], "b": [history([0.75, 0.5, 0.25, 0.75])]})
    lead = result.leads[0]
    assert (lead.live, lead.leads, lead.ties) == (4, 2, 1)
    back = dynamics({"b": [history([0.75, 0.5, 0.25, 0.75])], "a": [history([0.5] * 4)]}).leads[0]
    assert (back.leads, back.ties) == (1, 1)


def test_an_epoch_that_one_seed_did_not_validate_is_not_live() -> None:
    result = dynamics({"a": [history([0.5, NAN, 0.5]), history([0.6, 0.7, 0.8])], "b": [history([0.9] * 3)]})
    assert result.groups[0].band.finished == (1, 3) and result.leads[0].live == 2


def test_sources_that_count_from_0_and_from_1_meet_at_epochs_finished() -> None:
    result = dynamics({"a": [history([0.5, 0.6], first=0)], "b": [history([0.6, 0.7], first=1)]})
    assert result.leads[0].margin == pytest.approx((0.1, 0.1))
    assert [group.runs[0].epoch for group in result.groups] == [(0, 1), (1, 2)]
    assert [group.runs[0].best_ema.epoch for group in result.groups] == [1, 2]  # type: ignore[union-attr]


def test_nothing_in_common_is_undefined_not_zero() -> None:
    result = dynamics({"a": [history([NAN, 0.5])], "b": [history([0.5])]})
    assert result.leads[0].live == 0 and math.isnan(result.leads[0].mean_margin)
    assert math.isnan(dynamics({"a": [history([0.5])]}).groups[0].band.std[0])


def test_data_sets_with_other_classes_are_not_compared() -> None:
    two = history([0.5, 0.6])
    three = replace(two, classes=("a", "b", "c"))
    renamed, unknown = replace(two, classes=("A", "B")), replace(two, classes=())
    leads = dynamics({"two": [two], "three": [three], "renamed": [renamed], "unknown": [unknown]}).leads
    assert [(lead.same_classes, lead.live) for lead in leads] == [(False, 0), (True, 2), (True, 2)]
    assert math.isnan(leads[0].mean_margin)
    with pytest.raises(ConfigError, match=r"'mixed' have different numbers of classes: run.log \(2\), run.log \(3\)"):
        dynamics({"mixed": [two, three]})


def test_runs_of_several_recipes_are_no_seeds() -> None:
    def run(**config: object) -> RunHistory:
        return history([0.5], config={"seed": 0, "runtime.device": "cpu", "tau": 0.95, **config})

    runs = [run(), run(seed=1, **{"runtime.device": "cuda"}), run(extra=1)]
    assert dynamics({"a": runs}).groups[0].varied == ()
    assert dynamics({"a": [*runs, run(tau=0.9)]}).groups[0].varied == ("tau",)


def test_what_logs_tell_of_pseudo_labels_and_bank_goes_along_with_the_epochs() -> None:
    telling = told(
        history([0.5, 0.6]), threshold=[0.5, 0.75], contamination=[0.25, NAN], thresholds=[{"a": 0.5}, {"b": 0.875}]
    )
    (run,) = dynamics({"a": [telling]}).groups[0].runs
    assert run.threshold == (0.5, 0.75) and run.contamination[0] == 0.25 and math.isnan(run.contamination[1])
    assert all(math.isnan(value) for value in (*run.replaced, *run.bank_contamination)) and len(run.replaced) == 2
    assert list(run.thresholds) == ["a", "b"] and run.thresholds["a"][0] == 0.5 and run.thresholds["b"][1] == 0.875
    assert math.isnan(run.thresholds["a"][1]) and math.isnan(run.thresholds["b"][0])
    assert dynamics({"a": [history([0.5])]}).groups[0].runs[0].thresholds == {}


def test_runs_of_one_name_are_disambiguate() -> None:
    result = dynamics({"a": [history([0.5], name="x")], "b": [replace(history([0.6], name="x"), source="b/x.log")]})
    assert [group.runs[0].name for group in result.groups] == ["x.log", "b/x.log"]


def test_the_students_dynamics_can_be_asked_for() -> None:
    result = dynamics({"a": [history([0.5, 0.6])]}, weights="student")
    assert result.groups[0].band.mean == pytest.approx((0.4, 0.5))


@pytest.mark.parametrize("groups", [{}, {"a": []}, {"a": [history([0.5])], "b": []}])
def test_an_empty_group_is_an_error(groups: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(ConfigError, match="at least one group"):
        dynamics(groups)


@given(st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=6), min_size=1, max_size=4), st.randoms())
def test_a_band_holds_its_mean_and_does_not_depend_on_the_order_of_seeds(values: list, random: object) -> None:  # type: ignore[type-arg]
    curves = [dict(enumerate(each, 1)) for each in values]
    found = band(curves)
    assert len(found.finished) == min(len(each) for each in values)
    for low, middle, high in zip(found.low, found.mean, found.high, strict=True):
        assert low - 1e-12 <= middle <= high + 1e-12
    random.shuffle(curves)  # type: ignore[attr-defined]
    assert to_json(vars(band(curves))) == to_json(vars(found))


@pytest.mark.reference
def test_public_logs(reference: Path) -> None:
    """Labeled-only training is compared by the student's mIoU, as it has no teacher."""
    logs = reference / "logs"
    labeled, consistency = (
        [read_history(logs / f"table01-pascal_{method}_{labels}labels_dinov2_base.log") for labels in (92, 183)]
        for method in ("labeled_only", "unimatch_v2")
    )
    lead = dynamics({"labeled only": labeled, "UniMatch V2": consistency}, weights="student").leads[0]
    # in the third epoch 82.36 and 73.35 against 75.55 and 80.30
    assert (lead.live, lead.leads) == (42, 41) and lead.margin[2] == pytest.approx(-0.0007)
    result = dynamics({"labeled only": labeled, "UniMatch V2": consistency})
    assert result.leads[0].live == 0
    best = [run.best_ema for run in result.groups[1].runs]
    assert [(each.miou, each.epoch) for each in best if each] == [(0.8629, 38), (0.8792, 50)]
    curve = result.groups[1].runs[1].retention
    assert len(curve) == 60 and (curve[0], curve[-1]) == (0.710, 0.980)
    assert result.groups[1].runs[1].losses["loss_u"][0] == 0.035
    assert "NaN" not in to_json(result.to_dict())
