"""Names in a sentence."""

from pixcon_diag.tables.names import MOST, name_list


def test_only_the_first_of_many_names_are_listed() -> None:
    names = [f"class {label}" for label in range(1000)]
    assert name_list([]) == ""
    assert name_list(iter(names[:MOST])) == ", ".join(names[:MOST])
    assert name_list(names) == ", ".join(names[:40]) + " and 960 more"
