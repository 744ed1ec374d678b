from pathlib import Path

import numpy as np
import pytest

from pixcon_figures.bank_effect import draw
from tests.figures.saved_results import bank_effect_content


def test_a_point_for_each_pair_and_an_interval_for_each_setting(tmp_path: Path) -> None:
    (panel,) = draw(bank_effect_content(), tmp_path)["bank-effect"].axes
    small = [line for line in panel.lines if line.get_alpha() == 0.5]
    points = np.concatenate([np.array(line.get_xydata()) for line in small])
    np.testing.assert_allclose(points[np.argsort(points[:, 0])], [[0.1, -1], [0.5, 1], [0.7, 3]], atol=1e-9)
    (several,) = panel.containers  # a setting of one pair has no mean
    (bars,) = several[2][0].get_segments()
    assert bars[:, 1] == pytest.approx([2 - 12.7062, 2 + 12.7062], abs=1e-3)
