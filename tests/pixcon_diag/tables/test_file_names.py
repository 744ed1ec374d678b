import pytest

from pixcon_diag.tables.file_names import file_part, file_parts


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("clean", "clean"),
        ("tau=0.95, size=32", "tau-0.95--size-32"),
        ("../runs/a b", "..-runs-a-b"),
        ("a&b_50% {x}", "a-b_50---x-"),
        ("größe λ", "größe-λ"),
        ("x\ny\0", "x-y-"),
    ],
)
def test_characters_that_a_file_s_name_should_not_have_are_replaced(name: str, part: str) -> None:
    assert file_part(name) == part and "/" not in part


def test_long_names_are_cut_but_stay_apart() -> None:
    names = ["r" * 300, "r" * 299 + "s", "ρ" * 100]
    parts = [file_part(name) for name in names]
    assert len(set(parts)) == 3 and all(len(part.encode()) <= 80 for part in parts)
    assert file_part("r" * 80) == "r" * 80


def test_names_that_would_share_a_file_are_numbered() -> None:
    assert file_parts(["a b", "a/b", "A B", "other", "a-b-2"]) == {
        "a b": "a-b",
        "a/b": "a-b-2",
        "A B": "A-B-3",
        "other": "other",
        "a-b-2": "a-b-2-2",
    }
    assert file_parts(["x", "x"]) == {"x": "x"} and file_parts([]) == {}
