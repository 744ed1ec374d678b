"""Lists of `IMAGE MASK` lines, and the choice of labeled images."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixcon_train.data.lists import Pair, choose_labeled, parse_list, read_list, write_list
from pixcon_train.errors import DataError


def test_lines_are_pairs_and_empty_ones_are_passed_over() -> None:
    text = "a.jpg a.png\n\n  b.jpg   b.png \r\n"
    assert parse_list(text, "val.txt", masks_required=True) == [Pair("a.jpg", "a.png"), Pair("b.jpg", "b.png")]


def test_an_unlabeled_list_needs_no_masks() -> None:
    text = "a.jpg\nb.jpg b.png\n"
    assert parse_list(text, "u.txt", masks_required=False) == [Pair("a.jpg", None), Pair("b.jpg", "b.png")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "u.txt is empty"),
        (" \n\n", "u.txt is empty"),
        ("a.jpg a.png\nb.jpg\n", "u.txt, line 2: found `b.jpg`, expected `IMAGE MASK`"),
        ("a.jpg a.png x\n", "u.txt, line 1: found `a.jpg a.png x`"),
    ],
)
def test_a_wrong_line_is_named(text: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_list(text, "u.txt", masks_required=True)
    assert words in str(caught.value)


def test_a_missing_list_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"No list at .*none\.txt"):
        read_list(tmp_path / "none.txt", masks_required=True)
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"binary\.txt cannot be read"):
        read_list(tmp_path / "binary.txt", masks_required=True)
    with pytest.raises(DataError, match="cannot be read"):
        read_list(tmp_path, masks_required=True)


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    pairs = [Pair("images/a.jpg", "masks/a.png"), Pair("images/ü.jpg", None)]
    write_list(tmp_path / "splits/2/unlabeled.txt", pairs)
    assert (tmp_path / "splits/2/unlabeled.txt").read_text() == "images/a.jpg masks/a.png\nimages/ü.jpg\n"
    assert read_list(tmp_path / "splits/2/unlabeled.txt", masks_required=False) == pairs


CLASSES = [frozenset(classes) for classes in ({0}, {0, 1}, {0}, {0, 2}, {0, 1}, {0}, {0, 3})]


def test_every_class_is_represented_where_so_many_images_can_do_it() -> None:
    for seed in range(50):
        chosen = choose_labeled(CLASSES, count=3, seed=seed)
        assert frozenset().union(*(CLASSES[i] for i in chosen)) == {0, 1, 2, 3}
        assert {3, 6} < set(chosen)  # the only images of classes 2 and 3


def test_too_few_images_serve_the_rarest_classes() -> None:
    assert {tuple(choose_labeled(CLASSES, count=2, seed=seed)) for seed in range(50)} == {(3, 6)}


def test_what_is_left_is_drawn_uniformly() -> None:
    times = [0] * 10
    for seed in range(2000):
        for position in choose_labeled([frozenset({0})] * 10, count=3, seed=seed):
            times[position] += 1
    assert max(abs(count - 600) for count in times) < 5 * (2000 * 0.3 * 0.7) ** 0.5


@pytest.mark.parametrize("count", [0, 8, -1])
def test_a_count_that_cannot_be(count: int) -> None:
    with pytest.raises(DataError, match=f"Cannot label {count} of 7 images; expected 1 to 7"):
        choose_labeled(CLASSES, count=count, seed=0)


@given(
    classes_of=st.lists(st.frozensets(st.integers(0, 8)), min_size=1, max_size=30),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_the_choice_is_distinct_sorted_and_a_function_of_its_seed(
    classes_of: list[frozenset[int]], share: float, seed: int
) -> None:
    count = max(1, round(share * len(classes_of)))
    chosen = choose_labeled(classes_of, count=count, seed=seed)
    assert len(chosen) == count
    assert chosen == sorted(set(chosen))
    assert all(0 <= i < len(classes_of) for i in chosen)
    assert chosen == choose_labeled(classes_of, count=count, seed=seed)
    everything = frozenset[int]().union(*classes_of)
    if count >= len(everything):  # one image a class always suffices
        assert frozenset[int]().union(*(classes_of[i] for i in chosen)) == everything


@pytest.mark.reference
@pytest.mark.parametrize("split", ["23", "46", "92"])
def test_the_splits_of_camvid_cut_its_training_list(reference: Path, split: str) -> None:
    root = reference / "data/camvid"
    everything = read_list(root / "train.txt", masks_required=True)
    labeled = read_list(root / f"splits/{split}/labeled.txt", masks_required=True)
    unlabeled = read_list(root / f"splits/{split}/unlabeled.txt", masks_required=False)
    assert len(labeled) == int(split)
    assert sorted(pair.image for pair in labeled + unlabeled) == sorted(pair.image for pair in everything)
