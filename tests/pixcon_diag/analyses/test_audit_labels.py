"""A label audit of runs: what is ranked, what the sheet asks, what the answers give, and what is refused."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixcon_diag.analyses.audit_review import FINDINGS, Retained, Review
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.passes.options import RunChoice
from pixcon_diag.passes.predictions import read_target
from pixcon_diag.sheets.question import order_of
from pixcon_diag.statistics.sequences import log_capital
from pixcon_diag.study import Study
from pixcon_train.core.errors import ConfigError, DataError
from tests.cli.diagnose.methods import write_methods
from tests.cli.farm import write_data

TAU = 0.5


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("audit")
    return write_methods(root, write_data(root / "data"))


def study(*paths: Path, seed: int = 0) -> Study:
    return Study([*paths], options=StudyOptions(taus=(TAU,), run=RunChoice(device="cpu", workers=0), seed=seed))


def audit(result: Any) -> dict[str, Any]:
    return json.loads(json.dumps(result.to_dict()["results"][0], default=float))


def letters(sheet: str, name: str, finding: str) -> str:
    answer = next(answer for answer, found in FINDINGS.items() if found == finding)
    return {"neither": "N", "unclear": "U"}.get(answer) or "AB"[order_of(sheet, name).index(answer)]


def save(path: Path, sheet: str, findings: dict[str, str]) -> Path:
    rows = [f"{sheet},{name},{letters(sheet, name, finding)}" for name, finding in findings.items()]
    path.write_text("\n".join(["sheet,question,answer", *rows]) + "\n")
    return path


def test_regions_are_ranked_and_the_sheet_asks_for_the_first(runs: Path, tmp_path: Path) -> None:
    result = study(runs / "farm-none-0").audit_labels(folder=tmp_path, top=3, count=20)
    found = audit(result)
    scores = [region["score"] for region in found["regions"]]
    assert scores == sorted(scores, reverse=True)
    assert len(result.files[0].rows) == len(scores)
    html = (tmp_path / "audit_labels_sheet.html").read_text(encoding="utf-8")
    content = json.loads(re.findall(r'id="content">(.*?)</script>', html, re.DOTALL)[0])
    regions = min(3, len(scores))
    names = [question["name"] for question in content["questions"]]
    assert names == [f"T{n}" for n in range(1, regions + 1)] + [f"S{n}" for n in range(1, 21)]
    assert (content["mixed"], content["id"]) == (False, found["sheet"]["id"])


def test_the_sample_is_of_wrong_retained_pixels(runs: Path, tmp_path: Path) -> None:
    measured = study(runs / "farm-none-0").passes()[0][1]
    retained = Retained(TAU, measured.counts.retained(TAU))
    drawn = retained.sample(measured, 300, 0, lambda done, total: None)
    assert drawn[:20] == retained.sample(measured, 20, 0, lambda done, total: None)
    for image, row, column in drawn:
        target, prediction = read_target(measured.data, image), measured.label_maps.read(image)
        confidence = np.array(measured.confidence_maps.edges)[measured.confidence_maps.read(image)]
        assert target[row, column] not in (255, prediction[row, column]) and confidence[row, column] >= TAU


def test_answers_correct_rho_f(runs: Path, tmp_path: Path) -> None:
    sheet = audit(study(runs / "farm-none-0").audit_labels(folder=tmp_path, top=2, count=8))["sheet"]["id"]
    sampled = ["label wrong", "prediction wrong", "both wrong", "ambiguous"] * 2
    findings = {f"S{n}": finding for n, finding in enumerate(sampled, 1)}
    path = save(tmp_path / "answers.csv", sheet, findings)
    result = study(runs / "farm-none-0").audit_labels(answers=[path])
    found = audit(result)
    assert found["review"]["sample"] == sampled
    assert found["review"]["shares"] == dict.fromkeys(FINDINGS.values(), 0.25)
    assert found["review"]["corrected_rho_f"] == pytest.approx(0.75 * found["rho_f"])
    low, high = found["review"]["interval"]["low"], found["review"]["interval"]["high"]
    assert 0 <= low < 0.75 * found["rho_f"] < high <= found["rho_f"]
    assert result.tables[1].name == "audit_labels_review" and result.to_dict()["conclusions"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("S1", "S3"), "Question S2 has no answer"),
        (("S0",), "no question 'S0'"),
        (("T9999",), "no question 'T9999'"),
        (("X1",), "no question 'X1'"),
        (("S01",), "no question 'S01'"),
        (("S",), "no question 'S'"),
    ],
)
def test_strange_answers_are_one_message(runs: Path, tmp_path: Path, names: tuple[str, ...], words: str) -> None:
    sheet = audit(study(runs / "farm-none-0").audit_labels(folder=tmp_path, top=1, count=2))["sheet"]["id"]
    path = save(tmp_path / "answers.csv", sheet, dict.fromkeys(names, "ambiguous"))
    with pytest.raises(DataError) as error:
        study(runs / "farm-none-0").audit_labels(answers=[path])
    assert words in str(error.value) and "answers.csv" in str(error.value)
    with pytest.raises(DataError, match="belongs to sheet"):
        study(runs / "farm-none-0", seed=1).audit_labels(answers=[path])


def test_several_methods_are_ranked_each_but_have_no_sheet(runs: Path, tmp_path: Path) -> None:
    result = study(runs).audit_labels()
    assert [one["name"] for one in result.to_dict()["results"]] == ["farm-none-0", "farm-clean-0"]
    with pytest.raises(ConfigError, match="audits the labels with one checkpoint, got"):
        study(runs).audit_labels(folder=tmp_path)


@pytest.mark.parametrize("share", [0.03, 0.5, 0.9])
def test_the_interval_contains_the_corrected_rho_f(share: float) -> None:
    """In at least 93 % of 500 reviews of 100 answers, at every number of answers; and the estimate has no bias.

    The interval contains the truth at every number of answers if and only if the capital against it stays below 20.
    """
    wrong = np.random.default_rng(0).random((500, 100)) < share
    assert (log_capital(wrong, share).max(1) < np.log(20)).mean() >= 0.93
    retained = Retained(TAU, np.array([[20_000, 10_000, 1_000]]))  # ρ_F = 0.1
    reviews = [Review(retained, {}, ["label wrong" if one else "both wrong" for one in row]) for row in wrong]
    noise = 0.1 * np.sqrt(share * (1 - share) / wrong.size)
    assert abs(np.mean([one.corrected for one in reviews]) - 0.1 * (1 - share)) < 4 * noise
    for one, row in zip(reviews[:5], wrong, strict=False):
        assert one.interval.contains(0.1 * (1 - share)) == bool(log_capital(row, share).max() < np.log(20))


def test_a_review_without_a_sample_corrects_nothing() -> None:
    review = Review(Retained(TAU, np.array([[20, 10, 1]])), {1: "label wrong", 2: "ambiguous"}, [])
    assert np.isnan(review.corrected) and np.isnan(review.interval.low)
    assert review.conclusion.startswith("1 of 2 reviewed suspect regions are label errors; no sampled pixel")
