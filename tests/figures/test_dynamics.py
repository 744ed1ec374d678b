from pathlib import Path

import pytest

from pixcon_diag.logs.histories import read_history
from pixcon_figures.dynamics import draw
from pixcon_figures.palette import color
from tests.figures.saved_results import dynamics_content, history
from tests.training_logs import told

NONE = [history("a", [0.5, 0.6, 0.7, 0.8]), history("b", [0.4, 0.6, 0.6])]
CLEAN = [history("c", [0.6, 0.7, 0.8])]


def test_thin_lines_per_seed_and_a_bold_mean_over_the_epochs_that_all_have() -> None:
    upper = draw(dynamics_content({"none": NONE, "clean": CLEAN}), Path())["dynamics"].axes[0]
    first, second, mean, single, _ = upper.lines
    assert list(first.get_ydata()) == pytest.approx([50, 60, 70, 80])
    assert list(mean.get_xdata()) == [1, 2, 3] and list(mean.get_ydata()) == pytest.approx([45, 60, 65])
    assert first.get_linewidth() == second.get_linewidth() < mean.get_linewidth()
    assert first.get_color() == mean.get_color() == color(0) != single.get_color()
    band = upper.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((40, 70))
    texts = [text.get_text() for text in upper.get_legend().get_texts()]
    assert texts == ["none (2 seeds)", "clean"]


def test_the_panel_below_shows_the_lead() -> None:
    _, lower = draw(dynamics_content({"none": NONE, "clean": CLEAN}), Path())["dynamics"].axes
    zero, margin = lower.lines
    assert set(zero.get_ydata()) == {0}
    assert list(margin.get_xdata()) == [1, 2, 3] and list(margin.get_ydata()) == pytest.approx([15, 10, 15])
    assert lower.get_legend().get_texts()[0].get_text() == "clean: leads in 3/3 epochs, mean +13.33"


def test_one_group_has_no_panel_of_leads() -> None:
    (panel,) = draw(dynamics_content({"none": NONE[:1]}), Path())["dynamics"].axes
    assert panel.get_xlabel() == "epochs finished"


def test_mask_ratio_and_losses_where_the_logs_have_them() -> None:
    figures = draw(dynamics_content({"none": NONE, "clean": CLEAN}), Path())
    assert list(figures) == ["dynamics", "mask_ratio", "losses"]
    lines = [line for line in figures["mask_ratio"].axes[0].lines if len(line.get_xdata())]
    assert [list(line.get_ydata()) for line in lines][2] == pytest.approx([80, 81, 82])
    assert [panel.get_title() for panel in figures["losses"].axes] == ["loss", "loss_u"]
    bare = [history("a", [0.5, 0.6], losses=False)]
    assert list(draw(dynamics_content({"none": bare}), Path())) == ["dynamics"]
    mixed = draw(dynamics_content({"none": bare, "clean": CLEAN}), Path())
    lines = [line for line in mixed["mask_ratio"].axes[0].lines if line.get_color() == color(0)]
    assert all(len(line.get_ydata()) == 0 for line in lines)


def test_epochs_between_two_evaluations_leave_no_gap_and_a_single_one_is_seen() -> None:
    nan = float("nan")
    runs = {"none": [history("a", [nan, 0.5, nan, 0.7])], "clean": [history("b", [nan, 0.6])]}
    panel = draw(dynamics_content(runs), Path())["dynamics"].axes[0]
    seed, mean, single, _ = panel.lines
    for line in (seed, mean):
        assert list(line.get_xdata()) == [2, 4] and list(line.get_ydata()) == pytest.approx([50, 70])
    assert list(single.get_xdata()) == [2] and single.get_marker() == "s"


