"""Lists of `IMAGE MASK` lines, and the choice of labeled images."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixcon_train.core.errors import DataError
from pixcon_train.data.lists import Pair, choose_labeled, located, parse_list, read_list, write_list


def test_lines_are_pairs_and_empty_ones_are_passed_over() -> None:
    text = "a.jpg a.png\n\n  b.jpg   b.png \r\n"
    assert parse_list(text, "val.txt", masks_required=True) == [Pair("a.jpg", "a.png"), Pair("b.jpg", "b.png")]


def test_an_unlabeled_list_needs_no_masks() -> None:
    text = "a.jpg\nb.jpg b.png\n"
    assert parse_list(text, "u.txt", masks_required=False) == [Pair("a.jpg", None), Pair("b.jpg", "b.png")]


def test_a_line_that_names_the_image_twice_names_no_mask() -> None:
    text = "a.jpg a.jpg\nb.jpg b.png\n"
    assert parse_list(text, "u.txt", masks_required=False) == [Pair("a.jpg", None), Pair("b.jpg", "b.png")]
    with pytest.raises(DataError, match=r"u\.txt, line 1: the mask of a\.jpg is the image itself"):
        parse_list(text, "u.txt", masks_required=True)


def test_a_tab_lets_names_hold_spaces() -> None:
    text = "my images/a 1.jpg\tmy masks/a 1.png  \n b.jpg \t b.png\r\n\t\n"
    assert parse_list(text, "val.txt", masks_required=True) == [
        Pair("my images/a 1.jpg", "my masks/a 1.png"),
        Pair("b.jpg", "b.png"),
    ]


def test_only_spaces_tabs_and_line_feeds_take_names_apart() -> None:
    names = [f"a{character}b" for character in "\x0b\x0c\x85\u00a0\u2003\u2028\u3000%#é鸟"]
    text = "".join(f"{name}.jpg {name}.png\n" for name in names)
    assert parse_list(text, "val.txt", masks_required=True) == [Pair(f"{n}.jpg", f"{n}.png") for n in names]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_in_each_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "val.txt").write_text("Straße.jpg 道路.png\r\n", encoding=encoding)
    assert read_list(tmp_path / "val.txt", masks_required=True) == [Pair("Straße.jpg", "道路.png")]


def test_a_list_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "val.txt").write_bytes("Straße.jpg a.png\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"val\.txt cannot be read: it is not text in UTF-8 .* 0xdf .*save it as UTF-8"):
        read_list(tmp_path / "val.txt", masks_required=True)


CONVENTIONS = {
    "slash": lambda path: f"/{path}",
    "backslash": lambda path: path.replace("/", "\\"),
    "both": lambda path: "\\" + path.replace("/", "\\"),
    "usual": lambda path: path,
}


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_paths_of_another_convention_lead_to_the_root_s_files(tmp_path: Path, convention: str) -> None:
    usual = [Pair("images/0.jpg", "masks/0.png"), Pair("images/1.jpg", None)]
    (tmp_path / "images").mkdir()
    (tmp_path / "images/0.jpg").touch()
    change = CONVENTIONS[convention]
    written = [Pair(change(image), None if mask is None else change(mask)) for image, mask in usual]
    assert located(written, tmp_path) == usual


def test_paths_that_lead_somewhere_as_they_are_stay(tmp_path: Path) -> None:
    (odd := tmp_path / "a\\b.jpg").touch()
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b.jpg").touch()
    absolute, backslash = [Pair(str(odd), None)], [Pair("a\\b.jpg", None)]
    assert located(absolute, tmp_path) == absolute and located(backslash, tmp_path) == backslash


def test_paths_that_lead_nowhere_stay_for_the_message(tmp_path: Path) -> None:
    pairs = [Pair("/images/0.jpg", "\\masks\\0.png"), Pair("/" + "x" * 300, None)]
    assert located(pairs, tmp_path) == pairs


def test_one_path_tells_for_the_whole_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "0.jpg").touch()
    asked: list[Path] = []
    monkeypatch.setattr("pixcon_train.data.lists.is_file", lambda path: asked.append(path) or path.is_file())
    assert located([Pair(f"/{i}.jpg", f"/{i}.png") for i in range(1000)], tmp_path)[999] == Pair("999.jpg", "999.png")
    assert len(asked) == 2


def test_a_missing_first_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").touch()
    pairs = [Pair("/0.jpg", "/0.png"), Pair("/1.jpg", "/1.png")]
    assert located(pairs, tmp_path) == [Pair("0.jpg", "0.png"), Pair("1.jpg", "1.png")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "u.txt is empty"),
        ("a.jpg\0 a.png\0\n", "u.txt holds NUL bytes"),
        ("a 1.jpg a 1.png\n", "or a tab where names hold spaces"),
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
    pairs += [Pair("a 1.jpg", None), Pair("a 1.jpg", "b.png")]
    write_list(tmp_path / "splits/2/unlabeled.txt", pairs)
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
