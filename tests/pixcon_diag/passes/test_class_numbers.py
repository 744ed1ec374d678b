"""Passes over data sets of one class to a thousand: files, counts and rates against plain loops."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.audit.audit import audit
from pixcon_diag.cache.measure import measure
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.measures.error_budget import image_errors
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.predictions import measure_predictions, read_target
from pixcon_train.core.errors import DataError
from tests.pixcon_diag.passes.small import cpu, listed, network
from tests.pixcon_train.data.files import numbered, save_image, write_pairs

NUMBERS = [1, 2, 255, 256, 300, 1000]
SIZES = [(20, 28), (24, 16), (20, 28)]


def scene(root: Path, count: int) -> EvaluationData:
    """Images of noise with masks in squares, a tenth of which is void; the last classes are among them."""
    rng, spec = np.random.default_rng(count), numbered(count, void=255 if count <= 255 else 65535)
    masks = []
    for height, width in SIZES:
        labels = rng.integers(count, size=(height // 4, width // 4))
        labels[0] = count - 1
        labels[rng.random(labels.shape) < 0.1] = spec.void
        labels[1, 1] = spec.void
        masks.append(labels.repeat(4, 0).repeat(4, 1))
    return listed(root, write_pairs(root, masks), spec=spec)


@pytest.mark.parametrize("count", NUMBERS)
def test_a_pass(tmp_path: Path, count: int) -> None:
    data, checkpoint = scene(tmp_path / "data", count), network(classes=count)
    tau = 0.95 if count < 10 else 0.1
    measured = measure(checkpoint, data, MeasureOptions(taus=(tau,)), cpu(), cache=tmp_path / "kept")
    audit(checkpoint, measured, cpu(), images=len(SIZES))  # which raises where a count differs
    valid: list[tuple[int, int]] = []
    for index, file in enumerate(measured.label_maps.files):
        image = Image.open(file)
        assert image.mode == ("P" if count <= 255 else "I;16")
        labels, truth = np.asarray(image), read_target(data, index)
        pairs = list(zip(truth.ravel().tolist(), labels.ravel().tolist(), strict=True))
        pairs = [pair for pair in pairs if pair[0] != (255 if count <= 255 else 65535)]
        assert 0 < len(pairs) < truth.size
        by_class = [Counter(a for a, b in pairs if a == b), Counter(b for _, b in pairs), Counter(a for a, _ in pairs)]
        assert measured.statistics[index].tolist() == [[row[k] for k in range(count)] for row in by_class]
        valid += pairs
    unions = [len([pair for pair in valid if k in pair]) for k in range(count)]
    ious = [sum(pair == (k, k) for pair in valid) / union for k, union in enumerate(unions) if union]
    assert measured.iou.miou("skip") == pytest.approx(np.mean(ious))
    rates = measured.contamination().at(tau).overall
    wrong = sum(a != b for a, b in valid)
    if count == 1:  # whose probability is always 1
        assert (wrong, rates.retention, rates.rho_f, measured.iou.iou) == (0, 1, 0, [1])
    assert measured.contamination([0.0]).at(0.0).overall.rho_f == pytest.approx(wrong / len(valid))


@pytest.mark.parametrize("count", NUMBERS)
def test_saved_label_maps(tmp_path: Path, count: int) -> None:
    """Maps of the pass, read as those of another framework, have its counts; the kinds of error add up to them."""
    data = scene(tmp_path / "data", count)
    measured = measure(network(classes=count), data, None, cpu(), cache=tmp_path / "kept")
    for pair, file in zip(data.pairs, measured.label_maps.files, strict=True):
        (saved := tmp_path / "maps" / pair.image).parent.mkdir(parents=True, exist_ok=True)
        saved.write_bytes(file.read_bytes())
    found = measure_predictions(tmp_path / "maps", data)
    assert (found.statistics == measured.statistics).all()
    for index in range(len(data.pairs)):
        prediction, truth = found.label_maps.read(index), read_target(data, index)
        void = 255 if count <= 255 else 65535
        errors = image_errors(prediction, truth, num_classes=count, void=void)
        assert (errors.statistics == measured.statistics[index]).all()
        pairs = Counter(zip(truth.ravel().tolist(), prediction.ravel().tolist(), strict=True))
        totals: Counter[tuple[int, int]] = Counter()
        for _, true, predicted, pixels in errors.wrong.tolist():
            totals[true, predicted] += pixels
        assert totals == {pair: pixels for pair, pixels in pairs.items() if pair[0] not in (pair[1], void)}


def test_saved_label_maps_of_too_few_bits_or_other_labels(tmp_path: Path) -> None:
    data = scene(tmp_path / "data", 300)
    truth = [read_target(data, index) for index in range(len(data.pairs))]

    def saved(folder: str, change: object) -> Path:
        for pair, labels in zip(data.pairs, truth, strict=True):
            save_image(tmp_path / folder / pair.image, change(labels))  # type: ignore[operator]
        return tmp_path / folder

    with pytest.raises(DataError, match="of 8 bits or less, in which more than 255 classes do not fit"):
        measure_predictions(saved("bytes", lambda labels: labels % 256), data)
    with pytest.raises(DataError, match=r"look one too high.* OUT --shift -1 --wide`"):
        measure_predictions(saved("high", lambda labels: np.where(labels == 65535, 1, labels + 1)), data)
    with pytest.raises(DataError, match=r"predict class 65535, but numbered has classes 0\.\.299 \(\d"):
        measure_predictions(saved("void", lambda labels: np.roll(labels, 4, 1)), data)
