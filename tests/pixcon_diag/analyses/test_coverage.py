"""Coverage from two labeled images drawn by hand."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pixcon_diag.analyses.coverage import coverage_result, stored_table, summary_table
from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.measures.coverage import Coverage
from pixcon_diag.measures.stored_bank import StoredBank, measure_stored_bank
from pixcon_diag.passes.replayed_banks import ReplayedBanks, ReplayOptions
from tests.pixcon_diag.analyses.made import ODD, column, evaluation_data, provenance, sound

RUNS = {"p": "pseudo", "s": "soft", "c": "clean", "public": None}
LABELS = torch.tensor([[[0, 0, 0, 1]], [[0, 0, 1, 255]]])
ADMITTED = {
    "clean": torch.tensor([[[0, 0, 0, -1]], [[0, 0, 1, -1]]]),
    "confidence": torch.tensor([[[0, 0, 1, 1]], [[0, 1, 1, -1]]]),
}


def replayed(
    name: str,
    *,
    stored: StoredBank | None = None,
    listed: str = "labeled.txt",
    trained: str | None = None,
    **options: Any,
) -> ReplayedPass:
    """Class 2 is in no image."""
    chosen = ReplayOptions(**{"tau": 0.9, "size": 3, "cap": 2, "batch_size": 1, **options})
    data = evaluation_data(2, listed)
    state = {}
    for rule, admitted in ADMITTED.items():
        metric = Coverage(3, batch_size=chosen.batch_size, cap=chosen.cap, bank_size=chosen.size)
        metric.update(LABELS, admitted)
        state |= {f"{rule}.coverage.{name}": value for name, value in metric.snapshot().items()}
    banks = ReplayedBanks(state, 3, chosen)
    where = provenance(name, data, options={"tau": chosen.tau, "size": chosen.size})
    return ReplayedPass(
        **vars(banks),
        name=name,
        provenance=where,
        data=data,
        space="projection",
        stored=stored,
        folder=None,
        trained=trained,
    )


def bank(**more: np.ndarray) -> StoredBank:
    queue = np.array([[[1.0, 0], [0, 1]], [[0, 1], [0, 0]], [[0, 0], [0, 0]]])
    return measure_stored_bank(queue, np.array([2, 1, 0]), np.array([[1.0, 1], [1, 0], [1, 0]]), **more)


def test_a_row_for_each_checkpoint_and_rule() -> None:
    table = summary_table([("g", replayed("x"))], ("clean", "confidence"))
    assert column(table, "rule") == ["clean", "confidence"] and column(table, "images") == [2, 2]
    # clean: class 0 has 5 eligible (2 + 2 within the cap, of which 3 fit), class 1 has 1, class 2 none.
    assert column(table, "with_entry") == [2, 2] and column(table, "at_capacity") == [1, 2]
    assert column(table, "median_eligible") == [1.0, 3.0] and column(table, "min_eligible") == [0, 0]
    # confidence: of 3 pixels entered as 0 all are, of 4 entered as 1 two are.
    assert column(table, "rho_f") == [0.0, 2 / 7]
    record = table.records()[0]
    assert (record["group"], record["starved"], record["epoch"], record["protocol"]) == ("g", "dog", 3, "pixcon")
    assert table.notes[2] == "x, clean: without an entry: dog (in no image)."


def test_one_checkpoint_and_rule_shows_its_classes() -> None:
    result = coverage_result([("g", replayed("x"))], ("clean",))
    assert [table.name for table in result.tables] == [
        *("coverage", "coverage_bank", "coverage_classes"),
    ] and result.files == ()
    assert [row[2:] for row in result.tables[2].rows] == [
        ("ground", 2, 5, 5, 4, 3, 2, 0.0),
        ("cat", 2, 2, 1, 1, 1, None, 0.0),
        ("dog", 0, 0, 0, 0, 0, None, result.tables[2].rows[2][-1]),
    ]
    assert result.tables[2].texts()[2][-2:] == ["–", "–"]


def test_each_way_of_filling_is_said_of_its_checkpoints() -> None:
    same = summary_table([("a", replayed("x")), ("b", replayed("y"))], ("clean",))
    text = "2 images of labeled.txt, 1 a batch; at most 2 pixels a class and batch, 3 entries a class, τ = 0.9 for"
    assert same.notes[1].startswith(text) and "x" not in same.notes[1].partition(" of ")[0]
    other = summary_table(
        [("a", replayed("x")), ("b", replayed("y", cap=4)), ("c", replayed("z", listed="unlabeled.txt"))], ("clean",)
    )
    assert other.notes[1].startswith(f"x: {text}")
    assert other.notes[2].startswith("y: ") and "at most 4 pixels" in other.notes[2]
    assert other.notes[3].startswith("z: 2 images of unlabeled.txt")


def test_the_truth_of_a_stored_bank_and_its_weights_are_shown_where_one_has_them(tmp_path: Path) -> None:
    truth = np.array([[0, 2], [-1, -1], [-1, -1]])
    pure = replayed("pure", stored=bank(truth=truth))
    table = stored_table([("g", pure)])
    assert [column.key for column in table.columns] == [
        *("name", "class", "fill"),
        "known",
        "contamination",
        "staleness",
    ]
    assert [row[:-1] for row in table.texts()] == [
        ["pure", "ground", "2", "2", "0.5000"],
        ["pure", "cat", "1", "0", "–"],
        ["pure", "dog", "0", "0", "–"],
        ["pure", "all", "3", "2", "0.5000"],
    ]
    assert table.notes[0].startswith("ρ_F: share of the entries of known truth")
    assert not any("urity" in note for note in table.notes)
    soft = replayed("soft", stored=bank(weight=np.array([[0.5, 0.25], [0.125, 1.0], [1.0, 1.0]])))
    both = [("g", pure), ("g", soft)]
    mixed = stored_table(both)
    assert column(mixed, "weight")[4:] == [0.375, 0.125, pytest.approx(float("nan"), nan_ok=True), 0.875 / 3]
    assert column(mixed, "known")[4:] == [None] * 4 and mixed.texts()[4][3:5] == ["–", "–"]
    assert mixed.notes[1].startswith("soft: purity: Not knowable")
    content = sound(coverage_result(both, ("clean",)), tmp_path)
    first, second = (record["stored_bank"] for record in content["results"])
    assert (first["known"], first["contamination"], first["purity"]) == ([2, 0, 0], [0.5, None, None], None)
    assert second["known"] is None and second["weight"] == [0.375, 0.125, None]


def test_runs_whose_own_rule_is_not_replayed_are_named() -> None:
    passes = [("g", replayed(name, stored=bank(), trained=rule)) for name, rule in RUNS.items()]
    result = coverage_result(passes, ("clean",))
    summary, _, stored = result.tables
    found = [note for note in summary.notes if "trained with" in note]
    assert [note.partition(",")[0] for note in found] == ["s: trained with `soft`", "p: trained with `pseudo`"]
    (lower,) = (note for note in stored.notes if "strong views" in note)
    assert lower.startswith("p: ")
    assert [record["trained_rule"] for record in result.content["results"]] == ["pseudo", "soft", "clean", None]
    plain = coverage_result([own for own in passes if own[1].trained in ("clean", None)], ("clean",))
    assert not any("trained with" in note or "strong views" in note for note in plain.content["notes"])


def test_the_stored_bank_is_shown_class_by_class(tmp_path: Path) -> None:
    table = stored_table([("g", replayed("x", stored=bank()))])
    assert table.texts() == [
        ["x", "ground", "2", "1.0000"],
        ["x", "cat", "1", "0.0000"],
        ["x", "dog", "0", "–"],
        ["x", "all", "3", "0.5000"],
    ]
    assert table.notes[0].startswith("Purity: Not knowable from this checkpoint")
    result = coverage_result([(ODD, replayed("x", stored=bank())), (ODD, replayed("y"))], ("clean", "confidence"))
    assert [table.name for table in result.tables] == ["coverage", "coverage_bank", "coverage_stored"]
    content = sound(result, tmp_path)
    assert [(record["name"], record["rule"]) for record in content["results"]] == [
        ("x", "clean"),
        ("x", "confidence"),
        ("y", "clean"),
        ("y", "confidence"),
    ]
    first, *_, last = content["results"]
    assert first["stored_bank"]["staleness"][2] is None and last["stored_bank"] is None
    assert first["coverage"]["classes"]["rho_f"] == [0.0, 0.0, None] and first["options"]["cap"] == 2


def test_the_bank_of_each_rule_has_its_contamination_and_the_share_of_the_gradient(tmp_path: Path) -> None:
    """confidence: of 3 pixels entered as class 0 none is wrong; of 2 + 2 entered as class 1 one of the first image's
    two, and one and a half of the second's is expected, and three fit."""
    rates = SimpleNamespace(overall=SimpleNamespace(rho_f=1.0, ratio=1 / 3))
    none = SimpleNamespace(overall=SimpleNamespace(rho_f=0.0, ratio=0.0))
    points: Any = [SimpleNamespace(result=SimpleNamespace(eq3=found, supcon=none)) for found in (none, rates)]
    result = coverage_result([("g", replayed("x"))], ("clean", "confidence"), {"x": {"confusion": points}})
    table = result.tables[1]
    assert column(table, "rho_f")[0] == 0.0 and column(table, "eq3_share")[0] == 0.0
    clean, confidence = (record["bank"] for record in sound(result, tmp_path)["results"])
    assert clean["interval"] == {"low": 0.0, "high": 0.0, "level": 0.95}
    assert confidence["gradient_share"]["eq3"] == pytest.approx(0.25 * confidence["rho_f"])
    assert confidence["classes"][0] == 0.0 and 0 < confidence["classes"][1] < 1
    assert confidence["rho_f"] == pytest.approx(confidence["classes"][1] / 2)
    assert any("2 images with an admitted pixel; below 40" in note for note in table.notes)
    without = coverage_result([("g", replayed("x"))], ("confidence",)).tables[1]
    assert "eq3_share" not in {each.key for each in without.columns}
