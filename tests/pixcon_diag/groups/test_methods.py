"""The methods of a study: whose numbers are whose, however they are named."""

import shutil
from pathlib import Path

import pytest
from torch import nn

from pixcon_diag.checkpoints.loading import load
from pixcon_diag.groups.measuring import Measuring
from pixcon_diag.groups.methods import Methods
from pixcon_diag.groups.options import BankOptions, StudyOptions
from pixcon_diag.passes.options import RunChoice
from pixcon_diag.study import Study
from pixcon_train.core.errors import ConfigError, DataError
from tests.cli.diagnose.methods import write_methods
from tests.cli.farm import write_data
from tests.pixcon_diag.passes.small import cpu, images, network

CPU = RunChoice(device="cpu", workers=0)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("methods")
    return write_methods(root, write_data(root / "data"))


def mious(methods: Methods) -> dict[str, list[float]]:
    return {group.name: [member.iou.miou() for member in group.members] for group in methods.networks()}


def test_networks_of_one_name_are_each_measured(tmp_path: Path) -> None:
    options = StudyOptions(data=images(tmp_path / "data", block=4), run=cpu())
    alone = [mious(Methods({"x": network(seed=seed)}, options=options))["x"] for seed in (0, 1)]
    both = mious(Methods({"a": network(seed=0), "b": network(seed=1)}, options=options))
    assert [both["a"], both["b"]] == alone and alone[0] != alone[1]


def test_two_networks_of_one_file_are_each_measured(runs: Path) -> None:
    file = runs / "farm-none-0/best_ema.pth"
    both = Methods({"s": load(file, weights="student"), "e": load(file, weights="ema")}, options=StudyOptions(run=CPU))
    assert [member.checkpoint.info.weights for member in both.members] == ["student", "ema"]


def test_a_seed_and_a_method_of_one_name_keep_their_numbers(runs: Path, tmp_path: Path) -> None:
    for place, run in (("a", "farm-none-0"), ("b", "farm-none-1"), ("c", "farm-clean-0")):
        (tmp_path / place).mkdir()
        shutil.copy(runs / run / "best_ema.pth", tmp_path / place / "net.pth")
    paths = [tmp_path / place / "net.pth" for place in "abc"]
    options = StudyOptions(run=CPU)
    alone = [mious(Methods(path, options=options))["net"] for path in paths]
    both = mious(Methods({"x": paths[:2], "x seed 0": paths[2]}, options=options))
    assert [both["x"], both["x seed 0"]] == [[*alone[0], *alone[1]], alone[2]]


@pytest.mark.parametrize("name", ["a=b", "a/b", "a,b"])
def test_names_and_paths_of_a_mapping_are_taken_as_they_are(runs: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(runs / "farm-none-0", tmp_path / "x,y=z")
    ((group, (checkpoint,)),) = Methods({name: tmp_path / "x,y=z"}).checkpoints
    assert (group.name, checkpoint.name) == (name, name)


def test_saved_predictions_can_be_the_baseline(runs: Path, tmp_path: Path) -> None:
    first = Study({"none": runs / "farm-none-0"}, options=StudyOptions(run=CPU))
    ((_, measured),) = first.passes()
    (tmp_path / "maps").mkdir()
    for pair, file in zip(measured.data.pairs, measured.label_maps.files, strict=True):
        shutil.copy(file, tmp_path / "maps" / f"{Path(pair.image).stem}.png")
    study = Study(
        {"none": runs / "farm-none-0"}, predictions={"mine": tmp_path / "maps"}, baseline="mine", options=first.options
    )
    assert [group.name for group in study.measured()] == ["mine", "none"]
    assert study.per_class().content["comparisons"][0]["baseline"] == "mine"
    with pytest.raises(ConfigError, match=r"No group is called 'other'\. There are: none, mine"):
        Study({"none": runs / "farm-none-0"}, predictions={"mine": tmp_path}, baseline="other").boundary()


def test_a_network_that_is_not_wrapped_is_named() -> None:
    for mistake in (nn.Sequential(nn.Conv2d(3, 2, 1)), 5, None):
        with pytest.raises(ConfigError, match="wrap_module"):
            Methods({"a": mistake})  # type: ignore[dict-item]


def test_a_replay_that_fails_is_tried_once(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def replayed(measuring: Measuring, member: object) -> None:
        tried.append(member)
        raise DataError("No list.")

    monkeypatch.setattr(Measuring, "replayed", replayed)
    methods = Methods({"a": runs / "farm-none-0"}, options=StudyOptions(bank=BankOptions(list_path="gone.txt")))
    with methods.lenient():
        assert methods.replays() == methods.replays() == []
    with pytest.raises(DataError, match="No list"):
        methods.replays()
    assert len(tried) == 1


def test_only_a_mean_over_seeds_needs_one_list(runs: Path, tmp_path: Path) -> None:
    """Retention and contamination stand beside one another; Table 7 is a mean over seeds."""
    moved = write_methods(tmp_path, write_data(tmp_path / "data"))
    study = Study({"none": [runs / "farm-none-0", moved / "farm-none-1"]}, options=StudyOptions(run=CPU))
    assert len(study.contamination().content["results"]) == 2
    with pytest.raises(ConfigError, match="different images"):
        study.boundary()


def test_an_unknown_rule_and_attribute_are_named(runs: Path) -> None:
    study = Study({"none": runs / "farm-none-0"}, options=StudyOptions(run=CPU))
    with pytest.raises(ConfigError, match="'cleen' is not replayed"):
        study.coverage(rules=("cleen",))
    with pytest.raises(AttributeError, match="'dict' object"):
        Study({"none": runs / "farm-none-0"}, options={"limit": 2})  # type: ignore[arg-type]
