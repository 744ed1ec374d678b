"""The findings of a study, ranked, and the checks that are passed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pixcon_diag.findings.facts import Facts
from pixcon_diag.findings.finding import SEVERITIES, Finding, Fine
from pixcon_diag.findings.rules import RULES, Rule
from pixcon_diag.serialization import Serializable


@dataclass(frozen=True)
class Diagnosis(Serializable):
    """What the rules say of a study."""

    findings: tuple[Finding, ...]
    """A cause before its symptoms, then the more severe, then the larger."""
    fine: tuple[Fine, ...]
    """Checks that are passed, in the order of the rules."""
    unchecked: tuple[str, ...]
    """Rules that apply to no subject for lack of facts."""


def diagnose(facts: Facts, rules: Sequence[Rule] = RULES) -> Diagnosis:
    """Apply every rule to each of its subjects and rank the findings.

    Of the findings on one subject, one explained by another stands directly after it, and both count as severe as the
    more severe of them.
    """
    found: list[Finding] = []
    fine: list[Fine] = []
    unchecked = []
    for rule in rules:
        outcomes = [(subject.name, rule.judge(subject)) for subject in rule.subjects(facts)]
        for about, outcome in outcomes:
            if isinstance(outcome, Fine):
                fine.append(replace(outcome, rule=rule.name, about=about))
            if isinstance(outcome, Finding):
                found.append(replace(outcome, rule=rule.name, about=about, analysis=rule.analysis))
        if all(outcome is None for _, outcome in outcomes):
            unchecked.append(rule.name)
    causes = {rule.name: rule.causes for rule in rules}
    return Diagnosis(
        tuple(ranked([_with_cause(finding, found, causes) for finding in found])), tuple(fine), tuple(unchecked)
    )


def _with_cause(finding: Finding, found: Sequence[Finding], causes: dict[str, tuple[str, ...]]) -> Finding:
    """The finding with the first of its possible causes that was found on the same subject."""
    there = {other.rule for other in found if other.about == finding.about}
    return replace(finding, cause=next((cause for cause in causes[finding.rule] if cause in there), None))


def ranked(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Findings in the order in which they are told; see :func:`diagnose`."""
    by_key = {(finding.about, finding.rule): finding for finding in findings}
    symptoms: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.cause is not None:
            symptoms.setdefault((finding.about, finding.cause), []).append(finding)

    def family(finding: Finding) -> Iterator[Finding]:
        yield finding
        for symptom in sorted(symptoms.get((finding.about, finding.rule), ()), key=_own):
            yield from family(symptom)

    families = [[*family(finding)] for finding in by_key.values() if finding.cause is None]
    for members in sorted(families, key=lambda members: min(map(_own, members))):
        yield from members


def _own(finding: Finding) -> tuple[int, float]:
    """The place of a finding by itself."""
    return SEVERITIES.index(finding.severity), -finding.size
