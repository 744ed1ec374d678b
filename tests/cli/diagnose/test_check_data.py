"""`pixcon-diag check-data` as a user meets it."""

import json
from pathlib import Path

import pytest

from pixcon_train.runs.file_names import BEST_EMA
from tests.cli.farm import SIZES, WRONG_DATA, Spoil, call, one_message


def test_check_data_says_what_it_found(data: Path, run_folder: Path) -> None:
    result = call("check-data", "--dataset", data / "farm.yaml", "--data-root", data)
    assert result.exit_code == 0 and "Nothing wrong" in result.stdout and "cow" in result.stdout
    found = json.loads(call("check-data", run_folder / BEST_EMA, "--json").stdout)
    assert found["ok"] and sum(found["pixels"]) == sum(width * (height - 3) for width, height in SIZES)


def test_all_lists_of_the_data_set_are_looked_at(data: Path) -> None:
    (data / "l.txt").write_text("images/0.jpg masks/0.png\n")
    (data / "u.txt").write_text("images/1.jpg\nimages/2.jpg images/2.jpg\n")
    (data / "v.txt").write_text("images/3.jpg masks/3.png\n")
    with (data / "farm.yaml").open("a") as handle:
        handle.write("labeled_list: l.txt\nunlabeled_list: u.txt\nval_list: v.txt\n")
    arguments = ("check-data", "--dataset", data / "farm.yaml", "--data-root", data)
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    assert [line for line in result.stdout.splitlines() if "pairs of" in line] == [
        f"labeled: 1 pairs of {data / 'l.txt'}",
        f"unlabeled: 2 pairs of {data / 'u.txt'}",
        f"val: 1 pairs of {data / 'v.txt'}",
    ]
    result = call(*arguments, "--labeled", data / "v.txt", "--json")
    assert result.exit_code == 3
    assert "in both the labeled and the val list" in json.loads(result.stdout)["findings"][0]["message"]


def test_training_lists_can_be_looked_at_alone(data: Path) -> None:
    (data / "val.txt").rename(data / "train.txt")
    arguments = ("check-data", "--dataset", data / "farm.yaml", "--data-root", data)
    found = json.loads(call(*arguments, "--labeled", "train.txt", "--json").stdout)
    assert [each["split"] for each in found["lists"]] == ["labeled"]
    one_message(call(*arguments), 3, "validation list is not at")


def test_the_recipe_is_looked_at(data: Path) -> None:
    with (data / "farm.yaml").open("a") as handle:
        handle.write("recipe: smal\n")
    result = call("check-data", "--dataset", data / "farm.yaml", "--data-root", data)
    assert result.exit_code == 3 and "did you mean 'small'" in result.stdout


def test_a_missing_root_is_said_before_a_checkpoint_is_loaded(
    data: Path, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a checkpoint was loaded")

    monkeypatch.setattr("pixcon_diag.checkpoints.loading.load", never)
    for command in ("check-data", "contamination"):
        one_message(call(command, public, "--dataset", "pascal"), 2, "Where is pascal?")
        one_message(call(command, public, "--data-root", data / "none"), 3, "none is not a folder")
        one_message(
            call(command, public, "--dataset", data / "farm.yaml", "--data-root", data, "--list", data / "none.txt"),
            3,
            "No list at",
        )


@pytest.mark.parametrize(("spoil", "code", "words"), WRONG_DATA[:6], ids=lambda value: getattr(value, "__name__", ""))
def test_check_data_lists_what_is_wrong(data: Path, spoil: Spoil, code: int, words: tuple[str, ...]) -> None:
    spoil(data)
    result = call("check-data", "--dataset", data / "farm.yaml", "--data-root", data, "--json")
    assert result.exit_code == code
    (finding,) = json.loads(result.stdout)["findings"]
    assert [word for word in words if word not in finding["message"]] == []