def test_runs_without_a_value_in_common_say_so() -> None:
    nan = float("nan")
    late = history("late", [nan, nan, nan, 0.5])
    _, lower = draw(dynamics_content({"none": [late], "clean": CLEAN, "other": NONE[:1]}), Path())["dynamics"].axes
    assert lower.get_legend().get_texts()[0].get_text() == "clean: no epoch in common"
    content = dynamics_content({"none": [late], "clean": CLEAN})
    figure = draw(content, Path())["dynamics"]
    assert len(figure.axes) == 1 and figure.get_supxlabel() == "No lead over none. clean: no epoch in common."
    content["dynamics"]["leads"][0]["same_classes"] = False
    assert draw(content, Path())["dynamics"].get_supxlabel() == "No lead over none. clean: other classes."


def test_a_baseline_without_values_leaves_no_empty_panel() -> None:
    nan = float("nan")
    content = dynamics_content({"none": [history("a", [nan, nan])], "clean": CLEAN})
    figure = draw(content, Path())["dynamics"]
    (panel,) = figure.axes
    assert "no epoch evaluated by all seeds" in panel.get_legend().get_texts()[0].get_text()
    assert figure.get_supxlabel() == "No leads: none has no epoch with a mIoU of the EMA teacher for every seed."
    assert panel.get_xlabel() == "epochs finished"


def test_what_changes_in_training_has_a_panel_under_the_miou() -> None:
    nan = float("nan")
    adaptive = told(CLEAN[0], threshold=[0.5, 0.75, 0.875], contamination=[0.25, nan, 0.5], replaced=[0.1, 0.1, 0.1])
    figures = draw(dynamics_content({"none": NONE[:1], "clean": [adaptive]}), Path())
    miou, lead, threshold, contamination = figures["dynamics"].axes
    silent, curve = threshold.lines
    assert len(silent.get_xdata()) == 0 and curve.get_color() == color(1)
    assert list(curve.get_xdata()) == [1, 2, 3] and list(curve.get_ydata()) == [0.5, 0.75, 0.875]
    rho = contamination.lines[1]
    assert list(rho.get_xdata()) == [1, 3] and list(rho.get_ydata()) == [25, 50]
    assert (threshold.get_ylabel(), contamination.get_xlabel()) == ("mean τ", "epochs finished")
    assert not miou.get_xlabel() and not lead.get_xlabel() and miou.get_xlim() == contamination.get_xlim()


def test_what_never_changes_has_no_panel() -> None:
    fixed = [told(run, threshold=[0.95] * 3, bank_contamination=[0.0] * 3) for run in CLEAN]
    assert len(draw(dynamics_content({"clean": fixed}), Path())["dynamics"].axes) == 1


def test_thresholds_by_class_of_the_first_run_of_each_group() -> None:
    few = told(CLEAN[0], thresholds=[{"a": 0.5, "b": 0.25}, {"a": 0.75, "b": 0.5}, {"a": 0.75, "b": 0.75}])
    many = told(CLEAN[0], thresholds=[{str(k): k / 10 for k in range(9)}] * 3)
    figure = draw(dynamics_content({"none": NONE, "few": [few, few], "many": [many]}), Path())["thresholds"]
    first, second = figure.axes
    assert [list(line.get_ydata()) for line in first.lines] == [[0.5, 0.75, 0.75], [0.25, 0.5, 0.75]]
    assert [text.get_text() for text in first.get_legend().get_texts()] == ["a", "b"]
    assert first.get_title(loc="left") == "few (first of 2 seeds)"
    assert len(second.lines) == 10 and list(second.lines[-1].get_ydata()) == pytest.approx([0.4] * 3)
    assert [text.get_text() for text in second.get_legend().get_texts()] == ["median of 9 classes"]


@pytest.mark.reference
def test_a_published_log_is_drawn_whole(reference: Path) -> None:
    run = read_history(reference / "logs/table01-pascal_unimatch_v2_183labels_dinov2_base.log")
    panel = draw(dynamics_content({"UniMatch V2": [run]}), Path())["dynamics"].axes[0]
    assert len(panel.lines[0].get_xdata()) == 60
    assert max(panel.lines[0].get_ydata()) == pytest.approx(87.92)
    assert panel.get_ylim()[0] > 80 and panel.get_ylim()[1] > 87.92
