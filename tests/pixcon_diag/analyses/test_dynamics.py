from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pixcon_diag.analyses.dynamics import SHOWN_RUNS, dynamics_result
from pixcon_diag.groups.logs import read_groups
from pixcon_diag.logs.history import EpochRecord, Evaluation, RunHistory, Weights
from pixcon_diag.measures.dynamics import dynamics
from pixcon_diag.statistics.spread import Spread
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Table
from tests.pixcon_diag.analyses.made import sound
from tests.training_logs import history, told

NAN = float("nan")


def made(weights: Weights = "ema", **groups: Sequence[RunHistory]) -> Result:
    return dynamics_result(dynamics(groups, weights))


def tables(found: Result) -> dict[str, Table]:
    return {table.name: table for table in (*found.tables, *found.files)}


def student_only(name: str) -> RunHistory:
    """A labeled-only run: no teacher, no mask ratio."""
    epochs = tuple(EpochRecord(i, Evaluation(v, (v, v)), Evaluation(), NAN, {}) for i, v in enumerate((0.5, 0.25)))
    return RunHistory(name, f"{name}.log", "unimatch", ("a", "b"), 0, epochs, note="it was cancelled.")


def other_classes(name: str) -> RunHistory:
    """A run on a data set of three classes."""
    epochs = tuple(EpochRecord(i, Evaluation(), Evaluation(v, (v, v, v)), 0.9, {}) for i, v in enumerate((0.1, 0.2)))
    return RunHistory(name, f"{name}.log", "unimatch", ("a", "b", "c"), 0, epochs)


def test_best_epochs_of_runs_and_of_groups() -> None:
    found = tables(made(none=[history([0.5, 0.7], name="s0"), history([0.6, 0.5, 0.4], name="s1")]))
    assert found["dynamics"].rows == (
        ("none", "s0", 2, 0.7, 1, pytest.approx(0.6), 1, 0.9, 0.9),
        ("none", "s1", 3, 0.6, 0, 0.5, 0, 0.9, 0.9),
    )
    ((name, runs, best, peak, live, window),) = found["dynamics_groups"].rows
    assert (name, runs, peak, live, window) == ("none", 2, 1.5, 2, "1–2")
    assert isinstance(best, Spread) and (best.mean, best.std) == (pytest.approx(0.65), pytest.approx(0.05 * 2**0.5))
    assert "dynamics_leads" not in found


def test_a_single_run_is_named_once_on_the_screen_and_twice_in_files() -> None:
    found = tables(made(method=[history([0.5], name="a_long_name")]))
    table = found["dynamics"]
    assert found["dynamics_classes"].columns[1].head == "method"
    assert "run" not in [column.key for column in table.columns]
    (record,) = table.records()
    assert (record["group"], record["run"]) == ("method", "a_long_name")


def test_a_lead_is_a_row_and_none_in_common_a_note() -> None:
    two = history([0.5, 0.6], name="two")
    three = other_classes("three")
    found = tables(made(base=[two], better=[history([0.6, 0.6], name="better")], other=[three], x=[student_only("x")]))
    ((*row, margin),) = found["dynamics_leads"].rows
    assert row == ["base", "better", 2, 1, 1] and margin == pytest.approx(0.05)
    notes = found["dynamics_groups"].notes
    assert "Not compared with base because the classes differ: other." in notes
    assert "Not compared with base because no epoch has a value for all seeds of both: x." in notes
    assert any(note.startswith("No mIoU of the EMA teacher in x:") for note in notes)


def test_classes_at_the_best_epoch_of_the_network_asked_for() -> None:
    run = history([0.5, 0.7, 0.6], name="run")
    table = tables(made(run=[run], labeled=[student_only("labeled")]))["dynamics_classes"]
    assert [column.head for column in table.columns] == ["class", "run", "labeled"]
    assert table.rows == (("a", 0.7, 0.5), ("b", 0.7, 0.5), ("mean", 0.7, 0.5))
    assert table.notes == ("Of the student, the only network validated: labeled.",)
    student = tables(made("student", run=[run], labeled=[student_only("labeled")]))["dynamics_classes"]
    assert student.rows[2] == ("mean", pytest.approx(0.6), 0.5) and student.rows[0] == ("a", None, 0.5)
    assert student.notes == () and "of the student" in student.title


def test_the_title_of_classes_names_the_network_that_was_validated() -> None:
    alone = tables(made(labeled=[student_only("labeled")]))["dynamics_classes"]
    assert "of the student" in alone.title and alone.notes == ()


def test_each_list_of_classes_has_its_table() -> None:
    other = replace(history([0.1], name="other"), classes=("class", "b"))
    bare = replace(history([0.1], name="bare"), classes=())
    found = tables(made(**{"class": [history([0.5], name="class")], "y": [other], "z": [bare]}))
    assert [column.head for column in found["dynamics_classes"].columns] == ["class", "class"]
    assert found["dynamics_classes"].records()[0] == {"class": "a", "iou_class": 0.5}
    assert [row[0] for row in found["dynamics_classes_2"].rows] == ["class", "b", "mean"]
    assert "dynamics_classes_3" not in found


