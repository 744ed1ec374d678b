"""The images chosen for a grid, and the files that the figure is drawn from."""

from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.analyses.panels import PANELS, Choice, choose_images, write_panels
from pixcon_diag.cache.measure import measure
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.measures.error_regions import error_regions
from pixcon_diag.passes.predictions import MeasuredGroup, MeasuredPass, read_target
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.void import VOID
from tests.pixcon_diag.passes.small import SIZES, cpu, images, network


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data", block=4)


def groups(data: EvaluationData, place: Path, count: int = 2) -> list[MeasuredGroup]:
    """Methods of two seeds each; the first seed of the third is the first one's."""
    passes = [measure(network(f"seed {seed}", seed), data, run=cpu(), cache=place) for seed in range(2 * count)]
    return [MeasuredGroup("abc"[index], tuple(passes[2 * index : 2 * index + 2])) for index in range(count)]


def error(member: MeasuredPass, index: int) -> float:
    truth = read_target(member.data, index)
    wrong = (member.label_maps.read(index) != truth) & (truth != VOID)
    return int(wrong.sum()) / int((truth != VOID).sum())


def test_images_are_ranked_by_the_errors_of_the_first_of_each_group(data: EvaluationData, tmp_path: Path) -> None:
    two = groups(data, tmp_path / "kept")
    chosen = choose_images(two, Choice(count=3))
    assert (chosen.methods, [member.name for member in chosen.members]) == (("a", "b"), ["seed 0", "seed 2"])
    differences = {}
    for index, pair in enumerate(data.pairs):
        first, second = (error(group.members[0], index) for group in two)  # type: ignore[arg-type]
        differences[pair.image] = first - second
    ranked = sorted(differences, key=lambda name: -differences[name])
    wins = [name for name in ranked if differences[name] > 0]
    assert [image.name for image in chosen.ranking.images] == wins[:3]
    assert [-image.delta for image in chosen.ranking.images] == pytest.approx([differences[n] for n in wins[:3]])
    assert chosen.ranking.candidates == len(SIZES)
    losses = choose_images(two, Choice("regressions", count=2)).ranking
    assert [image.name for image in losses.images] == [name for name in ranked[::-1] if differences[name] < 0][:2]


def test_one_method_is_ranked_by_its_own_errors(data: EvaluationData, tmp_path: Path) -> None:
    (one,) = groups(data, tmp_path / "kept", 1)
    found = [image.error_baseline for image in choose_images([one], Choice("error")).ranking.images]
    assert found == sorted(found, reverse=True) and len(found) == len(SIZES)
    with pytest.raises(ConfigError, match="`error-diff` compares two methods, but one was given"):
        choose_images([one], Choice())


def test_a_random_choice_is_the_seed_s_and_names_are_kept_in_order(data: EvaluationData, tmp_path: Path) -> None:
    two = groups(data, tmp_path / "kept")

    def names(**choice: Any) -> list[str]:
        return [image.name for image in choose_images(two, Choice(**choice)).ranking.images]

    assert names(rank_by="random", seed=1) == names(rank_by="random", seed=1) != names(rank_by="random", seed=2)
    assert names(rank_by="names", names=("3", "images/1.png"), count=1) == ["images/3.png", "images/1.png"]
    with pytest.raises(ConfigError, match=r"No image is called '33' among the 5 measured \(did you mean '3'"):
        names(rank_by="names", names=("33",))


def test_more_than_two_methods_are_too_many(data: EvaluationData, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at most two methods, got 3: a, b, c"):
        choose_images(groups(data, tmp_path / "kept", 3), Choice())


def test_panels_hold_image_truth_and_predictions(data: EvaluationData, tmp_path: Path) -> None:
    chosen = choose_images(groups(data, tmp_path / "kept"), Choice("error", count=2, min_share=0.02))
    (tmp_path / "out" / PANELS).mkdir(parents=True)
    (tmp_path / "out" / PANELS / "09_earlier.png").touch()
    panels = write_panels(chosen, tmp_path / "out")
    files = []
    for panel, ranked in zip(panels, chosen.ranking.images, strict=True):
        assert (panel["name"], panel["delta"]) == (ranked.name, ranked.delta)
        own = panel["files"]
        files += [own["image"], own["truth"], *own["predictions"]]
        with Image.open(tmp_path / "out" / own["image"]) as shown:
            source = np.asarray(Image.open(data.source.root / ranked.name))
            assert shown.mode == "RGB" and (np.asarray(shown) == source).all()
        truth = read_target(data, ranked.index)
        maps = [truth, *(member.label_maps.read(ranked.index) for member in chosen.members)]
        for file, labels in zip((own["truth"], *own["predictions"]), maps, strict=True):
            with Image.open(tmp_path / "out" / file) as written:
                assert written.mode == "P" and (np.asarray(written) == labels).all()
                colors = np.asarray(written.convert("RGB"))
            for k, color in [*enumerate(data.spec.palette), (VOID, (255, 255, 255))]:
                assert (colors[labels == k] == color).all()
        assert panel["regions"] == [
            error_regions(labels, truth, void=VOID, min_share=0.02).to_dict() for labels in maps[1:]
        ]
    assert sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out" / PANELS).iterdir()) == sorted(
        files
    )


def test_an_image_without_a_valid_pixel_is_never_ranked_but_can_be_named(data: EvaluationData, tmp_path: Path) -> None:
    path = data.source.root / "masks/1.png"
    Image.fromarray(np.full(SIZES[1], VOID, dtype=np.uint8)).save(path)
    two = groups(data, tmp_path / "kept")
    ranking = choose_images(two, Choice("error")).ranking
    assert ranking.undefined == ("images/1.png",) and len(ranking.images) == len(SIZES) - 1
    chosen = choose_images(two, Choice("names", names=("1",)))
    (panel,) = write_panels(chosen, tmp_path / "out")
    assert np.isnan(panel["delta"]) and panel["regions"][0]["sizes"] == ()


def test_names_that_are_alike_do_not_overwrite_one_another(data: EvaluationData, tmp_path: Path) -> None:
    """Images of several cities may have one name."""
    root = data.source.root
    pairs = []
    for pair in data.pairs[:2]:
        image = f"{PurePath(pair.image).stem}/frame.png"
        (root / image).parent.mkdir()
        (root / image).write_bytes((root / pair.image).read_bytes())
        pairs.append(pair._replace(image=image))
    found = EvaluationData(data.source, "two.txt", tuple(pairs), data.encoding)
    panels = write_panels(choose_images(groups(found, tmp_path / "kept"), Choice("error")), tmp_path / "out")
    assert len({panel["files"]["image"] for panel in panels}) == 2
    with pytest.raises(ConfigError, match=r"'frame' means several images: 0/frame.png, 1/frame.png. Give the path"):
        choose_images(groups(found, tmp_path / "kept"), Choice("names", names=("frame",)))


def test_a_map_that_is_gone_is_named(data: EvaluationData, tmp_path: Path) -> None:
    chosen = choose_images(groups(data, tmp_path / "kept"), Choice("error", count=1))
    file = chosen.members[1].label_maps.files[chosen.ranking.images[0].index]
    file.unlink()
    with pytest.raises(DataError, match=file.name):
        write_panels(chosen, tmp_path / "out")
