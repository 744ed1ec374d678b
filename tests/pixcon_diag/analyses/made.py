"""Measurements made by hand, so that a table's numbers can be computed on paper; and what every LaTeX table must be."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.predictions import SavedPredictions
from pixcon_diag.provenance import CheckpointInfo, InferenceInfo, Provenance, Scores
from pixcon_diag.tables.latex import to_latex
from pixcon_diag.tables.markdown import to_markdown
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Table
from pixcon_train.data.lists import Pair
from pixcon_train.data.sources import DataSource
from tests.pixcon_train.data.files import THREE

ODD = "a&b_50% {x}/y"
"""A group's name with everything that files, LaTeX and Markdown take amiss."""


def evaluation_data(images: int = 2, name: str = "val.txt", classes: tuple[str, ...] = THREE.classes) -> EvaluationData:
    """Pairs of the three-class data set, or one with other ``classes``, which lie nowhere."""
    pairs = tuple(Pair(f"{name}/{i}.jpg", f"{name}/{i}.png") for i in range(images))
    return EvaluationData(DataSource(THREE.model_copy(update={"classes": classes}), Path("root")), name, pairs, "index")


def provenance(name: str, data: EvaluationData, *, options: dict[str, Any] | None = None) -> Provenance:
    info = CheckpointInfo(
        source=f"runs/{name}/best_ema.pth",
        sha256=f"hash of {name}",
        layout="pixcon-train checkpoint",
        architecture="pixcon",
        size="nano",
        num_classes=3,
        projection=True,
        weights="ema",
        scores=Scores(epoch=3, ema=0.5),
    )
    return Provenance(info, data.info(), InferenceInfo("pixcon", None, 4, "cpu"), options or {"taus": (0.95, 0.5)}, "1")


def predictions(name: str, counts: Sequence[Sequence[int]], data: EvaluationData | None = None) -> SavedPredictions:
    """Predictions whose first image has these (3, K) counts, and whose other images are void."""
    data = data or evaluation_data()
    rows = np.zeros((len(data.pairs), 3, 3), dtype=np.int64)
    rows[0] = counts
    return SavedPredictions(name, provenance(name, data), data, None, rows)


def column(table: Table, key: str) -> list[Any]:
    """The values under a column."""
    (place,) = (index for index, column in enumerate(table.columns) if column.key == key)
    return [row[place] for row in table.rows]


def sound(result: Result, folder: Path) -> dict[str, Any]:
    """Check what every result must be, and give the JSON that it writes into ``folder``."""
    tables = (*result.tables, *result.files)
    assert len({table.name.lower() for table in tables}) == len(tables)
    for table in tables:
        check_latex(table)
        assert len(to_markdown(table).splitlines()) >= len(table.rows) + 3
    paths = result.write(folder)
    assert sorted(paths) == sorted(path for path in folder.rglob("*") if path.is_file())
    latex = [path for path in paths if path.parent == folder / "tables"]
    assert len(latex) == len(result.tables) + len(result.paper) and len(paths) == 1 + len(tables) + len(latex)
    for table in tables:
        keys = [column.key for column in table.columns]
        assert len(set(keys)) == len(keys), f"{table.name} would lose a column in its CSV"
    text = (folder / f"{result.command}.json").read_text(encoding="utf-8")
    assert "NaN" not in text and "Infinity" not in text
    content = json.loads(text)
    assert content["command"] == result.command and content["version"]
    assert content["notes"] == list(dict.fromkeys(note for table in result.tables for note in table.notes))
    return content


def check_latex(table: Table) -> None:
    """Environments and braces are balanced, every row has all its cells, and no character is LaTeX's own by mistake."""
    text = to_latex(table)
    stack: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", text):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert stack == []
    bare = re.sub(r"\\[\\{}&%$#_|]", "", text)
    assert bare.count("{") == bare.count("}") and bare.count("$") % 2 == 0
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r" \\")]
    overs = [row for row in rows if r"\multicolumn" in row]
    rows = [row for row in rows if row not in overs]
    assert len(rows) == len(table.rows) + 1
    assert len(overs) == any(column.over for column in table.columns)
    for row in overs:
        spans = re.findall(r"\\multicolumn\{(\d+)\}", row)
        assert sum(map(int, spans)) + len(re.findall(r"(?<!\\)&", row)) + 1 - len(spans) == len(table.columns)
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(table.columns) - 1}
    shown = re.sub(r"\\label\{[^}]*\}", "", text)
    assert not re.findall(r"(?<!\\)[%#]", shown) and not re.findall(r"(?<!\\)_", re.sub(r"\$[^$]*\$", "", shown))
