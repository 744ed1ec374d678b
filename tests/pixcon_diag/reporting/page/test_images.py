"""The section of the images, of real passes."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.data.evaluation_data import DataChoice
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.passes.options import RunChoice
from pixcon_diag.passes.predictions import MeasuredPass, read_target
from pixcon_diag.reporting.page import images
from pixcon_diag.reporting.page.images import section
from pixcon_diag.reporting.page.section import Context, Section
from pixcon_diag.reporting.page.stops import slider_stops
from pixcon_diag.study import Study
from tests.cli.diagnose.methods import write_methods
from tests.cli.farm import SIZES, write_data

OPTIONS = StudyOptions(run=RunChoice(device="cpu", workers=0))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    write_methods(root, write_data(root / "data"))
    return root


@pytest.fixture(scope="module")
def study(root: Path) -> Study:
    """Two methods, of which the first one has two seeds."""
    runs = root / "runs"
    return Study(
        {"none": [runs / "farm-none-0", runs / "farm-none-1"], "clean": [runs / "farm-clean-0"]}, options=OPTIONS
    )


def made(study: Study, count: int | None = None, room: int = 10**7) -> Section:
    found = section(Context(study, {}, {}, count), room)
    assert found is not None
    return found


def pixels(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file)))


def test_the_maps_of_the_first_seeds_are_exact(study: Study) -> None:
    found = made(study)
    members = [group.members[0] for group in study.measured()]
    names = [pair.image for pair in members[0].data.pairs]
    assert len(found.data["images"]) == len(found.images) == len(SIZES)
    for record in found.data["images"]:
        index, files = names.index(record["name"]), found.images[record["key"]]
        np.testing.assert_array_equal(pixels(files["truth"]), read_target(members[0].data, index))
        for i, member in enumerate(members):
            assert isinstance(member, MeasuredPass)
            np.testing.assert_array_equal(pixels(files[f"labels-{i}"]), member.label_maps.read(index))
            edges = np.array(member.options.edges)
            stops = np.array(slider_stops(member.options.edges, member.options.taus))
            bins, reached = member.confidence_maps.read(index), pixels(files[f"confidence-{i}"])
            for place, stop in enumerate(stops):
                np.testing.assert_array_equal(reached >= place, bins >= stop, err_msg=f"τ = {edges[stop]}")


def test_the_numbers_of_an_image_are_those_of_the_pass(study: Study) -> None:
    found = made(study)
    for i, group in enumerate(study.measured()):
        member = group.members[0]
        assert isinstance(member, MeasuredPass)
        names = [pair.image for pair in member.data.pairs]
        edges = member.options.edges
        taus = [edges[stop] for stop in slider_stops(edges, member.options.taus)]
        for record in found.data["images"]:
            index, numbers = names.index(record["name"]), record["methods"][i]
            hit, _, true = member.statistics[index].sum(1)
            assert numbers["error"] == (true - hit) / true
            assert numbers["wrong"] == [member.counts.retained(tau)[index, 2] for tau in taus]
            assert sum(cell[2] for cell in numbers["confused"]) == true - hit
            assert record["classes"] == np.flatnonzero(member.statistics[index, 2]).tolist()


def test_the_section_says_what_is_shown(study: Study) -> None:
    assert section(Context(study, {}, {}, 0), 10**7) is None
    few = made(study, 2)
    assert len(few.images) == 2 and "2 of 4 images; 2 are left out (--images N shows N)." in few.body
    every = made(study)
    assert "4 of 4 images; none is left out." in every.body
    assert "Seeds shown: none seed 0, the first of 2." in every.body
    choice, listed = every.tables
    assert [row[0] for row in listed.rows] == [record["name"] for record in every.data["images"]]
    assert {row[0] for row in choice.rows} >= {"Largest error", "Confused classes", "Random sample"}


def test_what_gives_way_to_the_size_is_said(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "OWN", 0)
    found = made(study, room=5000)
    assert 0 < len(found.images) < 4
    assert "Photographs are reduced to 160 pixels" in found.body
    assert "not even 60 images fit into 0.0" in found.body


def test_saved_label_maps_have_no_confidence(study: Study, root: Path, tmp_path: Path) -> None:
    member = study.measured()[0].members[0]
    for index, pair in enumerate(member.data.pairs):
        path = (tmp_path / pair.image).with_suffix(".png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(member.label_maps.read(index)).save(path)
    data = DataChoice(str(root / "data/farm.yaml"), root=root / "data")
    saved = Study(predictions={"saved": [tmp_path]}, options=StudyOptions(data=data))
    found = made(saved)
    assert "No confidence is known of saved label maps: saved." in found.body
    assert [*found.images["0"]] == ["photo", "truth", "labels-0"]
    assert found.data["methods"] == [{"name": "saved", "checkpoint": "saved", "confidence": False}]
    assert {"boundary", "confident", "win"}.isdisjoint(found.data["kinds"])
    assert all(record["methods"][0]["wrong"] == [] for record in found.data["images"])
