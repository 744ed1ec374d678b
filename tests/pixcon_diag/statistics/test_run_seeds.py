"""Which runs of two methods are a pair."""

import pytest

from pixcon_diag.statistics.run_seeds import RunSeed, common_starts, in_order, paired, why_unpaired

FORKS = [RunSeed(0, "p"), RunSeed(1, "p"), RunSeed(0, "q")]
UNKNOWN = [RunSeed()] * 3


def plain(*numbers: int) -> list[RunSeed]:
    return [RunSeed(number) for number in numbers]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (plain(0, 1, 2), plain(0, 1, 2), True),
        (plain(0, 1, 2), plain(1, 2, 3), False),  # as many, but two of each have no partner
        (plain(0, 1, 2), plain(0, 1), False),
        (FORKS, FORKS, True),
        (FORKS, [RunSeed(0, "p"), RunSeed(1, "p"), RunSeed(0, "r")], False),
        (UNKNOWN, plain(0, 1, 2), True),  # in the order given
        (UNKNOWN, plain(0, 1), False),
        (plain(0, 0, 0), plain(0, 1, 2), True),  # equal seeds tell no runs apart
    ],
)
def test_runs_are_paired_by_seed_where_it_is_stated(
    first: list[RunSeed], second: list[RunSeed], expected: bool
) -> None:
    assert paired(first, second) is expected
    assert (why_unpaired(("a", "b"), (first, second)) is None) is expected


def test_runs_are_in_the_order_of_start_and_number() -> None:
    assert in_order(["c", "a", "b"], plain(10, 1, 2)) == ["a", "b", "c"]
    assert in_order(["c", "a", "b"], [RunSeed(0, "q"), RunSeed(0, "p"), RunSeed(1, "p")]) == ["a", "b", "c"]
    assert in_order(["c", "a", "b"], UNKNOWN) == ["c", "a", "b"]


def test_only_pairs_of_forks_have_starts() -> None:
    assert common_starts(FORKS, FORKS) == ["p", "p", "q"]
    assert common_starts(FORKS, FORKS[:2]) is None
    assert common_starts(plain(0), plain(0)) is None
    assert common_starts(UNKNOWN, UNKNOWN) is None


def test_runs_without_a_partner_are_named() -> None:
    assert why_unpaired(("a", "b"), (plain(0, 1), [RunSeed(1), RunSeed(2, "p")])) == (
        "The runs are not paired, as these have no partner with their seed (a: seed 0; b: seed 2 of p). Leave them out."
    )
    assert why_unpaired(("a", "b"), (UNKNOWN, plain(0, 1))) == "a has 3 runs and b 2, so they are not paired."
    assert why_unpaired(("a", "b"), (plain(0), plain(1))) is None  # one run each
