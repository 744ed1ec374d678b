"""Hostile results that figures are drawn from, answers of sheets, and records of conversions; the name says which."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch

import numpy as np
from PIL import Image

from pixcon_diag.data.mask_conversion import RECORD, by_value, convert_folder
from pixcon_diag.sheets.answers import read_answers
from pixcon_figures import drawing
from tests.figures.test_drawing import CONTENTS
from tests.fuzz.case import Case
from tests.fuzz.texts import changed, mangled, odd_files, writes

ANSWERS = "duel_answers.csv"


def attempt(path: Path) -> str:
    """The figures, as PNG alone, which is laid out as the other formats are; the answers; or the masks converted."""
    if path.name == ANSWERS:
        return repr(read_answers([path], "a1", mixed=True))
    if path.name == RECORD:
        return repr(convert_folder(_panels() / "masks", path.parent, by_value(), [(0, 0, 0)], "--shift 0"))
    for panel in _panels().glob("*.png"):
        (path.parent / panel.name).write_bytes(panel.read_bytes())
    with patch.object(drawing, "UNDATED", {"png": None}):
        return " ".join(figure.name for figure in drawing.draw_saved(path.parent, path.stem))


def cases(generator: Random) -> Iterator[Case]:
    """See :class:`tests.fuzz.case.Kind`."""
    contents = {f"{command}.json": make(_panels()) for command, make in CONTENTS.items()}
    good = {name: json.dumps(content, indent=2).encode() for name, content in contents.items()}
    good[ANSWERS] = b"sheet,question,answer,image\na1,1,A,x.jpg\na1,2,MB,y.jpg\n"
    good[RECORD] = b'{"conversion": "--shift 0", "sources": {"a.png": [1, 2]}}'
    yield from (Case(f"a good {name}", name, writes(content)) for name, content in good.items())
    for name in ("boundary.json", ANSWERS):
        yield from odd_files(name, good[name])
    for name, content in _bombs(contents).items():
        yield Case(f"{name} of much", name.partition(" ")[0], writes(content))
    while True:
        name = generator.choice(list(good))
        if generator.random() < 0.25 or name not in contents:
            yield Case(f"a changed {name}", name, writes(changed(good[name], generator)))
        else:
            value = mangled(contents[name], generator)
            if isinstance(value, dict) and generator.random() < 0.9:
                value["command"] = contents[name]["command"]
            yield Case(f"other values in {name}", name, writes(json.dumps(value).encode()))


@cache
def _panels() -> Path:
    """The images of the grid, and a folder of masks."""
    folder = Path(mkdtemp(prefix="fuzz-panels-"))
    CONTENTS["qualitative"](folder)
    (folder / "masks").mkdir()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / "masks" / "a.png")
    return folder


def _bombs(contents: dict[str, Any]) -> dict[str, Any]:
    """Results with more of something than fits on a page, files elsewhere, and JSON that is deep or long."""

    def many(name: str, times: int) -> bytes:
        content = contents[name]
        results = [
            {**result, "group": f"g{n}", "name": f"g{n}"} for n in range(times) for result in content["results"][:1]
        ]
        return json.dumps({**content, "results": results}).encode()

    named = [name for name, content in contents.items() if content.get("results")]
    grid = contents["qualitative.json"]
    elsewhere = [
        {**image, "files": {**image["files"], "image": path}}
        for image in grid["images"]
        for path in ("/etc/hostname", "../../etc/passwd", "/dev/zero", "", ".", "a" * 5_000, "a\0b")
    ]
    return {
        **{
            f"{name} {times}": lambda name=name, times=times: many(name, times)
            for name in named
            for times in (60, 5_000)
        },
        **{
            f"qualitative.json {n}": json.dumps({**grid, "images": [image]}).encode()
            for n, image in enumerate(elsewhere)
        },
        "qualitative.json of 3,000 images": json.dumps({**grid, "images": grid["images"] * 3_000}).encode(),
        "boundary.json deep": b'{"command": "boundary", "results": ' + b"[" * 100_000,
        "boundary.json long": lambda: b'{"command": "boundary", "results": [' + b"[]," * 20_000_000 + b"[]]}",
        f"{ANSWERS} of a million rows": lambda: (
            b"sheet,question,answer\n" + b"".join(b"a1,%d,A\n" % n for n in range(900_000))
        ),
        f"{ANSWERS} of a long cell": lambda: b'sheet,question,answer\na1,1,"' + b"A" * 10**6,
        f"{ANSWERS} of many columns": lambda: b"sheet,question,answer" + b",x" * 10**6 + b"\na1,1,A" + b",y" * 10**6,
        f"{RECORD} deep": b'{"conversion": "--shift 0", "sources": ' + b'{"a":' * 10_000,
    }