@pytest.mark.parametrize("count", [SHOWN_RUNS, SHOWN_RUNS + 1])
def test_classes_of_many_runs_are_only_written(count: int, tmp_path: Path) -> None:
    result = made(**{f"r{i}": [history([0.5], name=f"r{i}")] for i in range(count)})
    assert ("dynamics_classes" in [table.name for table in result.tables]) == (count == SHOWN_RUNS)
    result.write(tmp_path)
    assert {"dynamics_classes.csv", "dynamics_curves.csv"} < {path.name for path in tmp_path.iterdir()}


def test_curves_have_a_row_an_epoch_and_every_loss() -> None:
    table = tables(made(a=[history([0.5, NAN], name="a")], b=[student_only("b")]))["dynamics_curves"]
    assert [column.key for column in table.columns][-2:] == ["mask_ratio", "loss"]
    assert [row[:4] for row in table.rows] == [("a", "a", 0, 1), ("a", "a", 1, 2), ("b", "b", 0, 1), ("b", "b", 1, 2)]
    assert table.rows[0][4:] == (0.5, 0.4, 0.9, 1.0) and table.rows[2][7] is None
    assert table.texts()[1][4] == "–"


def test_pseudo_labels_and_bank_are_shown_where_a_log_tells_of_them(tmp_path: Path) -> None:
    telling = told(
        history([0.5, 0.7, 0.6], name="t"),
        threshold=[0.5, 0.625, 0.75],
        contamination=[NAN, 0.25, 0.125],
        thresholds=[{"a": 0.5, "b": 0.25}] * 3,
    )
    result = made(telling=[telling], silent=[history([0.5], name="s")])
    found = tables(result)
    table = found["dynamics_training"]
    assert table in result.tables
    assert [column.title for column in table.columns] == ["group", "τ first", "τ last", "ρ_F first", "ρ_F last"]
    assert table.texts() == [["telling", "0.500", "0.750", "0.2500", "0.1250"], ["silent", "–", "–", "–", "–"]]
    assert [record["run"] for record in table.records()] == ["t", "s"]
    curves = found["dynamics_curves"]
    assert [column.key for column in curves.columns][-2:] == ["threshold", "contamination"]
    assert [row[-2] for row in curves.rows[:3]] == [0.5, 0.625, 0.75] and curves.rows[2][-1] == 0.125
    by_class = found["dynamics_thresholds"]
    assert by_class in result.files and len(by_class.rows) == 6
    assert by_class.rows[:2] == (("telling", "t", 0, 1, "a", 0.5), ("telling", "t", 0, 1, "b", 0.25))
    sound(result, tmp_path)


def test_tables_of_runs_that_tell_nothing_of_pseudo_labels_are_as_ever() -> None:
    found = tables(made(a=[history([0.5], name="a")], b=[history([0.5], name="b")]))
    assert not {"dynamics_training", "dynamics_thresholds"} & set(found)
    assert [column.key for column in found["dynamics_curves"].columns][-2:] == ["mask_ratio", "loss"]


def test_seeds_have_a_row_each_for_pseudo_labels_too() -> None:
    seeds = [told(history([0.5], name=name), bank_contamination=[value]) for name, value in (("x", 0.5), ("y", 0.25))]
    assert tables(made(both=seeds))["dynamics_training"].rows == (("both", "x", 0.5, 0.5), ("both", "y", 0.25, 0.25))


def test_runs_of_several_recipes_are_said() -> None:
    runs = [history([0.5], name=str(tau), config={"tau": tau}) for tau in (0.9, 0.95)]
    notes = tables(made(both=runs, one=[history([0.5], name="x")]))["dynamics_groups"].notes
    assert "The runs of both differ in tau: ± covers more than seeds." in notes
    assert not any("runs of one" in note for note in notes)


def test_what_was_left_out_and_counted_otherwise_is_said() -> None:
    zero = replace(history([0.5], name="theirs"), absent="zero")
    skip = replace(history([0.5], name="ours"), absent="skip")
    notes = made(theirs=[zero], ours=[skip], cut=[student_only("cut")]).content["notes"]
    assert any("counts as IoU 0 in theirs and is left out of the mean in ours" in note for note in notes)
    assert "cut: it was cancelled." in notes
    assert not any("counts as IoU 0" in note for note in made(a=[zero]).content["notes"])


@pytest.mark.reference
def test_the_public_logs_have_a_table_for_each_data_set(reference: Path) -> None:
    result = dynamics_result(dynamics(read_groups([str(reference / "logs")])))
    found = tables(result)
    assert [len(found[name].rows) for name in ("dynamics_classes", "dynamics_classes_2", "dynamics_classes_3")] == [
        22,
        20,
        151,
    ]
    assert [table.name for table in result.tables] == ["dynamics", "dynamics_groups"]
    name = "table01-pascal_unimatch_v2_183labels_dinov2_base"
    ious = {row["class"]: row[f"iou_{name}"] for row in found["dynamics_classes"].records()}
    assert (ious["chair"], ious["sofa"], ious["tv/monitor"], ious["mean"]) == (0.5826, 0.8037, 0.7491, 0.8792)
    ratios = [row["mask_ratio"] for row in found["dynamics_curves"].records() if row["run"] == name]
    assert len(ratios) == 60 and (ratios[0], ratios[-1]) == (0.710, 0.980)
    assert len(found["dynamics_curves"].rows) == 8 * 60 + 180 + 42 + 44
