"""The page keeps to its size: the images take the room that the other sections leave."""

from pathlib import Path

import pytest

from pixcon_diag.reporting.page import images, page
from pixcon_diag.reporting.page.section import Context

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
