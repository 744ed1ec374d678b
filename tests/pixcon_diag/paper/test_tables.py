"""The paper's tables with its own numbers, and their LaTeX through pdfLaTeX, whatever the names are."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.measures.landscape import published, published_tables
from pixcon_diag.paper.errors import tables6, tables7
from pixcon_diag.paper.rates import tables8, tables9
from pixcon_diag.paper.scores import table4, tables1_to_3
from pixcon_diag.paper.sweep import table10
from pixcon_diag.statistics.spread import Spread, spread
from pixcon_diag.tables.latex import to_latex
from pixcon_diag.tables.paper_table import PaperTable
from pixcon_diag.tables.table import Column, Table

HOSTILE = (
    r"\input{/etc/passwd}",
    "a & b % c # d $ e _ f ^ g ~ h {i} }",
    "[x] *y* <z> | `q` 'r' \"s\"",
    "$\\rho$_F ρ_F P^F",
    "道路 дорога شارع 😀",
    "\u202eevil\u202c \x07\x1b[0m",
    "é ß ø ł ő ç Ą ǟ e\u0301",
    "--- -- -",
    "long " * 400,
    "",
    " ",
)


def provenance(dataset: str = "pascal", images: int = 1449, size: str = "base") -> dict[str, Any]:
    data = {"dataset": dataset, "images": images, "list_sha256": "l", "root": "r"}
    return {"checkpoint": {"size": size}, "data": data}


def rows(table: PaperTable) -> list[list[str]]:
    return [line.removesuffix(r" \\").split(" & ") for line in table.body if line.endswith(r"\\")]


def per_class(baseline: str = "UniMatch V2", other: str = "PixCon") -> list[dict[str, Any]]:
    """Three classes of the paper's Table 6 at 1/8, and its mean."""
    found = [("chair", 0.628, 0.6524), ("bird", 0.967, 0.957), ("cow", 0.977, 0.977), ("absent", None, None)]
    table = [
        {"name": name, "baseline": first, "other": second, "delta": None if first is None else second - first}
        for name, first, second in found
    ]
    mean = {"baseline": 0.8701, "other": 0.8790, "delta": 0.0089}
    result = {"rows": table, "mean": mean, "baseline_seeds": 3, "other_seeds": 3}
    return [{"baseline": baseline, "other": other, "per_class": result}]


def boundary(baseline: str = "UM2", other: str = "PixCon") -> list[dict[str, Any]]:
    """Table 7 from errors of one seed each."""
    errors = {baseline: [(0.1578, 0.0258), (0.1197, 0.0234)], other: [(0.1548, 0.0241), (0.1162, 0.0217)]}
    return [
        {
            "group": group,
            "provenance": provenance(),
            "boundary": {
                "widths": [
                    {"width": width, "band": {"error": band}, "interior": {"error": interior}}
                    for width, (band, interior) in zip((1, 3), values, strict=True)
                ]
            },
        }
        for group, values in errors.items()
    ]


def contamination(name: str = "none") -> list[dict[str, Any]]:
    overall = {"retention": 0.9764, "retained_accuracy": 0.9821, "rho_f": 0.0179}
    at = [{"tau": tau, "overall": overall} for tau in (0.95, 0.9)]
    return [{"name": name, "iou": {"miou": 0.8732}, "provenance": provenance(), "contamination": {"thresholds": at}}]


def geometry(*groups: str) -> list[dict[str, Any]]:
    """Two seeds of each method."""
    return [
        {
            "group": group,
            "foreground": list(range(1, 21)),
            "provenance": provenance(),
            "geometry": {
                "compactness": 0.9 + 0.01 * place + 0.01 * seed,
                "mean_inter": 0.4,
                "max_inter": 0.5,
                "margin": None,
            },
        }
        for place, group in enumerate(groups)
        for seed in range(2)
    ]


