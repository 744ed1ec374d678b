"""Characters that are not seen, or that move their neighbours, are shown as code points."""

from importlib import resources

import pytest

from pixcon_train.core.foreign_text import is_hidden, shown, shown_data, shown_line, shown_message


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("car\u202egnp.exe", "car⟨U+202E⟩gnp.exe"),
        ("a\x00b\x1bc\rd\x85e", "a⟨U+0000⟩b⟨U+001B⟩c⟨U+000D⟩d⟨U+0085⟩e"),
        ("\u2066x\u2069\u200f\ufeff", "⟨U+2066⟩x⟨U+2069⟩⟨U+200F⟩⟨U+FEFF⟩"),
        ("caf\udce9", "caf⟨U+DCE9⟩"),
        ("cle\u200dan\u2060\xad", "cle⟨U+200D⟩an⟨U+2060⟩⟨U+00AD⟩"),
    ],
)
def test_what_is_not_seen_is_named(text: str, visible: str) -> None:
    assert is_hidden(text) and shown(text) == visible and not is_hidden(visible)


@pytest.mark.parametrize("text", ["", "ρ_F ≤ 1 − π", "日本語", "العربية", "a\tb\nc", "می‌خواهم", "👩‍🚀", "<b>&amp;"])
def test_other_text_stays(text: str) -> None:
    assert shown(text) == text


def test_names_that_differ_stay_different() -> None:
    assert len({shown(f"a{character}b") for character in "\x00\x01\u202a\u202b\udc80\udc81"}) == 6


def test_data_are_changed_at_every_depth() -> None:
    data = {"na\x07me": ["\u202e", ("x", 1, None, 0.5)], "n": {"m": "\udc80"}}
    assert shown_data(data) == {"na⟨U+0007⟩me": ["⟨U+202E⟩", ["x", 1, None, 0.5]], "n": {"m": "⟨U+DC80⟩"}}


def test_the_page_s_own_files_are_shown_as_they_are() -> None:
    for path in (resources.files("pixcon_diag.reporting.page") / "assets").iterdir():
        assert not is_hidden(path.read_text(encoding="utf-8")), path.name


def test_a_line_stays_one_and_a_message_keeps_its_own() -> None:
    assert shown_line("a\tb\nc\rd") == "a⟨U+0009⟩b⟨U+000A⟩c⟨U+000D⟩d"
    assert shown_message("a\nb\n") == "a\n  b"
    assert len(shown_message(10**6 * "a")) < 10_010
