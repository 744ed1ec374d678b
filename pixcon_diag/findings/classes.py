"""Rules on classes that get lost: in the labeled list, in the bank, in the prediction, in the filter."""

import numpy as np

from pixcon_diag.findings.facts import Member
from pixcon_diag.findings.finding import Finding, Fine, Outcome, interval, listing, per_cent
from pixcon_diag.findings.training import NEARLY_NOTHING

DIRTY = 0.05
"""Contamination above which a bank is dirty."""
NEVER = 0.001
"""Share up to which a class counts as never predicted, or never retained."""


def absent_from_labeled(member: Member) -> Outcome:
    """Classes that no labeled image contains."""
    measured = member.measured
    if measured is None or measured.labeled is None:
        return None
    absent = measured.labeled.absent
    if not absent:
        return Fine(f"each class is in the labeled list ({measured.labeled.images} images)")
    names = [measured.classes[k] for k in absent]
    return Finding(
        "moderate",
        float(len(absent)),
        f"No image of the labeled list ({measured.labeled.images} images) contains {listing(names)}, so {member.name} "
        "cannot learn " + ("it." if len(names) == 1 else "them."),
        "Draw another labeled list in which each class occurs, or leave these classes out of the mean.",
        {"classes": ", ".join(names), "images": measured.labeled.images},
    )


def absent_from_bank(member: Member) -> Outcome:
    """Classes of the labeled list without an entry in the bank."""
    measured = member.measured
    if measured is None or measured.labeled is None:
        return None
    labeled = measured.labeled
    starved = [measured.classes[k] for k in labeled.starved if k not in labeled.absent]
    if not starved:
        return Fine(f"each labeled class enters a bank of the rule `{labeled.rule}`")
    return Finding(
        "moderate",
        float(len(starved)),
        f"The bank of {member.name}, filled by the rule `{labeled.rule}`, has no entry of {listing(starved)}, although "
        f"the labeled list contains {'it' if len(starved) == 1 else 'them'}.",
        "The contrastive loss leaves a class without an entry out: admit labeled pixels whatever the prediction "
        "(bank.rule labeled), at least for these classes.",
        {"rule": labeled.rule, "classes": ", ".join(starved)},
    )


def dirty_bank(member: Member) -> Outcome:
    """A bank filled by confidence that would hold many wrong entries."""
    measured = member.measured
    bank = None if measured is None or measured.labeled is None else measured.labeled.by_confidence
    if measured is None or measured.labeled is None or bank is None or bank.rho_f != bank.rho_f:
        return None
    ends = interval(bank.interval.low, bank.interval.high, bank.interval.level)
    if not bank.interval.low > DIRTY:
        return Fine(
            f"a bank filled by confidence from the labeled list would hold {per_cent(bank.rho_f)} wrong entries{ends}"
        )
    worst = int(np.nanargmax(bank.classes))
    trained = measured.labeled.rule == "confidence"
    return Finding(
        "moderate" if trained else "minor",
        bank.rho_f / DIRTY,
        f"A bank that {member.name} fills by confidence from its labeled list {'holds' if trained else 'would hold'} "
        f"{per_cent(bank.rho_f)} wrong entries{ends}; the most contaminated class is {measured.classes[worst]} "
        f"({per_cent(bank.classes[worst])}).",
        "Admit labeled pixels by their label (bank.rule clean or labeled), which enters no wrong one; by the count law "
        "this is also the share of the gradient from false positives.",
        {
            "rho_f": bank.rho_f,
            "low": bank.interval.low,
            "high": bank.interval.high,
            "images": bank.images,
            "class": measured.classes[worst],
        },
    )


def never_predicted(member: Member) -> Outcome:
    """Classes of the measured list that are not predicted."""
    measured = member.measured
    if measured is None:
        return None
    hit, predicted, true = measured.statistics.sum(0)
    missing = np.flatnonzero((true > 0) & (predicted <= NEVER * true))
    if not len(missing):
        return Fine("each class of the list is predicted")
    names = [measured.classes[k] for k in missing]
    present = int((predicted + true > 0).sum())
    iou = hit[missing] / (predicted + true - hit)[missing]
    never = "hardly ever" if predicted[missing].any() else "never"
    return Finding(
        "moderate",
        len(missing) / present * 10,
        f"{member.name} {never} predicts {listing(names)}, which {'costs' if len(names) == 1 else 'cost'} the mIoU "
        f"{100 * float((1 - iou).sum()) / present:.1f} of its 100 points.",
        "See where these pixels go (error budget, `pixcon-diag qualitative`), and whether the labeled list has enough "
        "of them (`pixcon-diag coverage`).",
        {"classes": ", ".join(names), "true_pixels": int(true[missing].sum())},
    )


def never_retained(member: Member) -> Outcome:
    """Predicted classes of which no pixel passes the threshold."""
    filter_ = None if member.measured is None else member.measured.filter
    if member.measured is None or filter_ is None:
        return None
    predicted, retained = np.array(filter_.predicted), np.array(filter_.retained)
    if retained.sum() <= NEARLY_NOTHING * predicted.sum():
        return None  # of all classes, which is another rule's finding
    lost = np.flatnonzero((predicted > 0) & (retained <= NEVER * predicted))
    if not len(lost):
        return Fine(f"each predicted class is retained at τ = {filter_.tau:g}")
    names = [member.measured.classes[k] for k in lost]
    share = predicted[lost].sum() / predicted.sum()
    few = "Hardly any" if retained[lost].any() else "No"
    return Finding(
        "moderate",
        len(lost) / len(predicted) * 10,
        f"{few} pixel that {member.name} predicts as {listing(names)} reaches τ = {filter_.tau:g} "
        f"({per_cent(share)} of its predictions), so pseudo-labels do not teach "
        + ("this class." if len(names) == 1 else "these classes."),
        "Give each class a threshold (consistency.threshold.rule per_class), or lower τ.",
        {"tau": filter_.tau, "classes": ", ".join(names), "share": float(share)},
    )
