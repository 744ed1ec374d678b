"""The tables of an estimate without labels, of small networks on small images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.analyses.estimate import OTHERS, TRUTH, result_of, trust
from pixcon_diag.analyses.registry import analysis_named
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.groups.methods import Methods
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.measures.error_estimate import ErrorEstimate
from pixcon_diag.passes.export_maps import export_maps
from pixcon_diag.tables.result import Result
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.files import to_json
from pixcon_train.data.lists import Pair, write_list
from tests.pixcon_diag.analyses.made import column
from tests.pixcon_diag.passes.small import cpu, images, network

SIZES = [(20, 28)] * 6


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    """Six images with masks; the unlabeled list, of the last two, names the masks or not."""
    found = images(tmp_path / "data", SIZES, block=4)
    write_list(tmp_path / "masks.txt", list(found.pairs[4:]))
    (tmp_path / "images.txt").write_text("".join(f"{pair.image}\n" for pair in found.pairs[4:]))
    return replace(found, pairs=found.pairs[:4])


def methods(data: EvaluationData, *names: str, keep: Path) -> Methods:
    options = StudyOptions(data=data, run=cpu(), taus=(0.5, 0.9), cache=keep)
    return Methods({name: [network(name, seed)] for seed, name in enumerate(names)}, options=options)


def estimate(data: EvaluationData, tmp_path: Path, name: str, *, checkpoints: tuple[str, ...] = ("mine",)) -> Result:
    return result_of(methods(data, *checkpoints, keep=tmp_path / "kept"), unlabeled=tmp_path / name)


def test_the_truth_is_a_column_only_where_it_is_known(data: EvaluationData, tmp_path: Path) -> None:
    known, unknown = estimate(data, tmp_path, "masks.txt"), estimate(data, tmp_path, "images.txt")
    shown, hidden = known.tables[0], unknown.tables[0]
    assert {c.key for c in shown.columns} - {c.key for c in hidden.columns} == {"true_rho_f"}
    assert TRUTH in shown.notes and TRUTH not in hidden.notes
    for key in ("tau", "retention", "rho_f", "low", "high"):
        assert column(shown, key) == column(hidden, key), "masks change no estimate"
    assert all(0 < value < 1 for value in column(shown, "true_rho_f"))
    errors = [record["post_stratified_error"] for record in known.tables[1].records()]
    expected = np.subtract(column(shown, "rho_f"), column(shown, "true_rho_f"))
    assert errors == pytest.approx(expected.tolist()) and OTHERS in known.tables[1].notes


def test_the_sentence_states_retention_and_interval(data: EvaluationData, tmp_path: Path) -> None:
    result = estimate(data, tmp_path, "images.txt")
    record = result.content["results"][0]["estimate"]
    at = record["thresholds"][0]
    assert record["sentences"][0].startswith(f"At τ = 0.5 the teacher retains {at['retention']:.1%} of the unlabeled")
    assert f"an estimated {at['overall']['rho_f']:.2%} are wrong (95% interval" in record["sentences"][0]
    assert (record["calibration_images"], record["target_images"], record["masks"]) == (4, 2, False)
    assert record["unlabeled"]["data"]["list_name"] == str(tmp_path / "images.txt")
    assert "the labeled training list is unknown" in " ".join(result.content["notes"])


def test_classes_are_shown_for_one_checkpoint_and_written_for_several(data: EvaluationData, tmp_path: Path) -> None:
    one = estimate(data, tmp_path, "masks.txt")
    two = estimate(data, tmp_path, "masks.txt", checkpoints=("mine", "yours"))
    assert [table.name for table in one.tables] == ["estimate", "estimators", "estimate_classes"]
    assert [table.name for table in two.files] == ["estimate_classes"]
    assert column(two.files[0], "class") == ["ground", "cat", "dog"] * 4
    pixels = np.array(column(one.tables[2], "retained")).reshape(2, 3).sum(1)
    assert pixels.tolist() == [record["retained"] for record in one.tables[0].records()]


def test_images_of_the_labeled_training_list_do_not_calibrate(
    data: EvaluationData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = estimate(data, tmp_path, "masks.txt")
    monkeypatch.setattr("pixcon_diag.cache.measure.in_labeled_list", lambda *_: np.array([True, False, True, False]))
    some = estimate(data, tmp_path, "masks.txt")
    assert "calibrated on 2 of val.txt (2 of the labeled training list left out)" in some.tables[0].notes[0]
    assert column(some.tables[0], "rho_f") != column(whole.tables[0], "rho_f")
    monkeypatch.setattr("pixcon_diag.cache.measure.in_labeled_list", lambda *_: np.ones(4, dtype=bool))
    with pytest.raises(ConfigError, match=r"All images of val.txt are of mine's labeled training list.*--list"):
        estimate(data, tmp_path, "masks.txt")


def test_images_of_both_lists_are_noted(data: EvaluationData, tmp_path: Path) -> None:
    write_list(tmp_path / "both.txt", [*data.pairs[:1], *data.pairs[3:]])
    note = estimate(data, tmp_path, "both.txt").tables[0].notes[1]
    assert note == "mine: 2 unlabeled images (100%) are also in the calibration list."


def test_an_image_is_in_both_lists_whatever_its_path(data: EvaluationData, tmp_path: Path) -> None:
    pairs = [Pair(str((data.source.root / pair.image).resolve()), pair.mask) for pair in data.pairs[:1]]
    write_list(tmp_path / "both.txt", pairs)
    note = estimate(data, tmp_path, "both.txt").tables[0].notes[1]
    assert note == "mine: 1 unlabeled images (100%) are also in the calibration list."


def test_unlabeled_images_that_were_labeled_in_training_are_noted(
    data: EvaluationData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The estimate carries the error of held-out images over to them."""
    monkeypatch.setattr("pixcon_diag.analyses.estimate.in_labeled_list", lambda *_: np.array([True, False]))
    note = estimate(data, tmp_path, "masks.txt").tables[0].notes[1]
    assert note.startswith("mine: 1 unlabeled images (50%) are in the labeled training list")


