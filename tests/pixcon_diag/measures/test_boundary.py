import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from pixcon_diag.measures.boundary import BoundaryError, bands_of_rows, boundary_bands, boundary_statistics
from pixcon_diag.measures.boundary_result import BoundaryResult
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import to_json

VOID = 255
MODES = list(itertools.product(("chessboard", "euclidean"), ("label", "ignore", "nearest")))


def boundary_band(mask: torch.Tensor, width: int, **options: Any) -> torch.Tensor:
    return boundary_bands(mask, (width,), **options)[0]


def scene(seed: int, *, images: int = 2, void: float = 0.15) -> Tensor:
    """Blobs of four classes with scattered void and one void block."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.randint(0, 4, (images, 4, 5), generator=generator)
    mask = mask.repeat_interleave(3, 1).repeat_interleave(3, 2)
    mask = torch.where(torch.rand(mask.shape, generator=generator) < void, VOID, mask)
    mask[0, 2:7, 3:8] = VOID
    return mask


def naive_band(mask: np.ndarray, width: int, distance: str, void_mode: str) -> np.ndarray:
    """The definition, pair of pixels by pair of pixels."""
    known = mask != VOID
    labels = mask
    if void_mode == "nearest" and known.any():
        labels = mask[tuple(distance_transform_edt(~known, return_distances=False, return_indices=True))]
    band = np.zeros(mask.shape, dtype=bool)
    for here in zip(*np.nonzero(known), strict=True):
        for there in np.ndindex(*mask.shape):
            gaps = abs(here[0] - there[0]), abs(here[1] - there[1])
            near = max(gaps) <= width if distance == "chessboard" else math.hypot(*gaps) <= width
            heard = void_mode != "ignore" or known[there]
            if near and heard and labels[there] != labels[here]:
                band[here] = True
    return band


def rows(text: str) -> Tensor:
    """A mask drawn as text: a digit is a class, `.` is void."""
    return torch.tensor([[VOID if each == "." else int(each) for each in line] for line in text.split()])


def drawn(band: Tensor) -> list[str]:
    return ["".join("#" if each else "-" for each in line) for line in band.tolist()]


@pytest.mark.parametrize(
    ("mask", "width", "options", "expected"),
    [
        # A vertical edge: w columns on either side, whatever the row.
        ("00001111 00001111", 1, {}, "---##--- ---##---"),
        ("00001111 00001111", 3, {}, "-######- -######-"),
        # The image border is no transition: one class fills the image.
        ("000 000 000", 1, {}, "--- --- ---"),
        # A corner: the diagonal neighbour is at chessboard distance 1 but at Euclidean distance sqrt(2).
        ("000 000 001", 1, {}, "--- -## -##"),
        ("000 000 001", 1, {"distance": "euclidean"}, "--- --# -##"),
        ("000 000 001", 2, {"distance": "euclidean"}, "--# -## ###"),
        # A one-pixel object.
        ("00000 00000 00100 00000 00000", 1, {}, "----- -###- -###- -###- -----"),
        ("00000 00000 00100 00000 00000", 1, {"distance": "euclidean"}, "----- --#-- -###- --#-- -----"),
        ("00000 00000 00100 00000 00000", 2, {"distance": "euclidean"}, "--#-- -###- ##### -###- --#--"),
        # A ring of void one pixel thick between object and background: both sides of it are in the band.
        ("0000000 0.....0 0.111.0 0.111.0 0.111.0 0.....0 0000000", 1, {},
         "####### #-----# #-###-# #-#-#-# #-###-# #-----# #######"),
        # Ignored, the ring keeps the two labels two pixels apart: nothing at w=1, everything next to it at w=2.
        ("0000000 0.....0 0.111.0 0.111.0 0.111.0 0.....0 0000000", 1, {"void_mode": "ignore"},
         "------- ------- ------- ------- ------- ------- -------"),
        ("00.11", 2, {"void_mode": "ignore"}, "-#-#-"),
        # Filled by the nearest label, the ring vanishes: the transition lies next to one of its sides.
        ("00..11", 1, {"void_mode": "nearest"}, "------"),
        ("00..11", 2, {"void_mode": "nearest"}, "-#--#-"),
        # Thick void: a label at its rim, nothing to a band that ignores it.
        ("00.....11", 2, {}, "##-----##"),
        ("00.....11", 2, {"void_mode": "ignore"}, "---------"),
        ("00.....11", 5, {"void_mode": "nearest"}, "##-----##"),
        # All void: no pixel is valid, so none is in the band.
        ("... ...", 1, {}, "--- ---"),
        ("... ...", 1, {"void_mode": "ignore"}, "--- ---"),
        ("... ...", 1, {"void_mode": "nearest"}, "--- ---"),
        # A band wider than the image.
        ("01", 9, {}, "##"),
        ("01", 9, {"distance": "euclidean"}, "##"),
    ],
)  # fmt: skip
def test_hand_drawn_bands(mask: str, width: int, options: dict[str, Any], expected: str) -> None:
    assert drawn(boundary_band(rows(mask), width, void=VOID, **options)) == expected.split()


@pytest.mark.parametrize(("distance", "void_mode"), MODES)
@pytest.mark.parametrize("width", [1, 2, 3, 5, 20])
def test_equals_the_definition(distance: Any, void_mode: Any, width: int) -> None:
    mask = scene(width)
    found = boundary_band(mask, width, void=VOID, distance=distance, void_mode=void_mode)
    expected = [naive_band(image, width, distance, void_mode) for image in mask.numpy()]
    assert np.array_equal(found.numpy(), np.stack(expected))


def test_euclidean_band_equals_scipy_distances_to_other_labels() -> None:
    mask = scene(7, images=1, void=0)[0]
    mask[mask == VOID] = 3
    away = np.zeros(mask.shape)
    for label in mask.unique().tolist():
        here = mask.numpy() == label
        away[here] = distance_transform_edt(here)[here]
    for width in (1, 2, 4):
        band = boundary_band(mask, width, void=VOID, distance="euclidean")
        assert np.array_equal(band.numpy(), away <= width)


@pytest.mark.parametrize(("distance", "void_mode"), MODES)
def test_bands_are_nested_and_each_as_if_alone(distance: Any, void_mode: Any) -> None:
    mask = scene(3)
    options: dict[str, Any] = {"void": VOID, "distance": distance, "void_mode": void_mode}
    bands = boundary_bands(mask, (1, 2, 5), **options)
    for width, band in zip((1, 2, 5), bands, strict=True):
        assert torch.equal(band, boundary_band(mask, width, **options))
        assert not (band & (mask == VOID)).any()
    assert not (bands[0] & ~bands[1]).any()
    assert not (bands[1] & ~bands[2]).any()


@pytest.mark.parametrize(("distance", "void_mode"), MODES)
def test_bands_of_rows_are_those_of_the_whole_image(distance: Any, void_mode: Any) -> None:
    options: dict[str, Any] = {"void": VOID, "distance": distance, "void_mode": void_mode}
    for seed in range(40):
        mask = scene(seed, void=0.15 if seed % 2 else 0.9).repeat(1, 3, 1)
        whole = boundary_bands(mask, (1, 3, 4), **options)
        for first, last in ((0, 1), (0, 9), (5, 11), (17, 36), (0, 36)):
            found = bands_of_rows(mask, slice(first, last), (1, 3, 4), **options)
            assert all(torch.equal(part, band[:, first:last]) for part, band in zip(found, whole, strict=True))


def test_bands_of_rows_are_those_of_the_paper_unless_asked_otherwise() -> None:
    mask = scene(11)
    assert torch.equal(bands_of_rows(mask, slice(2, 5), (2,), void=VOID)[0], boundary_band(mask, 2, void=VOID)[:, 2:5])
    assert bands_of_rows(mask, slice(2, 5), (), void=VOID) == []


def test_void_takes_a_label_from_farther_away_than_the_band_is_wide() -> None:
    """The void pixel at the corner of the square around a 0 is as near to it as to labels 4.2 rows farther down."""
    mask = rows("0....... ........ ........ ........ ........ ........ ........ ...1....")[None]
    (band,) = bands_of_rows(mask, slice(0, 1), (3,), void=VOID, void_mode="nearest")
    assert drawn(band[0]) == ["#-------"]


@pytest.mark.parametrize(("distance", "void_mode"), MODES)
def test_renaming_classes_and_turning_the_image_change_nothing(distance: Any, void_mode: Any) -> None:
    # An odd gap of void keeps "nearest" free of ties, which turning the image could decide otherwise.
    mask = rows("0001100 00011.. 2220000 2220000 2200033 0000033")
    options: dict[str, Any] = {"void": VOID, "distance": distance, "void_mode": void_mode}
    band = boundary_band(mask, 2, **options)
    renamed = torch.where(mask == VOID, VOID, (mask + 2) % 4)
    assert torch.equal(boundary_band(renamed, 2, **options), band)
    assert torch.equal(boundary_band(mask.flip(1), 2, **options).flip(1), band)
    assert torch.equal(boundary_band(mask.T, 2, **options).T, band)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_any_integer_type_and_leading_shape(dtype: torch.dtype) -> None:
    mask = scene(4)
    for void_mode in ("label", "ignore", "nearest"):
        expected = boundary_band(mask, 2, void=VOID, void_mode=void_mode)
        assert torch.equal(boundary_band(mask.to(dtype), 2, void=VOID, void_mode=void_mode), expected)
        assert torch.equal(boundary_band(mask[None], 2, void=VOID, void_mode=void_mode), expected[None])
        assert torch.equal(boundary_band(mask[1], 2, void=VOID, void_mode=void_mode), expected[1])


def test_a_negative_void_value() -> None:
    mask = scene(5)
    for void_mode in ("label", "ignore", "nearest"):
        expected = boundary_band(mask, 1, void=VOID, void_mode=void_mode)
        found = boundary_band(torch.where(mask == VOID, -1, mask), 1, void=-1, void_mode=void_mode)
        assert torch.equal(found, expected)


def test_hand_computed_errors() -> None:
    target = rows("00001111.")[None]
    prediction = rows("000111110")[None]
    metric = BoundaryError(4, void=VOID, widths=(1, 2))
    metric.update(prediction, target)
    result = metric.compute()
    # w=1: columns 3, 4 and 7 (next to void); the wrong pixel is column 3.
    assert (result.at(1).band.pixels, result.at(1).band.wrong) == (3, 1)
    assert (result.at(1).interior.pixels, result.at(1).interior.wrong) == (5, 0)
    assert result.at(1).share == 3 / 8
    assert result.at(2).band.error == 1 / 6
    assert (result.overall.pixels, result.overall.wrong, result.overall.error) == (8, 1, 1 / 8)
    assert not result.at(1).nearly_empty


def test_errors_are_pooled_not_averaged_over_images() -> None:
    target = torch.stack([rows("000111"), rows("000000")])
    prediction = torch.stack([rows("001111"), rows("111000")])
    metric = BoundaryError(4, void=VOID, widths=(1,))
    metric.update(prediction, target)
    result = metric.compute().at(1)
    assert (result.band.pixels, result.band.wrong) == (2, 1)
    assert (result.interior.pixels, result.interior.wrong) == (10, 3)


def test_batches_and_given_bands_do_not_matter() -> None:
    target = scene(8, images=6)
    prediction = torch.where(torch.rand(target.shape, generator=torch.Generator().manual_seed(1)) < 0.7, target, 1)
    whole, parts = BoundaryError(4, void=VOID), BoundaryError(4, void=VOID)
    whole.update(prediction, target, boundary_bands(target, whole.widths, void=VOID))
    for index in torch.randperm(6, generator=torch.Generator().manual_seed(2)).split(4):
        parts.update(prediction[index], target[index])
    assert torch.equal(whole.counts, parts.counts)
    for each in whole.compute().widths:
        assert each.band.pixels + each.interior.pixels == whole.compute().overall.pixels
        assert each.band.wrong + each.interior.wrong == whole.compute().overall.wrong


@pytest.mark.parametrize(("distance", "void_mode"), MODES)
def test_the_bands_asked_for_are_counted_in_exact_integers(distance: Any, void_mode: Any) -> None:
    target, options = scene(12), {"distance": distance, "void_mode": void_mode}
    prediction = target.roll(1, 2)
    metric, other = BoundaryError(4, void=VOID, **options), BoundaryError(4, void=VOID, **options)
    assert metric.widths == (1, 3, 5), "those of Table 7"
    bands = boundary_bands(target, metric.widths, void=VOID, **options)
    metric.update(prediction, target)
    other.update(prediction, target, bands)
    assert metric.counts.dtype == torch.int64
    assert metric.counts[:3, 0].tolist() == [int(band.sum()) for band in bands]
    alone = metric.counts.clone()
    metric.merge_state(other)
    assert torch.equal(metric.counts, 2 * alone)


def test_statistics_are_per_image() -> None:
    target = scene(9, images=3)
    prediction = target.roll(1, 2)
    bands = boundary_bands(target, (1, 3), void=VOID)
    counts = boundary_statistics(prediction, target, bands, void=VOID)
    assert counts.shape == (3, 3, 2)
    for index in range(3):
        alone = BoundaryError(4, void=VOID, widths=(1, 3))
        alone.update(prediction[index : index + 1], target[index : index + 1])
        assert torch.equal(alone.counts, counts[index])


@pytest.mark.parametrize(("inside", "nearly_empty"), [(4, True), (5, False), (6, False)])
def test_a_band_is_nearly_empty_below_half_a_percent(inside: int, nearly_empty: bool) -> None:
    result = BoundaryResult.from_counts((1,), [[inside, 0], [1000, 0]]).at(1)
    assert (result.share, result.nearly_empty) == (inside / 1000, nearly_empty)


def test_nothing_valid_is_undefined() -> None:
    result = BoundaryResult.from_counts((1,), [[0, 0], [0, 0]])
    assert math.isnan(result.overall.error)
    assert math.isnan(result.at(1).share)
    assert result.at(1).nearly_empty
    metric = BoundaryError(4, void=VOID, widths=(1,))
    metric.update(torch.zeros(1, 2, 2, dtype=torch.long), torch.full((1, 2, 2), VOID))
    assert metric.compute().overall.pixels == 0
    assert '"error": null' in to_json(metric.compute().to_dict())


def test_warns_where_void_leaves_no_transition() -> None:
    target = torch.zeros(1, 30, 30, dtype=torch.long)
    target[:, :, 10:13] = VOID
    target[:, :, 13:] = 1
    metric = BoundaryError(4, void=VOID, widths=(1, 5), void_mode="ignore")
    metric.update(target.clamp(max=1), target)
    assert metric.compute().at(1).nearly_empty
    assert metric.compute().at(1).band.pixels == 0
    assert not metric.compute().at(5).nearly_empty


def test_users_mistakes_are_named() -> None:
    with pytest.raises(ConfigError, match="at least 1 pixel, got 0"):
        boundary_band(scene(0), 0, void=VOID)
    with pytest.raises(ConfigError, match=r"Unknown void mode 'drop'.*label, ignore, nearest"):
        BoundaryError(4, void=VOID, void_mode="drop")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="Unknown distance 'city'"):
        BoundaryError(4, void=VOID, distance="city")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="at least one width"):
        BoundaryError(4, void=VOID, widths=())
    with pytest.raises(ConfigError, match=r"Width 2 was not measured\. Measured: 1, 3, 5"):
        BoundaryResult.from_counts((1, 3, 5), [[0, 0]] * 4).at(2)
    with pytest.raises(ValueError, match="Expected prediction"):
        BoundaryError(4, void=VOID).update(scene(0), scene(0), [scene(0) > 0])
    for prediction, target in ((scene(0).float(), scene(0)), (scene(0), scene(0).float())):
        with pytest.raises(ValueError, match="integer"):
            BoundaryError(4, void=VOID).update(prediction, target)
