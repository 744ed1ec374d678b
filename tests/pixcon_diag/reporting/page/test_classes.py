"""The table of classes against its sources, for each baseline."""

from dataclasses import replace

from pixcon_diag.reporting.page.classes import class_tables, section
from pixcon_diag.reporting.page.section import Context
from tests.pixcon_diag.analyses.made import column


def test_the_other_method_stands_first_with_its_difference(measured: Context) -> None:
    clean, none = class_tables(measured, "none", measured.by_baseline["none"])
    comparison = measured.content("per-class")["comparisons"][0]
    deltas = {row["index"]: row["delta"] for row in comparison["per_class"]["rows"]}
    assert clean.title == "Classes of clean against none" and none.title == "Classes of none"
    assert column(clean, "delta") == [deltas[k] for k in range(3)]
    assert column(clean, "low") == [interval["low"] for interval in comparison["intervals"]]
    assert set(column(clean, "change")) <= {"too few images", "identical", None}  # 4 images
    assert "delta" not in [one.key for one in none.columns]
    pixels = measured.measured[0].members[0].statistics[:, 2].sum(0)
    assert column(none, "pixels") == pixels.tolist()


def test_pairs_of_seeds_are_counted_where_there_are_several(measured: Context) -> None:
    result = measured.by_baseline["none"]["per-class"]
    comparison = result.content["comparisons"][0]
    for deltas, shown in (([0.1], None), ([0.1, -0.1], "1/2")):
        rows = [row | {"seed_deltas": deltas, "improved": 1} for row in comparison["per_class"]["rows"]]
        made = comparison | {"per_class": comparison["per_class"] | {"rows": rows}}
        content = dict(result.content) | {"comparisons": [made]}
        table, _ = class_tables(measured, "none", {"per-class": replace(result, content=content)})
        assert [row.get("seeds") for row in table.records()] == [shown] * 3


def test_each_baseline_has_its_variant_and_every_table_a_name_of_its_own(measured: Context) -> None:
    found = section(measured)
    assert found is not None
    assert found.body.count('data-baseline="none"') == found.body.count('data-baseline="clean"') == 2
    names = [table.name for table in found.tables]
    assert len(names) == len(set(names)) == 4
    assert found.body.count('data-key="2"') == 4


def test_the_difference_changes_its_sign_with_the_baseline(measured: Context) -> None:
    first, _ = class_tables(measured, "none", measured.by_baseline["none"])
    second, _ = class_tables(measured, "clean", measured.by_baseline["clean"])
    assert column(first, "delta") == [-value for value in column(second, "delta")]