def sweep(key: str = "bank.weight") -> dict[str, Any]:
    settings = [
        {"value": value, "mean": miou, "peak_epochs": (peak,), "is_base": base}
        for value, miou, peak, base in ((0.05, 0.8555, 5, False), (0.1, 0.8695, 15, True), (0.5, 0.8623, 7, False))
    ]
    return {"weights": "ema", "base": ("default",), "axes": [{"hyperparameter": key, "settings": settings}]}


def checkpoint(group: str, miou: float, labeled: int | None = 183, **changes: Any) -> dict[str, Any]:
    return {"group": group, "iou": {"miou": miou}, "labeled": labeled, "provenance": provenance(**changes)}


def test_published_numbers_are_those_of_the_tables() -> None:
    tables = published_tables()
    assert [(table.number, len(table.splits), len(table.methods)) for table in tables.values()] == [
        (1, 5, 17), (2, 4, 9), (3, 5, 7),
    ]  # fmt: skip
    assert all(len(method.values) == len(table.splits) for table in tables.values() for method in table.methods)
    last = tables["pascal"].methods[-1]
    assert last.values[:3] == ["85.05 ± 0.52", "87.90 ± 0.26", "88.68†"]
    assert published()[-1].miou == 0.879


def test_tables_1_to_3_set_own_runs_below_the_published_ones() -> None:
    own = [checkpoint("none", 0.8628), checkpoint("none", 0.8774), checkpoint("clean", 0.8790)]
    elsewhere = [checkpoint("none", 0.5, labeled=96, dataset="digits"), checkpoint("part", 0.9, images=10)]
    (table,) = tables1_to_3([*own, *elsewhere, checkpoint("other split", 0.9, labeled=7)], {"base": "DINOv2-B"})
    assert table.name == "paper_table1" and "1/8 (183)" in table.heads[0]
    none, clean = rows(table)[-2:]
    assert none == ["none", "DINOv2-B", "--", r"\textit{87.01 $\pm$ 1.03}", "--", "--", "--"]
    assert clean == ["clean", "DINOv2-B", "--", r"\textbf{87.90$\dagger$}", "--", "--", "--"]
    published_row = next(row for row in rows(table) if row[0] == "PixCon (published)")
    assert published_row[2:5] == [r"85.05 $\pm$ 0.52", r"87.90 $\pm$ 0.26", r"88.68$\dagger$"]
    assert list(tables1_to_3(elsewhere, {})) == []


def test_table_4() -> None:
    rules = {"none": {92: spread([0.8447]), 183: Spread(0.8740, 0.0073)}, "clean": {183: spread([0.8760])}}
    table = table4(rules, {"none": "None (baseline)", "clean": "Clean-positive (ρ_F = 0)"})
    assert rows(table) == [
        ["None (baseline)", "84.47", r"87.40 $\pm$ 0.73"],
        ["Clean-positive ($\\rho_F$ = 0)", "--", "87.60"],
    ]


def test_table_6_has_the_paper_s_digits_and_sign() -> None:
    (table,) = tables6(per_class(), "pascal")
    assert rows(table) == [
        ["chair", "62.8", "65.2", "+2.4"], ["bird", "96.7", "95.7", "$-$1.0"], ["cow", "97.7", "97.7", "+0.0"],
        ["absent", "--", "--", "--"], ["mean", "87.01", "87.90", "+0.89"],
    ]  # fmt: skip
    assert "mean over 3 seeds" in table.caption and r"$\Delta$ = P $-$ U" in table.caption


def test_table_7_has_the_paper_s_sign_and_says_so() -> None:
    (table,) = tables7(boundary(), "UM2")
    assert rows(table) == [
        ["1 px", r"15.78 $\rightarrow$ 15.48", "+0.30", r"2.58 $\rightarrow$ 2.41", "+0.17"],
        ["3 px", r"11.97 $\rightarrow$ 11.62", "+0.35", r"2.34 $\rightarrow$ 2.17", "+0.17"],
    ]
    assert r"$\Delta$ = UM2 $-$ PixCon (positive means PixCon better), which is the opposite" in table.caption
    assert list(tables7(boundary()[:1], "UM2")) == []


