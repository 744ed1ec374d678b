"""Everything that was measured of a group, as quantities that can be compared."""

import math
from collections.abc import Iterator, Sequence

from pixcon_diag.analyses.boundary_counts import MeasuredBoundary
from pixcon_diag.analyses.gradient_split import MeasuredGradient
from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.measures.comparison import Quantity
from pixcon_diag.measures.geometry import MIN_PIXELS
from pixcon_diag.measures.uncertainty import pooled_geometry, pooled_miou, pooled_ratio
from pixcon_diag.passes.measured import MeasuredGroup, MeasuredPass


def quantities(
    group: MeasuredGroup,
    boundaries: Sequence[MeasuredBoundary],
    taus: Sequence[float],
    replays: Sequence[ReplayedPass] = (),
    gradients: Sequence[MeasuredGradient] = (),
) -> list[Quantity]:
    """Every measurement of ``group``, a value a member.

    Args:
        group: one method.
        boundaries: the boundary counts of its members.
        taus: thresholds of retention and ρ_F.
        replays: the replayed banks of its members; fewer than there are members leave coverage out.
        gradients: the gradient splits of its members, likewise.
    """
    every = len(group.members)
    passes = [member for member in group.members if isinstance(member, MeasuredPass)]
    found = [*_accuracy(group), *_boundary(boundaries)]
    if len(passes) == every:
        found += [*_contamination(passes, taus), *_geometry(passes)]
    if len(replays) == every:
        found += _coverage(replays)
    if len(gradients) == every:
        found += _gradient(gradients)
    return found


def not_compared(groups: Sequence[MeasuredGroup]) -> list[str]:
    """Which measurements :func:`quantities` cannot give of all groups, and why, a sentence each."""
    members = [member for group in groups for member in group.members]
    saved = [member.name for member in members if not isinstance(member, MeasuredPass)]
    windows = [m.name for m in members if isinstance(m, MeasuredPass) and not _has_feature(m)]
    found = []
    if saved:
        found.append(
            f"retention, ρ_F, ECE, geometry: saved label maps hold no confidence or feature ({', '.join(saved)})."
        )
    if windows:
        found.append(
            f"geometry: sliding windows have no feature of the whole image, and a wrapped module needs the name of its "
            f"feature (--window 0; {', '.join(windows)})."
        )
    return found


def _has_feature(measured: MeasuredPass) -> bool:
    return int(measured.collector.centroids.images) == len(measured.data.pairs)


def _accuracy(group: MeasuredGroup) -> Iterator[Quantity]:
    statistics = tuple(member.statistics for member in group.members)
    ious = [member.iou for member in group.members]
    values = tuple(iou.miou() for iou in ious)
    yield Quantity("mIoU", "fraction", True, values, statistics, pooled_miou, tuple(iou.present for iou in ious))
    totals = tuple(each.sum(-1) for each in statistics)  # (I, 3): right, predicted and valid pixels
    values = tuple(member.iou.accuracy for member in group.members)
    yield Quantity("pixel accuracy", "fraction", True, values, totals, pooled_ratio(0, 2))


def _boundary(boundaries: Sequence[MeasuredBoundary]) -> Iterator[Quantity]:
    if not boundaries:
        return
    for index, width in enumerate(boundaries[0].result.options.widths):
        at = [measured.result.rates.widths[index] for measured in boundaries]
        bands = tuple(measured.result.counts[:, index] for measured in boundaries)
        inner = tuple(measured.result.counts[:, -1] - measured.result.counts[:, index] for measured in boundaries)
        ratio = pooled_ratio(1, 0)
        yield Quantity(f"boundary error, {width} px", "fraction", False, tuple(w.band.error for w in at), bands, ratio)
        yield Quantity(
            f"interior error, {width} px", "fraction", False, tuple(w.interior.error for w in at), inner, ratio
        )


def _contamination(passes: Sequence[MeasuredPass], taus: Sequence[float]) -> Iterator[Quantity]:
    for tau in taus:
        results = [each.contamination((tau,)).at(tau) for each in passes]
        counts = tuple(each.counts.retained(tau) for each in passes)  # (I, 3): valid, retained, wrong ones of these
        kept = tuple(result.overall.retention for result in results)
        wrong = tuple(result.overall.rho_f for result in results)
        macro = tuple(result.by_predicted.macro_rho_f for result in results)
        yield Quantity(f"retention at τ = {tau:g}", "fraction", True, kept, counts, pooled_ratio(1, 0))
        yield Quantity(f"ρ_F at τ = {tau:g}", "fraction", False, wrong, counts, pooled_ratio(2, 1))
        classes = tuple(result.by_predicted.retained_classes for result in results)
        yield Quantity(f"macro ρ_F at τ = {tau:g}", "fraction", False, macro, classes=classes)
    errors = tuple(each.contamination().calibration.ece for each in passes)
    yield Quantity("ECE", "number", False, errors)


def _geometry(passes: Sequence[MeasuredPass]) -> Iterator[Quantity]:
    if not all(map(_has_feature, passes)):
        return
    results = [each.geometry() for each in passes]
    rows = tuple(each.centroid_rows.per_image() for each in passes)
    classes = tuple(result.measured for result in results)
    spec = passes[0].data.spec
    for key, label, higher in (
        ("compactness", "compactness", True),
        ("mean_inter", "mean inter-class cosine", False),
        ("margin", "margin", True),
    ):
        values = tuple(getattr(result, key) for result in results)
        statistic = pooled_geometry(key, spec.num_classes, spec.foreground, MIN_PIXELS)
        yield Quantity(label, "number", higher, values, rows, statistic, classes)
    highest, spread = (tuple(getattr(result, key) for result in results) for key in ("max_inter", "cdnv"))
    yield Quantity("max inter-class cosine", "number", False, highest, classes=classes)
    yield Quantity("CDNV", "number", False, spread, classes=classes)


def _coverage(replays: Sequence[ReplayedPass]) -> Iterator[Quantity]:
    values = tuple(float(each.coverage("clean").with_entry) for each in replays)
    yield Quantity("classes in a clean bank", "count", True, values)
    full = tuple(float(each.coverage("clean").at_capacity) for each in replays)
    yield Quantity("classes at capacity", "count", True, full)


def _gradient(gradients: Sequence[MeasuredGradient]) -> Iterator[Quantity]:
    spaces = {measured.result.replayed.space for measured in gradients}
    if len(spaces) != 1:
        return
    (space,) = spaces  # in its name, as ratios in different spaces are no difference between methods
    for form, label in (("eq3", "Eq. 3"), ("supcon", "SupCon")):
        rates = [
            getattr(measured.result.by_rule["confidence"], form).overall
            for measured in gradients
            if "confidence" in measured.result.by_rule
        ]
        if len(rates) == len(gradients) and not all(math.isnan(rate.ratio) for rate in rates):
            values = tuple(rate.ratio for rate in rates)
            yield Quantity(f"‖g_F‖/‖g_T‖ of a confidence bank, {label}, {space}", "number", False, values)
