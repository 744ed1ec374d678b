"""Answers from CSV files: what is read, and one message for each strange file."""

from pathlib import Path

import pytest

from pixcon_diag.sheets.answers import decoded, read_answers, require_known
from pixcon_diag.sheets.question import order_of
from pixcon_train.core.errors import DataError

HEAD = "sheet,question,answer,image\n"


def written(folder: Path, text: str, name: str = "answers.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_several_files_continue_one_another(tmp_path: Path) -> None:
    first = written(tmp_path, HEAD + "abc,1,A,x.jpg\nabc, 2 ,MB,x.jpg\n")
    second = written(tmp_path, "\ufeffquestion,answer,sheet\r\n3,N,abc\r\n", "more.csv")
    given = read_answers([first, second], "abc", mixed=True)
    assert {name: answer.letters for name, answer in given.items()} == {"1": "A", "2": "MB", "3": "N"}
    assert given["3"].where == f"{second}, line 2"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "lacks the column sheet, question, answer"),
        ("sheet,answer\nabc,A\n", "lacks the column question"),
        (HEAD + "xyz,1,A,\n", "line 2: the answer belongs to sheet xyz, expected abc"),
        (HEAD + "abc,1,A,\nabc,1,B,\n", "line 3: question 1 is answered twice, first in"),
        (HEAD + "abc,1,yes,\n", "line 2: unknown answer 'yes'. Expected one of A, B, N, MA, MB, MN"),
        (HEAD + "abc,1,\n", "unknown answer ''"),
        (HEAD + "abc,1\n", "unknown answer ''"),
        (HEAD + "abc,1,U,\n", "unknown answer 'U'"),
    ],
)
def test_a_strange_file_gives_one_message(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(DataError) as error:
        read_answers([path], "abc", mixed=True)
    assert words in str(error.value) and str(path) in str(error.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00sheet")
    with pytest.raises(DataError, match=r"a\.csv"):
        read_answers([tmp_path / "a.csv"], "abc", mixed=True)
    with pytest.raises(DataError, match="missing"):
        read_answers([tmp_path / "missing.csv"], "abc", mixed=True)


def test_unclear_is_an_answer_where_nothing_is_mixed(tmp_path: Path) -> None:
    given = read_answers([written(tmp_path, HEAD + "abc,1,U,\n")], "abc", mixed=False)
    assert decoded(given["1"].letters, "abc", "0-1") == (False, "unclear")


def test_letters_are_decoded_by_the_order_of_the_component() -> None:
    for component in map(str, range(20)):
        first, second = order_of("abc", component)
        assert decoded("A", "abc", component) == (False, first)
        assert decoded("MB", "abc", component) == (True, second)
        assert decoded("N", "abc", component) == (False, "neither")


def test_an_unknown_question_is_named(tmp_path: Path) -> None:
    given = read_answers([written(tmp_path, HEAD + "abc,x7,A,\n")], "abc", mixed=True)
    with pytest.raises(DataError, match=r"line 2: the sheet has no question 'x7'\. Expected a number"):
        require_known(given, str.isdecimal, "a number")
