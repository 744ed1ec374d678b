"""Images and masks that are gone, cut or pipes: one message that names the file, at every place that reads them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.audit.audit import audit
from pixcon_diag.cache.measure import measure
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_diag.reporting.page.images import section
from pixcon_diag.reporting.page.section import Context
from pixcon_diag.study import Study
from pixcon_train.core.errors import DataError
from pixcon_train.data.dataset_check import check_data
from tests.pixcon_diag.passes.small import cpu, images, network

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> EvaluationData:
    return images(tmp_path_factory.mktemp("spoilt"), [(40, 60)] * 3, block=10)


@pytest.fixture(scope="module")
def studies(data: EvaluationData) -> dict[int, Study]:
    """Of one and of two methods, whose passes are made."""
    options = StudyOptions(data=data, run=cpu(), cache=data.source.root / "cache")
    networks = {name: network(name, seed) for seed, name in enumerate(("none", "clean"))}
    found = {1: Study({"none": networks["none"]}, options=options), 2: Study(networks, options=options)}
    for study in found.values():
        study.measured()
    return found


def audited(study: Study) -> MeasuredPass:
    (measured,) = study.measured()[0].members
    assert isinstance(measured, MeasuredPass)
    return audit(network(), measured, cpu(), images=1)


PLACES: dict[str, Callable[[dict[int, Study], EvaluationData, Path], Any]] = {
    "a pass": lambda studies, data, folder: measure(network(), data, run=cpu()),
    "a pass with workers": lambda studies, data, folder: measure(network(), data, run=cpu(workers=1)),
    "an audit of a pass": lambda studies, data, folder: audited(studies[1]),
    "a grid of images": lambda studies, data, folder: studies[2].qualitative(folder=folder),
    "the images of a page": lambda studies, data, folder: section(Context(studies[2], {}, {}, None), 10**7),
    "a sheet of suspect labels": lambda studies, data, folder: studies[1].audit_labels(folder=folder),
    "a sheet of disagreements": lambda studies, data, folder: studies[2].duel(folder=folder),
}


READS_NO_MASK = "a sheet of disagreements"


def cut(path: Path, content: bytes) -> None:
    path.write_bytes(content[: len(content) // 2])


SPOILS: dict[str, Callable[[Path, bytes], None]] = {
    "gone": lambda path, content: None,
    "cut": cut,
    "a pipe": lambda path, content: os.mkfifo(path),
    "a folder": lambda path, content: path.mkdir(),
}


@pytest.fixture(params=[(kind, how) for kind in ("images", "masks") for how in SPOILS], ids=" ".join)
def spoilt(request: pytest.FixtureRequest, data: EvaluationData) -> Iterator[str]:
    """All images or all masks are spoilt; the folder's name."""
    kind, how = request.param
    files = {path: path.read_bytes() for path in (data.source.root / kind).iterdir()}
    for path, content in files.items():
        path.unlink()
        SPOILS[how](path, content)
    yield kind
    for path, content in files.items():
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        path.write_bytes(content)


def test_every_place_names_the_file(
    studies: dict[int, Study], data: EvaluationData, spoilt: str, tmp_path: Path
) -> None:
    for name, place in PLACES.items():
        if spoilt == "masks" and name == READS_NO_MASK:
            place(studies, data, tmp_path / name)
            continue
        with pytest.raises(DataError) as caught:
            place(studies, data, tmp_path / name)
        assert f"{data.source.root}/{spoilt}/" in str(caught.value), name
    report = check_data(data.spec, data.source.root, data.pairs, encoding="index", images="whole")
    assert report.findings and all(f"{data.source.root}/{spoilt}/" in str(found) for found in report.findings)
