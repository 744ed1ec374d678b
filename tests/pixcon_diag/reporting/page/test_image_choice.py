"""Which images the page shows."""

import numpy as np
import pytest

from pixcon_diag.reporting.page.image_choice import ImageNumbers, choose, in_turn, rankings

NAN = np.full(40, np.nan)


def numbers(seed: int, *, saved: bool = False) -> ImageNumbers:
    """A method's numbers on 40 images; of saved label maps, without boundary and confidence."""
    error, miou, boundary, confident = np.random.default_rng(seed).random((4, 40))
    return ImageNumbers(error, miou, NAN if saved else boundary, NAN if saved else confident)


def test_every_kind_is_there_and_its_first_images_are_all_shown() -> None:
    methods = [numbers(0), numbers(1)]
    ranked = rankings(methods, [[3, 5, 7], [5, 9]], np.random.default_rng(0))
    selection = choose(ranked, 18)
    assert len(set(selection.images)) == 18
    assert [*selection.first] == [
        *("error", "win", "loss", "miou-win", "miou-loss", "boundary", "confident", "pair", "random")
    ]
    for kind, first in selection.first.items():
        assert len(first) >= 2, kind
        assert [*first] == ranked[kind][: len(first)] and set(first) <= set(selection.images)
        following = ranked[kind][len(first) : len(first) + 1]
        assert not set(following) & set(selection.images)
    assert selection.ranked["pair"] == 4 and selection.ranked["random"] == 40


def test_images_rank_by_the_worst_method_and_by_the_difference_to_the_baseline() -> None:
    first, second = numbers(0), numbers(1)
    ranked = rankings([first, second], [], np.random.default_rng(0))
    assert ranked["error"][0] == np.maximum(first.error, second.error).argmax()
    assert ranked["win"][0] == (first.error - second.error).argmax()
    assert ranked["loss"][0] == (second.error - first.error).argmax()
    assert ranked["miou-win"][0] == (second.miou - first.miou).argmax()
    assert ranked["miou-loss"][0] == (first.miou - second.miou).argmax()
    assert len(ranked["win"]) + len(ranked["loss"]) == 40, "an image is won or lost"


@pytest.mark.parametrize(("saved", "absent"), [(False, ()), (True, ("boundary", "confident"))])
def test_one_method_has_no_wins_and_saved_maps_no_confidence(saved: bool, absent: tuple[str, ...]) -> None:
    ranked = rankings([numbers(0, saved=saved)], [], np.random.default_rng(0))
    assert [*ranked] == [kind for kind in ("error", "boundary", "confident", "random") if kind not in absent]


def test_a_prefix_of_the_choice_is_the_choice_of_fewer() -> None:
    ranked = rankings([numbers(0), numbers(1)], [[1], [2]], np.random.default_rng(0))
    assert choose(ranked, 12).images == choose(ranked, 30).images[:12]
    assert sorted(choose(ranked, 99).images) == [*range(40)]
    assert all(len(first) == choose(ranked, 99).ranked[kind] for kind, first in choose(ranked, 99).first.items())


def test_images_without_an_error_or_a_valid_pixel_are_of_no_kind_but_the_random_one() -> None:
    error = np.zeros(40)
    error[3], error[4] = np.nan, 0.5
    ranked = rankings([ImageNumbers(error, NAN, NAN, NAN)], [], np.random.default_rng(0))
    assert ranked["error"] == [4] and sorted(ranked["random"]) == [*range(40)] and [*ranked] == ["error", "random"]


def test_orders_are_merged_in_turn() -> None:
    assert in_turn([[1, 2, 3], [1, 4], [], [5]]) == [1, 4, 5, 2, 3]
    assert in_turn([]) == []