def test_what_to_trust_follows_from_the_number_of_images_the_masks_or_the_lists(
    data: EvaluationData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = estimate(data, tmp_path, "images.txt").content["results"][0]["estimate"]
    assert few["sentences"][-1].startswith("Trust no estimate here, nor the intervals: 4 calibration and 2 unlabeled")
    monkeypatch.setattr("pixcon_diag.analyses.estimate.MIN_IMAGES", 1)
    known, unknown = (
        estimate(data, tmp_path, name).content["results"][0]["estimate"] for name in ("masks.txt", "images.txt")
    )
    assert known["sentences"][-1].startswith(
        "Closest to the truth by the masks of the unlabeled list, of 2 thresholds: "
    )
    assert unknown["sentences"][-1].startswith(
        "Trust the interval if both lists were drawn at random from the same images"
    )
    assert f"differs by no more than chance (p = {unknown['shift_p']:.2g} over images)" in unknown["sentences"][-1]
    error = ErrorEstimate((), 10, 20, 2.0, 0.001)
    assert trust(error).startswith(
        "Trust no estimate here, nor the intervals. What is predicted for the two lists differs"
    )


def test_a_report_takes_a_cached_pass_and_makes_none(data: EvaluationData, tmp_path: Path) -> None:
    study = methods(data, "mine", keep=tmp_path / "kept")
    analysis = analysis_named("estimate")
    with pytest.raises(ConfigError, match="is not cached"):
        analysis.result(study, unlabeled=tmp_path / "images.txt", cached_only=True)
    made = analysis.result(study, unlabeled=tmp_path / "images.txt")
    again = methods(data, "mine", keep=tmp_path / "kept")
    cached = analysis.result(again, unlabeled=tmp_path / "images.txt", cached_only=True)
    assert to_json(made.to_dict()) == to_json(cached.to_dict())


def test_saved_maps_have_the_estimate_of_their_network(data: EvaluationData, tmp_path: Path) -> None:
    """The folder holds the images of both lists; without the unlabeled ones, the network is estimated alone."""
    whole = replace(data, pairs=(*data.pairs, *(Pair(f"images/{index}.png", None) for index in (4, 5))))
    export_maps(network("mine"), whole, tmp_path / "maps", "npz", cpu())
    options = StudyOptions(data=data, run=cpu(), taus=(0.5, 0.9), cache=tmp_path / "kept")
    both = Methods(network("mine"), predictions={"saved": str(tmp_path / "maps")}, options=options)
    first, second = result_of(both, unlabeled=tmp_path / "images.txt").content["results"]
    assert (first["name"], second["name"]) == ("mine", "saved")
    assert to_json(first["estimate"]["thresholds"]) == to_json(second["estimate"]["thresholds"])
    (tmp_path / "maps/images/5.npz").unlink()
    both = Methods(network("mine"), predictions={"saved": str(tmp_path / "maps")}, options=options)
    with pytest.raises(DataError, match=r"has no prediction of images/5.png"):
        result_of(both, unlabeled=tmp_path / "images.txt")
    with both.lenient():
        (alone,) = result_of(both, unlabeled=tmp_path / "images.txt").content["results"]
    assert alone["name"] == "mine" and both.left_out[0].startswith("estimate of saved: ")
