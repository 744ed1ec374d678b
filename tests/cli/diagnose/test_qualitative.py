"""`pixcon-diag qualitative`: what only it has; see test_methods.py."""

from pathlib import Path

import pytest

from tests.cli.diagnose.asking import ask, no_drawing, rows
from tests.cli.farm import call, one_message


@pytest.fixture(autouse=True)
def _there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    no_drawing(monkeypatch)


def test_a_grid_is_written_even_if_nobody_says_where(runs: Path, tmp_path: Path) -> None:
    result = call("qualitative", runs, "--count", 2, "--workers", 0)
    assert result.exit_code == 0 and "Ranked by error-diff, error of" in result.stdout, result.output
    assert len(rows(tmp_path / "qualitative/qualitative.csv")) == 2
    assert len(list((tmp_path / "qualitative/qualitative_panels").glob("*.png"))) == 2 * 4


def test_one_method_is_ranked_by_its_errors(runs: Path, tmp_path: Path) -> None:
    content = ask("qualitative", runs / "farm-none-0", "--out", tmp_path / "out")
    errors = [image["error_baseline"] for image in content["images"]]
    assert content["rank_by"] == "error" and errors == sorted(errors, reverse=True) and len(errors) == 4
    assert content["images"][0]["delta"] is None and len(content["images"][0]["files"]["predictions"]) == 1


def test_a_random_choice_can_be_repeated(runs: Path) -> None:
    one = runs / "farm-none-0"

    def names(seed: int) -> list[str]:
        return [each["name"] for each in ask("qualitative", one, "--rank-by", "random", "--seed", seed)["images"]]

    first, again, other = names(1), names(1), names(2)
    assert first == again != other and sorted(first) == sorted(other)


def test_named_images_come_in_the_order_named(runs: Path) -> None:
    content = ask("qualitative", runs, "--image", "3", "--image", "images/1.jpg", "--count", 1, "--min-share", 0)
    assert [each["name"] for each in content["images"]] == ["images/3.jpg", "images/1.jpg"]
    assert (content["rank_by"], content["min_share"]) == ("names", 0)


def test_what_cannot_be_shown_is_one_message(runs: Path, elsewhere: Path) -> None:
    one = runs / "farm-none-0"
    one_message(
        call("qualitative", one, "--rank-by", "error-diff", "--workers", 0), 2, "compares two methods", "`error`"
    )
    one_message(
        call("qualitative", one, "--image", "11", "--workers", 0), 2, "No image is called '11'", "did you mean '1'"
    )
    three = [f"{name}={runs / f'farm-none-{name}'}" for name in (0, 1)]
    one_message(
        call("qualitative", *three, runs / "farm-clean-0", "--workers", 0),
        2,
        "at most two methods, got 3",
        "0, 1, farm-clean-0",
    )
    one_message(call("qualitative", one, elsewhere / "farm-clean-0"), 2, "measured on different images")
