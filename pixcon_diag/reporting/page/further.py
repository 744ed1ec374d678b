"""Tables of the analyses that no other section shows."""

from markupsafe import Markup

from pixcon_diag.analyses.registry import ANALYSES
from pixcon_diag.reporting.page.section import Context, Section, section_of


def section(context: Context) -> Section | None:
    """The tables under the questions that they answer; None where every result has its section."""
    shown = [one for one in ANALYSES if one.name in context.results and section_of(one.name) == "further"]
    parts = (
        Markup("<h3>{}</h3><p class=about>{}</p>{}").format(one.title, one.question, context.tables(one.name))
        for one in shown
    )
    body = Markup("").join(parts)
    if not body:
        return None
    return Section("further", "Further measurements", "Measurements without a section of their own.", body)
