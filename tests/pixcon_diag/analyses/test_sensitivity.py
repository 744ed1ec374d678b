import math

import pytest

from pixcon_diag.analyses.sensitivity import sensitivity_result
from pixcon_diag.measures.sensitivity import sensitivity
from tests.pixcon_diag.measures.test_sensitivity import TABLE_10, run


def test_the_papers_table_10() -> None:
    result = sensitivity_result(sensitivity(TABLE_10))
    settings, weight, temperature, size = result.tables
    assert [table.name for table in result.tables[1:]] == [
        "table10_bank.weight",
        "table10_bank.temperature",
        "table10_bank.size",
    ]
    assert [column.head for column in weight.columns] == ["bank.weight", "0.1 *", "0.3", "0.5"]
    assert weight.rows == (("mIoU %", "86.95", "85.55", "86.23"), ("peak epoch", "15", "5", "7"))
    assert temperature.rows == (("mIoU %", "85.97", "86.95", "85.81"), ("peak epoch", "5", "15", "2"))
    assert size.rows == (("mIoU %", "85.48", "86.95", "85.91"), ("peak epoch", "14", "15", "3"))
    assert size.notes == ("Spread over the settings: 1.47 points.",)
    assert len(settings.rows) == 9 and settings.notes[0] == "One seed each: the spread over seeds is unknown."
    assert "* the base setting: default." in result.content["notes"]


def test_seeds_have_a_spread_and_their_number() -> None:
    runs = [run("s0", [0.80]), run("s1", [0.1, 0.84], seed=1), run("x", [0.70], bank_weight=0.3)]
    settings, block = sensitivity_result(sensitivity(runs)).tables
    base, other = settings.records()
    assert (base["seeds"], base["runs"], base["peak"], base["delta"]) == (2, "s0, s1", "0, 1", None)
    assert base["miou"] == pytest.approx(0.82) and base["miou_std"] == pytest.approx(0.04 / math.sqrt(2))
    assert other["seeds"] == 1 and math.isnan(other["miou_std"]) and other["delta"] == pytest.approx(-0.12)
    assert block.rows[0] == ("mIoU %", "82.00 ± 2.83", "70.00")
    assert any("(2, 1)" in note for note in settings.notes)


def test_an_unknown_base_and_keys_not_compared_are_said() -> None:
    runs = [run("a", [0.8], rule="x"), run("b", [0.7], rule="y", loss_ohem=True), run("c", [0.6], rule="z")]
    result = sensitivity_result(sensitivity(runs))
    assert any("is ambiguous" in note for note in result.content["notes"])
    assert "Recorded in only some logs, so not compared: loss.ohem." in result.content["notes"]
    assert not any("*" in text for table in result.tables for row in table.texts() for text in row)
    assert [row["delta"] for row in result.tables[0].records()] == pytest.approx([math.nan] * 3, nan_ok=True)
