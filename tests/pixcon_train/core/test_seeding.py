"""Seeds from several numbers: reproducible, in range, and unrelated when one number differs."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from pixcon_train.core.seeding import mix, seeded


@given(st.lists(st.integers(0, 2**63), max_size=5))
def test_a_seed_fits_a_generator(parts: list[int]) -> None:
    assert 0 <= mix(*parts) < 2**63
    assert mix(*parts) == mix(*parts)


def test_no_two_of_many_positions_share_a_seed() -> None:
    seeds = {mix(s, e, i) for s in range(3) for e in range(20) for i in range(500)}
    assert len(seeds) == 3 * 20 * 500


def test_order_and_number_of_the_parts_matter() -> None:
    assert len({mix(1, 2), mix(2, 1), mix(1, 2, 0), mix(0, 1, 2), mix(12)}) == 5


def test_one_bit_changes_half_of_the_bits() -> None:
    changed = [(mix(0, i) ^ mix(0, i ^ 1)).bit_count() for i in range(200)]
    assert abs(sum(changed) / len(changed) - 31.5) < 2


def test_first_draws_of_neighbouring_positions_are_uniform() -> None:
    draws = torch.stack([torch.rand((), generator=seeded(0, i)) for i in range(2000)])
    assert (torch.histc(draws, 10, 0, 1) - 200).abs().max() < 5 * (2000 * 0.1 * 0.9) ** 0.5
    assert torch.corrcoef(torch.stack([draws[:-1], draws[1:]]))[0, 1].abs() < 0.1
