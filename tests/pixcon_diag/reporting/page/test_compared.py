"""What was compared: names, provenance, what is left out, and the baselines to choose from."""

from pixcon_diag.reporting.page.compared import section
from pixcon_diag.reporting.page.section import Context
from tests.pixcon_diag.analyses.made import predictions
from tests.pixcon_diag.reporting.page.made import context

COUNTS = ((70, 0, 0), (70, 15, 15), (100, 0, 0))


def test_checkpoints_stand_under_the_names_given(measured: Context) -> None:
    found = section(measured)
    assert found is not None
    assert found.data == {"methods": ["none", "clean"], "baselines": ["none", "clean"]}
    assert "Checkpoints measured" in found.body and found.body.count("<dt>checkpoint.sha256</dt>") == 4


def test_saved_label_maps_have_their_own_table() -> None:
    found = section(context([], {"<mine>": [predictions("<mine>", COUNTS)]}))
    assert found is not None
    assert "Label maps measured" in found.body and "&lt;mine&gt;" in found.body and "<mine>" not in found.body


def test_nothing_is_compared_in_logs_alone() -> None:
    assert section(context([])) is None
