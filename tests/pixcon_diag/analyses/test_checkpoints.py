"""Table 4 from counts made by hand."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pixcon_diag.analyses.checkpoints import Trained, checkpoints_result, checkpoints_table, table4, training_of
from pixcon_diag.analyses.measured import Measured
from pixcon_diag.checkpoints.description import RunRecord
from tests.pixcon_diag.analyses.made import ODD, check_latex, predictions, sound


def member(
    group: str, right: int, *, rule: str | None = "clean", labeled: str = "a.jpg a.png\nb.jpg b.png\n"
) -> Trained:
    """An IoU of ``right`` % for each class; of a public file where there is no rule."""
    counts = ((right,) * 3, (right,) * 3, (100,) * 3)
    measured: Any = predictions(f"{group} {right}", counts)
    own = None
    if rule is not None:
        lists = {"labeled": {"path": "labeled.txt", "sha256": "", "text": labeled}}
        own = RunRecord(config={"bank": {"rule": rule}}, data={}, root="", lists=lists)
    loaded: Any = SimpleNamespace(run=own)
    return Measured(group, measured, training_of(loaded))


def test_a_row_for_each_checkpoint(tmp_path: Path) -> None:
    result = checkpoints_result([member(ODD, 60), member("public", 70, rule=None)])
    assert result.tables[0].texts() == [
        [ODD, f"{ODD} 60", "pixcon nano", "ema", "3", "60.00", "60.00", "50.00", "60.00"],
        ["public", "public 70", "pixcon nano", "ema", "3", "70.00", "70.00", "50.00", "70.00"],
    ]
    assert result.tables[0].notes == ("2 images of three (val.txt).",)
    first, second = sound(result, tmp_path)["results"]
    assert (first["rule"], first["labeled"], second["rule"], second["labeled"]) == ("clean", 2, None, None)
    assert first["iou"]["miou"] == 0.6 and first["provenance"]["checkpoint"]["sha256"] == f"hash of {ODD} 60"


def test_table_4_has_a_row_for_each_rule_in_the_paper_s_order() -> None:
    three = "".join(f"{i}.jpg {i}.png\n" for i in range(3))
    table = table4([
        member("c", 80),
        member("c", 90),
        member("n", 60, rule="none"),
        member("n", 70, rule="none"),
        member("n3", 75, rule="none", labeled=three),
        member("f", 50, rule="confidence"),
    ])  # fmt: skip
    assert [column.head for column in table.columns] == ["contrastive bank", "2 labeled", "3 labeled"]
    assert table.texts() == [
        ["None (λ_pix = 0, baseline)", "65.00 ± 7.07", "75.00"],
        ["Confidence-filtered (ρ_F > 0)", "50.00", "–"],
        ["Clean-positive (ρ_F = 0)", "85.00 ± 7.07", "–"],
    ]
    assert table.notes[0].endswith("seeds per cell: 1, 2.")
    check_latex(table)


def test_rules_that_table_4_does_not_have_come_after_it() -> None:
    table = table4([member("s", 50, rule="soft"), member("p", 40, rule="pseudo"), member("c", 60)])
    assert table.texts() == [
        ["Clean-positive (ρ_F = 0)", "60.00"],
        ["Labeled, weighted by probability (ρ_F = 0)", "50.00"],
        ["Pseudo-labels of unlabeled images (ρ_F > 0)", "40.00"],
    ]
    assert len(table.notes) == 1


def test_groups_of_one_rule_are_said_to_share_a_cell() -> None:
    table = table4([member("noise 0", 50, rule="pseudo"), member("noise 0.4", 30, rule="pseudo"), member("c", 60)])
    assert table.notes[1:] == (
        "noise 0, noise 0.4 share a cell: if they differ in more than the seed, ± includes that difference.",
    )


@pytest.mark.parametrize("text", ["a.jpg a.png\nb.jpg b.png", "\na.jpg a.png\n\nb.jpg b.png\n\n", "a.jpg\r\nb.jpg\r\n"])
def test_labeled_images_are_counted_as_the_list_is_read(text: str) -> None:
    assert member("x", 50, labeled=text).result.labeled == 2


def test_files_that_tell_no_rule_make_no_table_4() -> None:
    result = checkpoints_result([member("public", 70, rule=None), member("other", 60, rule="of another version")])
    assert [table.name for table in result.tables] == ["checkpoints"]
    assert len(checkpoints_table([member("x", 50)]).rows) == 1
