"""A bar appears only where something takes time, on standard error, and leaves nothing."""

import threading

import pytest

from pixcon_train.core import progress_bars
from pixcon_train.core.progress_bars import progress_bar


def test_what_is_quick_has_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("measuring") as progress:
        progress(0, 3)
        progress(3, 3)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_a_slow_block_has_a_bar_that_disappears(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_bars, "DELAY", 0.0)
    monkeypatch.setattr(progress_bars.Bar, "__init__", _without_pauses(progress_bars.Bar.__init__))
    before = threading.active_count()
    with progress_bar("measuring") as progress:
        for done in range(4):
            progress(done, 3)
        assert threading.active_count() == before
    printed = capsys.readouterr()
    assert printed.out == "" and "measuring: 100%" in printed.err and "3/3" in printed.err
    assert printed.err.split("\r")[-1].strip() == ""


def _without_pauses(init):  # type: ignore[no-untyped-def]
    """Show every step, however quickly it follows."""
    return lambda self, **options: init(self, mininterval=0.0, **options)
