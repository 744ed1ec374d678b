"""A data set of a single class: what is defined is told, and nothing fails."""

from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.data.evaluation_data import DataChoice
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.study import Study
from tests.pixcon_diag.analyses.made import column
from tests.pixcon_diag.passes.small import cpu, network
from tests.pixcon_train.data.files import write_pairs


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_every_analysis_of_passes(tmp_path: Path) -> None:
    masks = [np.where(np.random.default_rng(seed).random((28, 32)) < 0.1, 255, 0) for seed in range(3)]
    for name in ("val.txt", "labeled.txt"):
        write_pairs(tmp_path, masks, name=name)
    (tmp_path / "one.yaml").write_text("classes: [crack]\nvoid: 255\nlabeled_list: labeled.txt\n")
    options = StudyOptions(data=DataChoice(str(tmp_path / "one.yaml"), tmp_path), run=cpu())
    study = Study({"a": network("a", classes=1), "b": network("b", 1, classes=1)}, options=options)
    rates = study.contamination().tables[0]
    assert column(rates, "retention") == column(rates, "retained_accuracy") == [1, 1]
    assert column(rates, "rho_f") == [0, 0]
    classes = study.per_class().tables[0]  # the class and the mIoU
    assert column(classes, "baseline") == column(classes, "other") == [1, 1] and column(classes, "delta") == [0, 0]
    assert {row[-1] for row in study.compare().tables[0].rows} <= {"identical", None}
    for name in ("doctor", "boundary", "tau", "coverage", "gradient", "geometry"):
        assert getattr(study, name)().tables
