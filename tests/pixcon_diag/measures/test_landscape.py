import pytest

from pixcon_diag.measures.landscape import SETTING, OwnRun, landscape, published
from pixcon_train.core.errors import ConfigError


def own(name: str = "mine", **changes: object) -> OwnRun:
    values = {"encoder": "DINOv2-S", "parameters": 24_800_000, "miou": 0.84, "dataset": "pascal", "source": "a.pth"}
    return OwnRun(name=name, **{**values, **changes})  # type: ignore[arg-type]


def test_published_figures_are_table_1s() -> None:
    points = {(point.name, point.encoder): point for point in landscape().points}
    assert len(points) == len(published()) == 17
    assert points["UniMatch V2 (published)", "DINOv2-B"].miou == 0.879
    assert points["UniMatch V2 (PixCon's repro)", "DINOv2-B"].miou == 0.8701
    assert points["PixCon (published)", "DINOv2-B"].miou == 0.879
    assert points["SemiVL", "CLIP-B"].family == "CLIP"
    assert {point.parameters for point in points.values() if point.family == "DINOv2"} == {24.8, 97.5}


def test_every_size_says_where_it_comes_from_and_what_it_counts() -> None:
    for point in landscape().points:
        assert point.parameters_source and point.miou_source == "Table 1, column 1/8"
        assert point.counted == ("model" if point.family == "DINOv2" else "encoder")
        assert ("approximate" in point.parameters_source) == (point.counted == "encoder")
    assert all(point.parameters > 20 for point in published())
    assert "approximate" in landscape().notes[0]


def test_own_runs_come_last_and_are_marked() -> None:
    result = landscape([own(), own("small", encoder="nano", parameters=1_200_000, labeled=183)])
    assert [(point.name, point.own) for point in result.points[-2:]] == [("mine", True), ("small", True)]
    mine, small = result.points[-2:]
    assert (mine.family, mine.parameters) == ("DINOv2", 24.8)
    assert (small.family, small.parameters) == ("nano", 1.2)
    assert len(landscape().notes) == 2
    assert "labeled images" in landscape([own()]).notes[-1] and len(landscape([own()]).notes) == 3


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"dataset": "camvid"}, r"mine is of camvid\.$"), ({"labeled": 92}, "mine is of pascal with 92 labeled images")],
)
def test_a_run_in_another_setting_is_refused(changes: dict[str, object], says: str) -> None:
    assert own().fits and own(labeled=183).fits and not own(**changes).fits
    with pytest.raises(ConfigError, match=says) as refused:
        landscape([own(**changes)])
    assert SETTING in str(refused.value)


@pytest.mark.parametrize("changes", [{"parameters": 1}, {"miou": 0.0}, {"miou": 1.0}])
def test_the_least_and_the_largest_values_are_accepted(changes: dict[str, object]) -> None:
    point = landscape([own(**changes)]).points[-1]
    assert point.miou == changes.get("miou", 0.84) and point.parameters == changes.get("parameters", 24_800_000) / 1e6


@pytest.mark.parametrize(
    "changes", [{"parameters": 0}, {"miou": -0.01}, {"miou": 1.01}, {"miou": 84.0}, {"miou": float("nan")}]
)
def test_senseless_values_are_errors(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="Expected a positive count and a fraction"):
        landscape([own(**changes)])
