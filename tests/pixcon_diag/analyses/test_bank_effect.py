import math

from pixcon_diag.analyses.bank_effect import effect_table
from pixcon_diag.measures.bank_effect import bank_effect
from tests.pixcon_diag.measures.test_bank_effect import NOISY, PLAIN, run


def test_a_row_for_each_setting_by_contamination() -> None:
    table = effect_table(bank_effect([*NOISY, *PLAIN]))
    plain, noisy = table.records()
    assert (plain["setting"], noisy["setting"]) == ("pseudo, noise 0.0", "pseudo, noise 0.4")
    assert (noisy["pairs"], noisy["better"]) == (2, "2/2") and math.isnan(plain["difference_std"])
    assert any("the pairs of a rule: pseudo +1.00" in note for note in table.notes)


def test_runs_without_a_partner_are_named() -> None:
    table = effect_table(bank_effect([run("clean", 0.6), run("soft", 0.6, 0.2), run("soft", 0.6, 0.2, parent=1)]))
    assert table.notes[-1] == "Without a partner of the rule clean: soft 1 ." and len(table.rows) == 1
