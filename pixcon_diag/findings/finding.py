"""What a rule says of its subject: a finding, or that the check is passed."""

from dataclasses import dataclass, field
from typing import Literal

from pixcon_diag.serialization import Serializable

Severity = Literal["severe", "moderate", "minor"]
SEVERITIES: tuple[Severity, ...] = ("severe", "moderate", "minor")
"""severe: other numbers cannot be trusted, or training is without effect; moderate: a conclusion changes; minor: worth
knowing."""


@dataclass(frozen=True)
class Finding(Serializable):
    """One rule's finding on one subject."""

    severity: Severity
    size: float
    """By how many times the number exceeds its threshold, which orders findings of one severity."""
    sentence: str
    """What is the case, with its number and, where there is one, its interval."""
    remedy: str
    """What to do, as one sentence."""
    evidence: dict[str, float | int | str | None] = field(default_factory=dict)
    """The numbers behind the sentence; rates are fractions."""
    rule: str = ""
    """Name of the rule; this and the next three are filled in by :func:`pixcon_diag.findings.diagnosis.diagnose`."""
    about: str = ""
    """Name of the checkpoint, run, method or pair."""
    analysis: str = ""
    """Command that shows the numbers."""
    causes: tuple[str, ...] = ()
    """The rules whose findings on the same subject explain this one."""


@dataclass(frozen=True)
class Fine(Serializable):
    """A check that is passed."""

    sentence: str
    rule: str = ""
    about: str = ""


Outcome = Finding | Fine | None
"""None: the facts that the rule needs are not there."""


def per_cent(value: float, digits: int = 1) -> str:
    """A fraction as text, ``12.3 %``."""
    return f"{100 * value:.{digits}f} %"


def points(value: float) -> str:
    """A difference of fractions as text with its sign, in percentage points."""
    return f"{100 * value:+.2f}".replace("-", "−")


def interval(low: float, high: float, level: float = 0.95) -> str:
    """An interval of fractions as text, ``95 %: 1.2–3.4``; empty where it is undefined."""
    if not (low == low and high == high):
        return ""
    ends = [f"{100 * end:.2f}".replace("-", "−") for end in (low, high)]
    return f" ({100 * level:g} %: {ends[0]} to {ends[1]})"


def listing(names: list[str] | tuple[str, ...], most: int = 5) -> str:
    """Names as text, the first ``most`` of them."""
    shown = list(names[:most])
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
