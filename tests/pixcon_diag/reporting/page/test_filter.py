"""The filter's numbers at every stop are those of the pass, counted pixel by pixel."""

import numpy as np
import pytest

from pixcon_diag.analyses.filter_verdict import overall_verdict
from pixcon_diag.passes.predictions import MeasuredPass, read_target
from pixcon_diag.reporting.page.filter import KEPT, section
from pixcon_diag.reporting.page.section import Context
from pixcon_train.core.void import VOID


def first_pass(context: Context) -> MeasuredPass:
    member = context.measured[0].members[0]
    assert isinstance(member, MeasuredPass)
    return member


@pytest.fixture(scope="module")
def pixels(measured: Context) -> list[np.ndarray]:
    """Target, prediction and bin of confidence of every valid pixel of the first checkpoint."""
    member, parts = first_pass(measured), []
    for index in range(len(member.data.pairs)):
        target = read_target(member.data, index)
        valid = target != VOID
        maps = (target, member.label_maps.read(index), member.confidence_maps.read(index))
        parts.append([values[valid] for values in maps])
    return [np.concatenate(values) for values in zip(*parts, strict=True)]


def test_counts_at_every_stop_are_those_of_the_pixels(measured: Context, pixels: list[np.ndarray]) -> None:
    found = section(measured)
    assert found is not None
    target, predicted, bins = pixels
    member, edges = found.data["members"][0], first_pass(measured).options.edges
    assert member["valid"] == len(target)
    for stop, tau in enumerate(found.data["stops"]):
        kept = bins >= edges.index(tau)
        assert member["retained"][stop] == kept.sum()
        assert member["correct"][stop] == (kept & (target == predicted)).sum()
        assert [*member["classes"]["retained"][stop]] == np.bincount(predicted[kept], minlength=3).tolist()
        verdict = overall_verdict(first_pass(measured), tau)
        assert member["verdicts"][stop]["decision"] == verdict.decision


def test_the_slider_starts_where_every_checkpoint_keeps_something(measured: Context) -> None:
    found = section(measured)
    assert found is not None
    stop = found.data["stops"].index(found.data["start"])
    shares = [member["retained"][stop] / member["valid"] for member in found.data["members"]]
    later = [member["retained"][stop + 1] / member["valid"] for member in found.data["members"]]
    assert len(shares) == 4 and min(shares) >= KEPT
    assert found.data["start"] == 0.95 or min(later) < KEPT


def test_the_curves_are_drawn_for_every_checkpoint(measured: Context) -> None:
    found = section(measured)
    assert found is not None
    name = first_pass(measured).name
    assert found.body.count(f'data-series="{name}"') == 2 and found.body.count("data-series") == 8
