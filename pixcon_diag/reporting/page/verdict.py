"""What was found, in sentences, below the checks of what the numbers rest on."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from pixcon_diag.findings.finding import listing
from pixcon_diag.reporting.page.section import Context, Section, fold, section_of
from pixcon_diag.reporting.page.tables import table_html

CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Stated mIoU", ("far-from-stated",)),
    ("Images of training", ("trained-on",)),
    ("Labels", ("shifted-labels",)),
    ("Classes", ("absent-from-labeled", "absent-from-bank", "never-predicted", "never-retained")),
    ("Teacher", ("nothing-retained", "slow-teacher", "teacher-below-student")),
    ("Seeds", ("few-seeds",)),
)
"""What the other numbers rest on, and the doctor's rules that check it."""


class Light(NamedTuple):
    """The state of one check."""

    color: str
    word: str
    sentence: str


def section(context: Context) -> Section | None:
    """The verdict; None without a diagnosis."""
    content = context.content("doctor")
    if not content:
        return None
    lights = [(title, light) for title, rules in CHECKS if (light := _light(content, rules)) is not None]
    body = Markup("").join((_lights(lights), _sentences(content), _findings(context), _fine(content)))
    return Section("verdict", "Verdict", "What is good, what is wrong, and what to do about it.", body)


def _light(content: Mapping[str, Any], rules: Sequence[str]) -> Light | None:
    """The worst outcome of some rules; None if none of them could be checked."""
    found = [finding for finding in content["findings"] if finding["rule"] in rules]
    if found:
        severe = any(finding["severity"] == "severe" for finding in found)
        return Light("bad" if severe else "warn", "problem" if severe else "caution", _worst(found))
    fine = [check for check in content["fine"] if check["rule"] in rules]
    return Light("good", "fine", _clauses(fine)) if fine else None


def _worst(findings: Sequence[Mapping[str, Any]]) -> str:
    """The first finding, and of what else its rule finds the same."""
    first, *others = findings
    same = [finding["about"] for finding in others if finding["rule"] == first["rule"]]
    also = f" The same rule finds this of {listing(same)}." if same else ""
    return f"{first['sentence']}{also}"


def _clauses(checks: Sequence[Mapping[str, Any]]) -> str:
    """What is fine, each with the checkpoints of which it is known, as no check applies to all of them."""
    about: dict[str, list[str]] = {}
    for check in checks:
        about.setdefault(check["sentence"], []).append(check["about"])
    text = "; ".join(f"{sentence} ({listing(names)})" for sentence, names in about.items())
    return f"{text[0].upper()}{text[1:]}."


def _lights(lights: Sequence[tuple[str, Light]]) -> Markup:
    items = Markup("").join(
        Markup('<li class="light {}"><b>{}: {}</b> <span>{}</span></li>').format(
            light.color, title, light.word, light.sentence
        )
        for title, light in lights
    )
    return Markup('<ul class=lights aria-label="Checks">{}</ul>').format(items) if lights else Markup("")


def _sentences(content: Mapping[str, Any]) -> Markup:
    """What was measured and found, each with its section; what is fine is listed below."""
    items = Markup("").join(
        Markup("<li>{} {}</li>").format(entry["text"], _link(entry["analysis"])) for entry in content["told"]
    )
    return Markup("<ol class=verdict>{}</ol>").format(items)


def _link(analysis: str) -> Markup:
    anchor = section_of(analysis)
    return Markup('<a href="#{}">{}</a>').format(anchor, f"→ {anchor}") if analysis else Markup("")


def _findings(context: Context) -> Markup:
    """The table of all findings, also of those that the sentences leave out."""
    table = context.table("doctor", "doctor")
    return Markup("") if table is None else fold("All findings", table_html(table, folded=False))


def _fine(content: Mapping[str, Any]) -> Markup:
    checks = Markup("").join(
        Markup("<li>{}: {}</li>").format(check["about"], check["sentence"]) for check in content["fine"]
    )
    listed = Markup("<ul>{}</ul>").format(checks) if checks else checks
    return fold(f"{len(content['fine'])} checks are passed", listed)
