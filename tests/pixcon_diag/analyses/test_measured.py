from pixcon_diag.analyses.measured import identity
from pixcon_diag.tables.writing import to_csv
from tests.pixcon_diag.analyses.made import evaluation_data, predictions

COUNTS = ((1, 0, 0), (1, 0, 0), (1, 0, 0))


def test_every_row_of_a_file_says_where_it_is_from() -> None:
    found = identity(predictions("clean", COUNTS))
    assert (found["checkpoint"], found["sha256"]) == ("runs/clean/best_ema.pth", "hash of clean")
    assert (found["weights"], found["epoch"], found["dataset"], found["images"]) == ("ema", 3, "three", 2)
    assert (found["protocol"], found["window"], found["taus"], found["version"]) == ("pixcon", "", "0.95 0.5", "1")
    assert not [value for value in found.values() if isinstance(value, list | tuple | dict)]
    assert to_csv([found]).count("\n") == 2


def test_lists_are_told_apart_by_what_is_in_them() -> None:
    first, other = (identity(predictions("clean", COUNTS, evaluation_data(2, name))) for name in ("a", "b"))
    assert first["list"] != other["list"] and first["list_sha256"] != other["list_sha256"]
