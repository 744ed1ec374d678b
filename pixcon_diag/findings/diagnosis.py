"""The findings of a study, ranked, and the checks that are passed."""

from collections.abc import Sequence
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

    A cause counts as severe as the most severe of its symptoms on the same subject, and stands before all of them.
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
    explained = [_with_causes(finding, found, causes[finding.rule]) for finding in found]
    return Diagnosis(tuple(ranked(explained)), tuple(fine), tuple(unchecked))


def _with_causes(finding: Finding, found: Sequence[Finding], possible: Sequence[str]) -> Finding:
    """The finding with those of its possible causes that were found on the same subject."""
    there = {other.rule for other in found if other.about == finding.about}
    return replace(finding, causes=tuple(cause for cause in possible if cause in there))


def ranked(findings: Sequence[Finding]) -> list[Finding]:
    """Findings in the order in which they are told; see :func:`diagnose`.

    Args:
        findings: in the order of the rules, in which causes stand before their symptoms.
    """
    places: dict[tuple[str, str], tuple[int, float]] = {}
    for finding in reversed(findings):
        key = finding.about, finding.rule
        places[key] = min(places.get(key, _own(finding)), _own(finding))
        for cause in finding.causes:
            above = finding.about, cause
            places[above] = min(places.get(above, places[key]), places[key])
    # The sort is stable: where a cause takes the place of its symptom, it stays before it.
    return sorted(findings, key=lambda finding: places[finding.about, finding.rule])


def _own(finding: Finding) -> tuple[int, float]:
    """The place of a finding by itself."""
    return SEVERITIES.index(finding.severity), -finding.size
