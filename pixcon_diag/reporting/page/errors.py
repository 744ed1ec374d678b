"""The error budget and the confusion matrix, whose cells open their images."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from pixcon_diag.analyses.error_budgets import error_budgets
from pixcon_diag.findings.summary import KINDS
from pixcon_diag.measures.error_budget_result import ErrorBudget
from pixcon_diag.passes.predictions import Predictions
from pixcon_diag.reporting.page.section import Context, Section, fold
from pixcon_diag.reporting.page.tables import table_html

MOST_CLASSES = 25
"""Most classes of the matrix: a larger one is not readable. Those with most confused pixels are shown."""
MOST_PAIRS = 300
"""Most pairs of classes whose images are named."""
LEAST = 0.03
"""mIoU from which on the part of a bar has room for its number."""
MOST_IMAGES = 8
"""Most images named for a pair."""


def section(context: Context) -> Section | None:
    """What kinds of errors cost, and which classes are confused; None without label maps."""
    content = context.content("doctor").get("results", [])
    budgets = error_budgets(context.methods) if content else {}
    members = [member for group in context.measured for member in group.members if member.name in budgets]
    if not members:
        return None
    tables = (context.table("doctor", name) for name in ("doctor_errors", "doctor_pairs"))
    body = Markup("{}{}<div id=confusion></div>{}").format(
        _bars(content),
        Markup("").join(table_html(table) for table in tables if table is not None),
        fold("Suspected errors of the labels", context.tables("audit-labels")),
    )
    return Section(
        "errors",
        "Error budget",
        "What kinds of errors cost in mIoU, and which classes are taken for which.",
        body,
        {
            "classes": members[0].data.spec.classes,
            "members": [confusions(member, budgets[member.name]) for member in members],
        },
    )


def confusions(member: Predictions, budget: ErrorBudget) -> dict[str, Any]:
    """The confusion matrix of the classes shown, and the images of the pairs with most pixels."""
    matrix, confused = budget.confusion, budget.confused
    order = np.argsort(-(confused.sum(0) + confused.sum(1)), kind="stable")[:MOST_CLASSES]
    shown = np.sort(order)
    names = [pair.image for pair in member.data.pairs]
    images = {
        f"{t},{p}": [[names[i], int(n)] for i, n in budget.images_of(t, p)[:MOST_IMAGES]]
        for t, p in budget.largest_confusions(MOST_PAIRS)
    }
    return {
        "name": member.name,
        "shown": shown.tolist(),
        "truth": matrix.sum(1)[shown].tolist(),
        "matrix": matrix[np.ix_(shown, shown)].tolist(),
        "images": images,
    }


def _bars(results: list[Mapping[str, Any]]) -> Markup:
    """The mIoU of each checkpoint and what each kind of error takes from it, as bars that end at 100 %."""
    kinds = [category["name"] for category in results[0]["errors"]["categories"]]
    legend = Markup("").join(
        Markup('<li><span class="swatch kind-{}"></span>{}</li>').format(i, KINDS[kind]) for i, kind in enumerate(kinds)
    )
    rows = Markup("").join(_bar(result) for result in results)
    return Markup(
        "<figure class=budget><ul class=legend><li><span class=swatch></span>mIoU</li>{}</ul><dl>{}</dl>"
        "<figcaption>The mIoU, and the points gained by correcting one kind of error after the other, which end at "
        "100 %.</figcaption></figure>"
    ).format(legend, rows)


def _bar(result: Mapping[str, Any]) -> Markup:
    errors = result["errors"]
    parts = [("miou", "mIoU", errors["miou"])]
    parts += [(f"kind-{i}", KINDS[one["name"]], one["step"]) for i, one in enumerate(errors["categories"])]
    spans = Markup("").join(
        Markup('<span class="part {}" style="flex-grow:{}" title="{}: {}"><span>{}</span></span>').format(
            kind, f"{max(value, 0):.5f}", name, f"{100 * value:.2f}", f"{100 * value:.1f}" if value >= LEAST else ""
        )
        for kind, name, value in parts
    )
    return Markup("<dt>{}</dt><dd class=bar>{}</dd>").format(result["name"], spans)