def test_table_8_at_each_threshold() -> None:
    first, second = tables8(contamination())
    assert rows(first) == [["pascal, none", "87.32", r"97.6\%", r"98.2\%", "0.018"]]
    assert (first.name, second.name) == ("paper_table8_0.95", "paper_table8_0.9")


def test_table_9_of_one_method_and_of_each_other_one_with_its_difference() -> None:
    (alone,) = tables9(geometry("none"))
    assert rows(alone)[0] == [r"Intra-class compactness ($\uparrow$)", r"0.905 $\pm$ 0.007"]
    assert rows(alone)[3] == [r"Margin ($\uparrow$)", "--"]
    first, second = tables9(geometry("none", "clean", "labeled"))
    assert rows(first)[0][1:] == [r"0.905 $\pm$ 0.007", r"0.915 $\pm$ 0.007", "+0.010"]
    assert rows(second)[0][-1] == "+0.020" and r"$\Delta$ = labeled $-$ none" in second.caption
    other = geometry("none", "clean")
    other[2]["provenance"]["data"]["list_sha256"] = "another"
    assert list(tables9(other)) == []


def test_table_10_underlines_the_base() -> None:
    table = table10(sweep())
    assert table.heads == (r" & setting & low & \underline{default} & high \\",)
    assert rows(table) == [
        [r"$\lambda_\mathrm{pix}$", "value", "0.05", r"\underline{0.1}", "0.5"],
        ["", "mIoU", "85.55", "86.95", "86.23"],
        ["", "peak ep", "5", "15", "7"],
    ]
    short = sweep("x_y")
    short["axes"].append({"hyperparameter": "b", "settings": short["axes"][0]["settings"][:2]})
    table = table10(short)
    assert r"\multicolumn{3}{c}{values}" in table.heads[0] and rows(table)[0][0] == r"x\_y" and rows(table)[3][-1] == ""


def hostile_tables() -> list[str]:
    """Every kind of table with every hostile name."""
    texts = []
    for name in HOSTILE:
        generic = Table(
            name, name, (Column("a", name), Column("b", name, "number", over=name)), ((name, 0.5),), (name, "ρ_F")
        )
        own = [checkpoint(name, 0.8), checkpoint("clean", 0.9)]
        paper = [
            *tables1_to_3(own, {"base": name}), table4({"none": {92: spread([0.5])}}, {"none": name}),
            *tables6(per_class(name, f"{name}2"), name), *tables7(boundary(name, f"{name}2"), name),
            *tables8(contamination(name)), *tables9(geometry(name, f"{name}2")), table10(sweep(name)),
        ]  # fmt: skip
        assert len(paper) == 8
        texts += [to_latex(generic), *(table.to_latex() for table in paper)]
    return texts


@pytest.mark.slow
def test_every_table_compiles_with_any_name(tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed (Debian: texlive-latex-recommended), so no table is compiled")
    lines = [r"\documentclass[twocolumn]{article}", r"\usepackage{booktabs}", r"\begin{document}"]
    for number, text in enumerate(hostile_tables()):
        (tmp_path / f"{number}.tex").write_text(text, encoding="utf-8")
        lines += [rf"\input{{{number}.tex}}", r"\clearpage"]
    (tmp_path / "all.tex").write_text("\n".join([*lines, r"\end{document}"]), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-no-shell-escape", "-file-line-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=300, check=False)
    log = done.stdout.decode(errors="replace")
    errors = [line for line in log.splitlines() if re.match(r"^(!|\S+\.tex:\d+:)", line)]
    assert errors == [] and done.returncode == 0
    assert (tmp_path / "all.pdf").stat().st_size > 10_000
    assert "root:" not in log
