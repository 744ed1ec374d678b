"""The page as a whole: its size, of which the images take what is left, and sections that cannot be made."""

from pathlib import Path

import pytest

from pixcon_diag.reporting.page import images, page
from pixcon_diag.reporting.page.section import Context
from pixcon_train.core.errors import DataError

OWN = 20_000


def written(context: Context, folder: Path) -> tuple[int, int]:
    """Bytes of the page, and images on it."""
    path = page.write_page(folder, context)
    return path.stat().st_size, path.read_text(encoding="utf-8").count('id="image-')


def test_images_fill_the_room_that_is_left(measured: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, four = written(measured, tmp_path)
    assert four == 4
    monkeypatch.setattr(images, "OWN", OWN)
    others = [section for section in page.sections_of(measured) if section.name != "images"]
    rest = len(page.render("", others, {}).encode())
    for limit in (whole + OWN, whole - 1500, whole - 3000):
        monkeypatch.setattr(page, "LIMIT", limit)
        size, shown = written(measured, tmp_path)
        assert rest < size <= limit and 1 <= shown <= four


def test_the_footer_states_the_size_it_has(measured: Context, tmp_path: Path) -> None:
    size, _ = written(measured, tmp_path)
    assert f"This file is {size / 1e6:.2f} MB" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_the_limit_is_larger_for_many_classes(measured: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    assert page.limit_of(measured) == 5_000_000
    monkeypatch.setattr(page, "MANY_CLASSES", 3)
    assert page.limit_of(measured) == 8_000_000


def test_a_section_that_cannot_be_made_is_left_out_with_the_reason(
    measured: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise DataError("a.jpg is gone.")

    monkeypatch.setattr(images, "_read", gone)
    monkeypatch.setattr(measured.methods, "left_out", [])
    with measured.methods.lenient():
        names = [section.name for section in page.sections_of(measured)]
    assert "images" not in names and "errors" in names
    assert measured.methods.left_out == ["section images of the page: a.jpg is gone."]
    with pytest.raises(DataError, match=r"a.jpg is gone"):
        page.sections_of(measured)
