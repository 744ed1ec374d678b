"""Runs as training leaves them, whose bank's rule is none of those that are replayed."""

import json
from pathlib import Path
from typing import Any

import pytest

from pixcon_train.engine.trainer import train
from pixcon_train.runs.log import LOG, read_log
from tests.cli.diagnose.asking import ask
from tests.cli.farm import call
from tests.pixcon_train.tiny import tiny_config, write_tiny


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run filled with noisy pseudo-labels, and one with weighted labels and a threshold for each class."""
    root = tmp_path_factory.mktemp("trained")
    spec = write_tiny(root)
    recipes: dict[str, dict[str, Any]] = {
        "pseudo": {"bank__tau": 0.3, "consistency__tau": 0.3, "consistency__noise__rate": 0.25},
        "soft": {"consistency__threshold__rule": "per_class"},
    }
    for rule, recipe in recipes.items():
        train(tiny_config(spec, bank__rule=rule, **recipe), root / "runs" / rule)
    return root / "runs"


def epochs(run: Path) -> list[dict[str, Any]]:
    return [record for record in read_log(run / LOG) if record["event"] == "epoch"]


def test_dynamics_repeat_what_the_log_says(trained: Path) -> None:
    result = call("dynamics", trained / "pseudo", trained / "soft", "--json")
    groups = json.loads(result.stdout)["dynamics"]["groups"]
    pseudo, soft = (group["runs"][0] for group in groups)
    for name in ("threshold", "contamination", "replaced"):
        assert pseudo[name] == [record[name] for record in epochs(trained / "pseudo")]
    assert pseudo["bank_contamination"] == [r["bank"]["contamination"] for r in epochs(trained / "pseudo")]
    assert all(0 < value < 1 for value in pseudo["bank_contamination"])
    assert pseudo["thresholds"] == {} and soft["contamination"] == soft["replaced"] == [None, None]
    last = {name: values[-1] for name, values in soft["thresholds"].items()}
    assert last == epochs(trained / "soft")[-1]["thresholds"] and list(last) == ["dark", "red", "blue"]


def test_the_stored_bank_is_as_contaminated_as_the_log_says_of_its_epoch(trained: Path) -> None:
    content = ask("coverage", trained / "pseudo", trained / "soft", "--rule", "labeled")
    pseudo, soft = content["results"]
    epoch = pseudo["provenance"]["checkpoint"]["scores"]["epoch"]
    bank = epochs(trained / "pseudo")[epoch - 1]["bank"]
    stored = pseudo["stored_bank"]
    assert list(stored["known"]) == stored["fill"] == bank["entries"]
    assert stored["overall_contamination"] == bank["contamination"] > 0 and stored["mean_weight"] == 1
    assert soft["stored_bank"]["overall_contamination"] == 0 and 0 < soft["stored_bank"]["mean_weight"] < 1
    assert (pseudo["trained_rule"], soft["trained_rule"]) == ("pseudo", "soft")
    assert [note.partition(",")[0] for note in content["notes"] if "trained with" in note] == [
        "soft: trained with `soft`",
        "pseudo: trained with `pseudo`",
    ]


def test_the_gradient_of_such_runs_is_split_too(trained: Path) -> None:
    content = ask("gradient", trained / "pseudo", "--split", "unlabeled", "--rule", "confidence", "--anchors", 5)
    (found,) = content["results"]
    assert found["gradient"]["eq3"]["overall"]["anchors"] > 0 and found["bank"]["data"]["images"] == 8
    assert any(note.startswith("pseudo: trained with `pseudo`") for note in content["notes"])
