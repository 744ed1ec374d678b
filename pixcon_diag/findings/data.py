"""Rules on what was measured: the load check, the list, and the numbering of the labels."""

import math

from pixcon_diag.findings.facts import Member
from pixcon_diag.findings.finding import Finding, Fine, Outcome, per_cent
from pixcon_diag.passes.load_check import TOLERANCE

VERY_FAR = 0.02
"""Difference from which nothing measured can be trusted."""
TRAINED = 0.01
"""Share of measured images that were trained on."""
SHIFT_GAIN = 0.05
"""mIoU that a shift by one gains at least."""
SHIFT_TIMES = 2.0
"""Times the mIoU that a shift by one gives at least."""


def shifted_labels(member: Member) -> Outcome:
    """Labels that fit much better one higher or one lower."""
    measured = member.measured
    if measured is None or measured.shifts is None:
        return None
    miou = measured.shifts.miou
    shift = max((-1, 1), key=lambda by: miou[by])
    gain = miou[shift] - miou[0]
    if math.isnan(gain):
        return None  # no valid pixel on these images
    if gain < SHIFT_GAIN or miou[shift] < SHIFT_TIMES * miou[0]:
        return Fine(f"labels are not shifted by one (tried on {measured.shifts.images} images)")
    low = shift > 0
    return Finding(
        "severe",
        miou[shift] / max(miou[0], SHIFT_GAIN) / SHIFT_TIMES,
        f"The labels that {member.name} predicts are one too {'low' if low else 'high'}: on {measured.shifts.images} "
        f"images the mIoU is {per_cent(miou[0])} as they are and {per_cent(miou[shift])} with {shift:+d}.",
        "Number the classes of masks and predictions alike: check the form of the masks (--labels, `pixcon-diag "
        "check-data`), or shift saved maps with `pixcon-diag convert-masks IN OUT --shift "
        f"{shift}`.",
        {"images": measured.shifts.images, "shift": shift, "miou": miou[0], "shifted_miou": miou[shift]},
    )


def far_from_stated(member: Member) -> Outcome:
    """A measured mIoU that is not the stated one."""
    load = None if member.measured is None else member.measured.load
    if load is None:
        return None
    difference = load.measured - load.stated
    if abs(difference) <= TOLERANCE:
        return Fine(f"the measured mIoU is the stated one ({per_cent(load.measured, 2)})")
    nature = "the same list" if load.same_list else "a list that its file does not name"
    return Finding(
        "moderate" if abs(difference) < VERY_FAR else "severe",
        abs(difference) / TOLERANCE,
        f"{member.name} measures {per_cent(load.measured, 2)} mIoU, {100 * abs(difference):.2f} points "
        f"{'below' if difference < 0 else 'above'} the {per_cent(load.stated, 2)} that its file states for {nature}.",
        (f"Measure with --recipe {load.fitting}, which fits its weights better. " if load.fitting else "")
        + "Find the cause before anything else: the list (--list), the form of the masks (--labels, `pixcon-diag "
        "check-data`), the order of the classes (--dataset), the protocol (--protocol, --window).",
        {"stated": load.stated, "measured": load.measured, "difference": difference},
    )


def trained_on(member: Member) -> Outcome:
    """Measured images that the network was trained on."""
    measured = member.measured
    if measured is None or measured.trained_on is None:
        return None
    share = measured.trained_on
    if share <= TRAINED:
        return Fine("no measured image is in the labeled list of training")
    return Finding(
        "severe",
        share / TRAINED,
        f"{per_cent(share, 0)} of the {measured.images:,} images that {member.name} is measured on "
        f"({measured.list_name}) are in its labeled list of training, where errors and ρ_F are far lower than on other "
        "images.",
        "Measure the validation list (leave --list out, or give --list val.txt); numbers of a training list describe "
        "that list alone.",
        {"share": share, "images": measured.images, "list": measured.list_name},
    )
