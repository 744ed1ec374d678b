import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixcon_diag.logs.history import EpochRecord, Evaluation, RunHistory, disambiguate, folder_name, fraction
from pixcon_diag.statistics.spread import mean, sample_std
from pixcon_train.core.files import to_json
from tests.training_logs import history


@given(st.integers(0, 10000))
def test_a_printed_percentage_becomes_the_nearest_float(hundredths: int) -> None:
    assert fraction(f"{hundredths / 100:.2f}") == float(f"{hundredths / 10000:.4f}")


def test_best_is_the_first_of_equals() -> None:
    best = history([0.5, 0.8, 0.8, 0.7]).best("ema")
    assert best is not None
    assert (best.epoch, best.finished, best.miou, best.iou) == (1, 2, 0.8, (0.8, 0.8))


def test_epochs_finished_do_not_depend_on_where_a_source_begins_to_count() -> None:
    zero, one = history([0.5, 0.8]), history([0.5, 0.8], first=1)
    assert zero.curve("ema") == one.curve("ema") == {1: 0.5, 2: 0.8}
    assert zero.best("ema").epoch + 1 == one.best("ema").epoch  # type: ignore[union-attr]


def test_weights_that_were_never_evaluated_have_no_best_and_an_empty_curve() -> None:
    run = RunHistory("x", "x.log", "unimatch", (), 0, (EpochRecord(0, Evaluation(0.7), Evaluation(), 0.9, {}),))
    assert run.best("ema") is None and run.curve("ema") == {}
    assert run.best("student").miou == 0.7  # type: ignore[union-attr]
    assert '"miou":null' in to_json(run.to_dict(), indent=None).replace(" ", "")


def test_mean_and_sample_std() -> None:
    assert mean([1.0, 2.0, 6.0]) == 3.0 and math.isnan(mean([]))
    assert sample_std([1.0, 2.0, 6.0]) == pytest.approx(math.sqrt((4 + 1 + 9) / 2))
    assert math.isnan(sample_std([1.0]))


def test_runs_of_one_name_are_named_by_where_they_lie() -> None:
    runs = [
        RunHistory(name, source, "pixcon", (), 1, ()) for name, source in (("a", "x/a"), ("b", "x/b"), ("a", "y/a"))
    ]
    assert [run.name for run in disambiguate(runs)] == ["x/a", "b", "y/a"]
    assert disambiguate(runs[:2]) == runs[:2] and disambiguate([]) == []


def test_a_folder_has_a_name_from_within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run/inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "run")
    assert [folder_name(Path(each)) for each in (".", "../run", "inner/..", "inner")] == ["run", "run", "run", "inner"]
