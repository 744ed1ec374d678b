"""The verdict: the lights of the checks, the doctor's sentences and their links."""

from typing import Any

from pixcon_diag.analyses.registry import ANALYSES
from pixcon_diag.findings.rules import RULES
from pixcon_diag.reporting.page.section import SECTION_OF, Context, section_of
from pixcon_diag.reporting.page.verdict import CHECKS, section
from pixcon_diag.tables.result import Result
from tests.pixcon_diag.reporting.page.made import context

FINDING = {
    "rule": "far-from-stated",
    "severity": "severe",
    "sentence": "<b> measures 2.90.",
    "analysis": "contamination",
}


def diagnosis(**content: Any) -> Context:
    return context([Result.of("doctor", [], **{"told": [], "findings": [], "fine": [], **content})])


def body(of: Context) -> str:
    found = section(of)
    assert found is not None
    return str(found.body)


def test_every_rule_of_the_checks_exists_and_every_link_leads_to_a_section() -> None:
    from pixcon_diag.reporting.page.page import SECTIONS

    assert {rule for _, rules in CHECKS for rule in rules} <= {rule.name for rule in RULES}
    assert set(SECTION_OF) <= {analysis.name for analysis in ANALYSES}
    assert {section_of(rule.analysis) for rule in RULES} <= {*SECTIONS, "training"}


def test_a_light_is_red_amber_green_or_absent() -> None:
    few = {**FINDING, "rule": "few-seeds", "severity": "minor"}
    fine = {"rule": "trained-on", "about": "a", "sentence": "no image is in the list"}
    html = body(diagnosis(findings=[FINDING, few], fine=[fine]))
    assert "light bad" in html and "Stated mIoU: problem" in html and "&lt;b&gt; measures 2.90." in html
    assert "light warn" in html and "Seeds: caution" in html
    assert "light good" in html and "No image is in the list (a)." in html
    assert html.count("<li class=") == 3


def test_a_light_names_the_checkpoints_that_it_speaks_of() -> None:
    few = {**FINDING, "rule": "few-seeds", "severity": "minor", "sentence": "a has one seed."}
    stated = {"rule": "far-from-stated", "sentence": "the measured mIoU is the stated one (62.95 %)"}
    trained = {"rule": "trained-on", "sentence": "no image is in the list"}
    fine = [{**stated, "about": "a"}, {**trained, "about": "a"}, {**trained, "about": "b"}]
    html = body(diagnosis(findings=[{**few, "about": "a"}, {**few, "about": "b"}], fine=fine))
    assert "The measured mIoU is the stated one (62.95 %) (a)." in html
    assert "No image is in the list (a and b)." in html
    assert "a has one seed. The same rule finds this of b." in html


def test_a_sentence_of_a_finding_links_to_the_section_with_its_numbers(measured: Context) -> None:
    content = measured.content("doctor")
    html = body(measured)
    linked = [f for f in content["findings"] if any(one["text"].startswith(f["sentence"]) for one in content["told"])]
    assert linked and all(f'href="#{section_of(finding["analysis"])}"' in html for finding in linked)


def test_the_sentences_on_errors_and_filter_link_to_them(measured: Context) -> None:
    told = [line for line in body(measured).split("<li>") if line.startswith(("Of the ", "At τ = "))]
    assert ['href="#errors"' in line for line in told[:2]] == [True, False]
    assert 'href="#filter"' in told[1]
    first = body(measured).split("<ol class=verdict><li>")[1]
    assert first.startswith("none has ") and 'href="#compared"' in first.split("</li>")[0]


def test_without_a_diagnosis_there_is_no_verdict() -> None:
    assert section(context([])) is None
