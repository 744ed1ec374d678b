"""The order of findings: a cause before its symptoms, then severity, then size."""

from dataclasses import replace

import pytest

from pixcon_diag.findings.diagnosis import diagnose, ranked
from pixcon_diag.findings.facts import Facts, Method
from pixcon_diag.findings.finding import Finding, interval, listing, points
from pixcon_diag.findings.rules import RULES
from pixcon_diag.findings.summary import MOST, PASSED, summarize
from tests.pixcon_diag.findings.facts import filter_, measured, noise, pair, training

SHORT = training(iterations=450, decay=0.996, warmup=50, retention=(0.0, 0.0), teacher={8: 0.05}, student={8: 0.3})
"""A slow teacher in a short run."""


def found(
    rule: str, severity: str = "minor", size: float = 1.0, about: str = "a", causes: tuple[str, ...] = ()
) -> Finding:
    return Finding(severity, size, "S.", "R.", rule=rule, about=about, causes=causes)  # type: ignore[arg-type]


def test_severity_then_size() -> None:
    findings = [found("a", "minor", 9), found("b", "severe", 1), found("c", "severe", 2), found("d", "moderate", 5)]
    assert [finding.rule for finding in ranked(findings)] == ["c", "b", "d", "a"]


def test_a_cause_takes_the_place_of_its_symptom_and_stands_before_it() -> None:
    findings = [
        found("cause", "minor"),
        found("co-cause", "moderate", 9),
        found("symptom", "severe", 3, causes=("cause", "co-cause")),
        found("second", "moderate", 1, causes=("symptom",)),
        found("other", "moderate", 8),
        found("worst", "severe", 4),
    ]
    assert [f.rule for f in ranked(findings)] == ["worst", "cause", "co-cause", "symptom", "other", "second"]


def test_a_cause_of_a_cause_stands_first() -> None:
    findings = [found("a"), found("b", causes=("a",)), found("c", "severe", causes=("b",)), found("d", "moderate")]
    assert [finding.rule for finding in ranked(findings)] == ["a", "b", "c", "d"]


def test_a_cause_explains_its_own_subject_alone() -> None:
    findings = [found("cause", "minor", about="a"), found("symptom", "severe", about="b", causes=("cause",))]
    assert [finding.rule for finding in ranked([*findings, found("x", "moderate")])] == ["symptom", "x", "cause"]


def test_a_slow_teacher_in_a_short_run_comes_first_with_its_remedy() -> None:
    diagnosis = diagnose(Facts((SHORT,)))
    first, *symptoms = diagnosis.findings
    assert first.rule == "slow-teacher" and first.severity == "severe"
    assert "250 of the run's 450 iterations (56 %, ema_decay 0.996)" in first.sentence
    assert "ema_decay to 0.956 or lower" in first.remedy and "5,000 iterations" in first.remedy
    assert {symptom.rule for symptom in symptoms} == {"nothing-retained", "teacher-below-student"}
    assert {symptom.causes for symptom in symptoms} == {("slow-teacher",)}
    assert [fine.rule for fine in diagnosis.fine] == ["long-warmup"]
    assert "shifted-labels" in diagnosis.unchecked


def test_a_long_warm_up_explains_that_nothing_is_retained() -> None:
    diagnosis = diagnose(Facts((training(warmup=1000, retention=(0.0, 0.0)),)))
    assert [(finding.rule, finding.causes) for finding in diagnosis.findings] == [
        ("long-warmup", ()),
        ("nothing-retained", ("long-warmup",)),
    ]


def test_two_causes_stand_before_what_both_explain() -> None:
    both = replace(SHORT, training=replace(SHORT.training, warmup=200))  # type: ignore[type-var]
    findings = diagnose(Facts((both,))).findings
    assert [finding.rule for finding in findings[:2]] == ["slow-teacher", "long-warmup"]
    assert {finding.causes for finding in findings[2:]} == {("slow-teacher", "long-warmup")}


def test_the_summary_tells_what_was_measured_found_and_passed() -> None:
    seeds = (Method("net", 1, compared=True), Method("other", 1, compared=True))
    facts = Facts((measured(filter=filter_(macro_rho_f=0.2)), SHORT), (pair(image_noise=noise(0.1, 1)),), seeds)
    summary = summarize(facts, diagnose(facts)).texts
    assert 5 <= len(summary) <= MOST
    assert summary[0].startswith("net has 88.2 % mIoU on 10 images of val.txt (95 %:")
    assert "run reaches 5.0 % mIoU" in summary[0]
    assert "misplaced boundaries 4.0" in summary[1] and summary[1].startswith("Of the 40.0 points")
    assert "retains 50.0 % of the pixels (95 %:" in summary[2] and "4.1 % of these are wrong" in summary[2]
    assert "verdict on the filter: strict." in summary[2] and "would hold 3.0 % wrong entries" in summary[2]
    assert summary[3].startswith("The EMA teacher of run averages over 250")
    assert summary[-1].startswith("Checked and fine: measured on images it was not trained on; labels not")
    assert "number of seeds" not in summary[-1]


def test_every_rule_that_finds_nothing_is_said_in_words() -> None:
    assert list(PASSED) == [rule.name for rule in RULES]


def test_findings_of_one_rule_are_told_once() -> None:
    facts = Facts(tuple(replace(SHORT, name=name) for name in ("a", "b", "c")))
    summary = summarize(facts, diagnose(facts)).texts
    told = [entry for entry in summary if "averages over" in entry]
    assert len(told) == 1 and "The same rule finds this of b and c." in told[0]


def test_nothing_found() -> None:
    facts = Facts((training(),))
    assert summarize(facts, diagnose(facts)).texts[1] == "No rule finds anything."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (interval(0.012, 0.034), " (95 %: 1.20 to 3.40)"),
        (interval(-0.012, 0.034, 0.9), " (90 %: −1.20 to 3.40)"),
        (interval(float("nan"), 1.0), ""),
        (points(-0.0123), "−1.23"),
        (listing(["a"]), "a"),
        (listing(["a", "b", "c"]), "a, b and c"),
        (listing(["a", "b", "c"], 2), "a, b and 1 more"),
    ],
)
def test_numbers_and_names_as_text(text: str, expected: str) -> None:
    assert text == expected
