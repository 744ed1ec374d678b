"""Reports of every kind on small runs, each written on first use."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.cli.diagnose.asking import few_draws, no_drawing
from tests.cli.diagnose.methods import write_methods
from tests.cli.farm import CLASSES, SIZES, call, write_data

EVERY = (
    "verdict", "compared", "filter", "errors", "images", "classes", "boundary", "embedding", "bank", "differences",
    "training",
)  # fmt: skip
"""The sections with measurements, in order."""
MAPS = ("verdict", "compared", "errors", "images", "classes", "boundary")
"""Those that saved label maps have; they hold no confidence, no feature, no bank and no log."""
SECTIONS = {
    "many": EVERY,
    "two": EVERY,
    "one": tuple(name for name in EVERY),
    "maps": (*MAPS, "differences"),
    "map": MAPS,
    "logs": ("verdict", "differences", "training"),
}
"""Sections of the report of each kind."""


class Reports:
    """Pages by the kind of the report."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = write_data(root / "data")
        self.runs = write_methods(root, self.data)
        self.written: dict[str, Path] = {}

    def page(self, kind: str) -> Path:
        """The page of a report, whose tables lie beside it; its figures, which no page shows, are not drawn."""
        if kind not in self.written:
            with pytest.MonkeyPatch.context() as patch:
                no_drawing(patch)
                few_draws(patch)
                out = self.root / f"report-{kind}"
                result = call("report", *self.arguments(kind), "--workers", 0, "--count", 1, "--out", out)
            assert result.exit_code == 0, result.output
            self.written[kind] = out / "index.html"
        return self.written[kind]

    def arguments(self, kind: str) -> list[Any]:
        """What `pixcon-diag report` is given."""
        none, clean = ([self.runs / f"farm-{rule}-{seed}" for seed in (0, 1)] for rule in ("none", "clean"))
        if kind == "many":
            return [f"none={none[0]},{none[1]}", f"clean={clean[0]},{clean[1]}"]
        if kind == "two":
            return [f"none={none[0]}", f"clean={clean[0]}"]
        if kind == "one":
            return [f"clean={clean[0]}"]
        if kind == "logs":
            return [f"none={none[0] / 'log.jsonl'},{none[1] / 'log.jsonl'}", f"clean={clean[0] / 'log.jsonl'}"]
        names = ("mine", "theirs") if kind == "maps" else ("mine",)
        folders = [f"{name}={self.saved_maps(name)}" for name in names]
        shared = ["--dataset", self.data / "farm.yaml", "--data-root", self.data]
        return [*(argument for folder in folders for argument in ("--predictions", folder)), *shared]

    def saved_maps(self, name: str) -> Path:
        """Label maps of the images, as another framework saves them."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        random = np.random.default_rng(len(name))
        for index, (width, height) in enumerate(SIZES):
            labels = random.integers(0, len(CLASSES), (height, width), dtype=np.uint8)
            Image.fromarray(labels).save(folder / f"{index}.png")
        return folder
