"""The README's picture, drawn by `docs/overview.py` from a report."""

import runpy
from pathlib import Path

import numpy as np
from PIL import Image

from pixcon_train.core.files import write_json
from tests.figures import saved_results as made

SCRIPT = Path(__file__).parents[2] / "docs/overview.py"


def test_the_picture_is_drawn_from_a_report(tmp_path: Path) -> None:
    truth = np.arange(48, dtype=np.uint8).reshape(6, 8) // 24
    write_json(tmp_path / "contamination.json", made.contamination({"none": 1, "clean": 2}))
    predictions = [[1 - truth, truth], [truth, truth]]
    write_json(tmp_path / "qualitative.json", made.qualitative(tmp_path, predictions, [truth, truth]))
    runpy.run_path(str(SCRIPT))["main"](tmp_path, tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.width > 1000 and picture.mode == "P"
        assert len(picture.convert("RGB").getcolors(1 << 16) or []) > 50


def test_the_picture_in_the_repository_is_small() -> None:
    picture = SCRIPT.with_suffix(".png")
    assert picture.stat().st_size < 200_000
