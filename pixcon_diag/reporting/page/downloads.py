"""Everything to take along: the command, tables, figures, versions and the glossary."""

import platform
from collections.abc import Iterable
from importlib.metadata import version

from markupsafe import Markup

from pixcon_diag.reporting.page.saved import Figure, figures_of
from pixcon_diag.reporting.page.section import Context, Section
from pixcon_diag.reporting.page.terms import TERMS
from pixcon_train.core.version import VERSION

PACKAGES = ("torch", "torchvision", "timm", "numpy", "scipy", "scikit-learn", "openTSNE")
"""Packages on which the numbers depend."""


def section(context: Context) -> Section:
    """The section, which is always there."""
    figures = figures_of(context.figures)
    body = Markup("").join((_command(context), _TABLES, _figures(figures), _versions(), _glossary()))
    return Section(
        "downloads",
        "Downloads and glossary",
        "Every table and figure as a file, the command that writes this report, and what the terms mean.",
        body,
        {"figures": [{"name": one.name, "files": one.files, "held": [*one.held]} for one in figures]},
        images={f"figure-{one.name}": one.held for one in figures if one.held},
    )


def _command(context: Context) -> Markup:
    if context.command is None:
        return Markup("")
    notes = Markup("").join(Markup("<p class=note>{}</p>").format(note) for note in context.command.notes)
    return Markup(
        "<h3>Command</h3><p>Writes this report again, in the folder in which it ran:</p>"
        '<pre class="scroll command" tabindex=0 role=region aria-label="Command"><code id=command>{}</code></pre>{}'
    ).format(context.command.line, notes)


_TABLES = Markup(
    "<h3>Tables</h3><p class=note>Each as CSV and JSON at full precision, as Markdown, and as LaTeX for the booktabs "
    "package; long ones as CSV alone, the longest only as files beside this page.</p><div id=saved-tables></div>"
)


def _figures(figures: Iterable[Figure]) -> Markup:
    """The list that the script fills with buttons; without it the names of the files."""
    names = [f"{one.name}.{suffix}" for one in figures for suffix in one.files]
    if not names:
        return Markup("<div id=saved-charts></div>")
    return Markup(
        "<h3>Figures</h3><p class=note>Drawn for print, with the data's source below each; files that this page does "
        "not hold lie beside it in the report's folder.</p><ul id=saved-figures>{}</ul><div id=saved-charts></div>"
    ).format(Markup("").join(Markup("<li><code>{}</code></li>").format(name) for name in names))


def _versions() -> Markup:
    versions = [("pixcon-diag", VERSION), ("Python", platform.python_version())]
    versions += [(name, version(name)) for name in PACKAGES]
    text = ", ".join(f"{name} {number}" for name, number in versions)
    return Markup("<h3>Versions</h3><p>{}. Weights, lists and options are given under <a href=#compared>What was "
                  "compared</a> and in every JSON file.</p>").format(text)  # fmt: skip


def _glossary() -> Markup:
    entries = Markup("").join(
        Markup("<dt id=term-{}>{}</dt><dd>{}</dd>").format(term.key, term.title, term.definition) for term in TERMS
    )
    return Markup("<h3 id=glossary>Glossary</h3><dl class=glossary>{}</dl>").format(entries)
