"""Saved results for the figures' tests: made by the real measurements on small made-up data, and through JSON text."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from pixcon_diag.logs.history import EpochRecord, Evaluation, RunHistory
from pixcon_diag.measures.bank_effect import bank_effect
from pixcon_diag.measures.bank_entries import Entries
from pixcon_diag.measures.boundary import BoundaryError
from pixcon_diag.measures.contamination import Contamination
from pixcon_diag.measures.coverage import Coverage
from pixcon_diag.measures.dynamics import dynamics
from pixcon_diag.measures.error_estimate import estimate_error
from pixcon_diag.measures.geometry_result import GeometryResult
from pixcon_diag.measures.gradient import ContaminationGradient
from pixcon_diag.measures.gradient_result import SweepPoint
from pixcon_diag.measures.gradient_sweep import contamination_sweep
from pixcon_diag.measures.image_cells import ImageCells
from pixcon_diag.measures.image_counts import ImageCounts
from pixcon_diag.measures.landscape import OwnRun, landscape
from pixcon_diag.measures.per_class import per_class
from pixcon_diag.measures.per_class_tests import seed_tests
from pixcon_diag.measures.pixel_sample_result import PixelSample
from pixcon_diag.measures.power_sources import Plan, prior_sources
from pixcon_diag.measures.projection import project
from pixcon_diag.measures.qualitative import image_errors, rank_images
from pixcon_diag.measures.seed_power import seed_power
from pixcon_diag.measures.seeds import seed_noise
from pixcon_diag.measures.sensitivity import sensitivity
from pixcon_diag.measures.stored_bank import measure_stored_bank
from pixcon_diag.measures.uncertainty import paired_bootstrap, pooled_ratio
from pixcon_diag.measures.verdict import verdict_at
from pixcon_train.core.files import to_json
from pixcon_train.evaluation.iou import image_statistics
from tests.pixcon_diag.measures.test_bank_effect import NOISY, PLAIN

Content = dict[str, Any]
VOID = 255


def saved(command: str, **content: Any) -> Content:
    """``content`` as a figure reads it from ``<command>.json``."""
    return json.loads(to_json({"command": command, "version": "0", "notes": [], **content}))


def names(count: int) -> list[str]:
    return [f"class {k}" for k in range(count)]


def colors(count: int) -> list[list[int]]:
    return np.random.default_rng(5).integers(0, 256, (count, 3)).tolist()


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def label_maps(seed: int, *, classes: int = 4, error: float = 0.2, size: int = 24) -> tuple[Tensor, Tensor, Tensor]:
    """Confidence, prediction and truth (4, size, size): stripes, wrong more often where confidence is low."""
    truth = (torch.arange(size) * classes // size).expand(4, size, size).contiguous()
    confidence = torch.rand(truth.shape, generator=generator(seed)) ** 0.1
    wrong = torch.rand(truth.shape, generator=generator(seed + 1)) < error * 10 * (1 - confidence)
    prediction = torch.where(wrong, (truth + 1) % classes, truth)
    truth = truth.clone()
    truth[:, :2] = VOID
    return confidence, prediction, truth


def estimate(groups: dict[str, int], *, masks: bool = True) -> Content:
    """Estimates of so many seeds per group, calibrated on four images."""
    results = []
    for place, (group, seeds) in enumerate(groups.items()):
        for seed in range(seeds):
            cells, counts, target = ImageCells(4, void=VOID), ImageCounts(4, void=VOID), ImageCells(4, void=VOID)
            for metric in (cells, counts):
                metric.update(*label_maps(seed, error=0.2 + 0.1 * place))
            target.update(*label_maps(seed + 10, error=0.2 + 0.1 * place))
            outcomes, edges = counts.compute().histogram, cells.fine
            rng = np.random.default_rng(0)
            found = estimate_error(cells.compute(), outcomes, target.compute(), edges, (0.9, 0.7), masks=masks, rng=rng)
            results.append({"name": f"{group} {seed}", "group": group, "estimate": found.to_dict()})
    return saved("estimate", results=results)


def contamination(groups: dict[str, int], **changes: Any) -> Content:
    """Results of so many seeds per group."""
    results = []
    for place, (group, seeds) in enumerate(groups.items()):
        for seed in range(seeds):
            metric = Contamination(4, void=VOID, taus=(0.7, 0.95), widths=(1,))
            metric.update(*label_maps(seed, error=0.2 + 0.1 * place, **changes))
            result = metric.compute()
            rates = [(at.tau, at.overall) for at in result.thresholds]
            verdicts = [
                verdict_at(tau, np.full(30, r.retained - r.correct), np.full(30, r.retained)) for tau, r in rates
            ]
            results.append(
                {
                    "name": f"{group}{seed}",
                    "group": group,
                    "contamination": result.to_dict(),
                    "verdict": {"thresholds": [verdict.to_dict() for verdict in verdicts]},
                }
            )
    return saved("contamination", results=results)


def boundary(groups: dict[str, int], widths: Sequence[int] = (1, 3)) -> Content:
    results = []
    for place, (group, seeds) in enumerate(groups.items()):
        for seed in range(seeds):
            metric = BoundaryError(4, void=VOID, widths=widths)
            _, prediction, truth = label_maps(seed, error=0.2 + 0.1 * place)
            metric.update(prediction, truth)
            intervals = [{zone: {"low": 0.1, "high": 0.4} for zone in ("band", "interior")} for _ in widths]
            about = {"name": f"{group}{seed}", "group": group, "intervals": intervals}
            results.append({**about, "boundary": metric.compute().to_dict()})
    return saved("boundary", results=results)


def embeddings(classes: int = 4, each: int = 30) -> tuple[Tensor, Tensor, Entries[Tensor]]:
    """Anchors, their labels, and a clean bank around the same directions."""
    centre = F.normalize(torch.randn(classes, 16, generator=generator(0)), dim=1)
    labels = torch.arange(classes).repeat_interleave(each)

    def around(seed: int) -> Tensor:
        return F.normalize(centre[labels] + 0.2 * torch.randn(len(labels), 16, generator=generator(seed)), dim=1)

    return around(1), labels, Entries(around(2), labels, labels, torch.ones(len(labels), dtype=torch.bool))


def gradient(groups: Sequence[str], *, kinds: Sequence[str] = ("uniform", "confusion")) -> Content:
    """A clean bank with sweeps of the kinds asked for, and one by confidence, with false entries and no sweep."""
    anchors, labels, entries = embeddings()
    results = []
    confusion = {"uniform": None, "confusion": torch.arange(16.0).reshape(4, 4)}
    for place, group in enumerate(groups):
        wrong = torch.arange(len(labels)) % (7 + place) == 0
        false = entries._replace(truth=torch.where(wrong, (labels + 1) % 4, labels))
        for rule, held in (("clean", entries), ("confidence", false)):
            metric = ContaminationGradient(4)
            metric.update(anchors, labels, held)
            about = {
                "name": group,
                "group": group,
                "classes": names(4),
                "rule": rule,
                "tau": 0.95,
                "space": "projection",
            }
            sweeps = {kind: sweep(anchors, labels, entries, confusion[kind]) for kind in kinds if rule == "clean"}
            results.append({**about, "gradient": metric.compute().to_dict(), "sweep": sweeps})
    return saved("gradient", results=results)


def sweep(anchors: Tensor, labels: Tensor, entries: Entries[Tensor], confusion: Tensor | None) -> list[Content]:
    fractions = (0.0, 0.1, 0.2, 0.4)
    points: Sequence[SweepPoint] = contamination_sweep(
        anchors, labels, entries, num_classes=4, generator=generator(0), fractions=fractions, confusion=confusion
    )
    return [point.to_dict() for point in points]


def coverage(groups: dict[str, int], *, classes: int = 6, stored: bool = False) -> Content:
    """The last class is in no image, the one before it is never eligible."""
    metric = Coverage(classes, batch_size=2, cap=8, bank_size=20)
    weights = torch.tensor([0.5**k if k < classes - 1 else 0.0 for k in range(classes)]) + 1e-3
    weights[-1] = 0
    labels = torch.multinomial(weights, 6 * 100, replacement=True, generator=generator(0)).reshape(6, 10, 10)
    labels[0, 0, 0] = classes - 2
    admitted = torch.where(labels < classes - 2, labels, -1)
    metric.update(labels, admitted)
    bank = measure_stored_bank(np.ones((classes, 20, 4)), np.arange(classes)) if stored else None
    common = {"classes": names(classes), "rule": "clean", "coverage": metric.compute().to_dict()}
    common |= {"stored_bank": bank.to_dict() if bank else None, "trained_rule": "clean"}
    return saved(
        "coverage",
        results=[{"name": f"{g}{s}", "group": g, **common} for g, seeds in groups.items() for s in range(seeds)],
    )


def geometry(groups: dict[str, int], *, classes: int = 6) -> Content:
    """Class 0 is background; the last class has too few pixels."""
    results = []
    for place, (group, seeds) in enumerate(groups.items()):
        for seed in range(seeds):
            rng = np.random.default_rng(100 * place + seed)
            pixels = np.full(classes, 500)
            pixels[-1] = 3
            sums = 400 * (rng.normal(size=(classes, 8)) + 0.8) / 3
            result = GeometryResult.from_sums(sums, pixels, range(1, classes), 100)
            about = {"classes": names(classes), "foreground": list(range(1, classes))}
            about["provenance"] = provenance(f"{group}{seed}")
            results.append({"name": f"{group}{seed}", "group": group, **about, "geometry": result.to_dict()})
    return saved("geometry", results=results)


def provenance(checkpoint: str) -> Content:
    """What tells one checkpoint on one list of images from another."""
    data = {"dataset": "farm", "list_sha256": "hash of the list", "root": "data"}
    data |= {"list_name": "data/val.txt", "images": 4}
    network = {"source": f"runs/{checkpoint}/best_ema.pth", "sha256": f"hash of {checkpoint}", "weights": "ema"}
    return {"checkpoint": network, "data": data}


def tsne(methods: Sequence[str], *, classes: int = 4, each: int = 8) -> Content:
    """Of each method the first seed."""
    labels = np.repeat(np.arange(classes), each)
    pixels = tuple(("a.jpg", i, 0) for i in range(len(labels)))
    samples = {}
    for place, method in enumerate(methods):
        features = np.eye(16)[labels % 16] + 0.3 * np.random.default_rng(place).normal(size=(len(labels), 16))
        features /= np.linalg.norm(features, axis=1, keepdims=True)
        samples[method] = PixelSample(features, np.ones(len(labels)), labels, pixels, classes + 1, each, 0)
    spec = {"classes": names(classes + 1), "palette": colors(classes + 1)}
    about = {method: provenance(f"{method}0") for method in methods}
    return saved("tsne", **spec, projection=project(samples).to_dict(), provenance=about)


def qualitative(
    folder: Path,
    predictions: Sequence[Sequence[np.ndarray]],
    truths: Sequence[np.ndarray],
    *,
    classes: int = 4,
    methods: Sequence[str] = ("none", "clean"),
) -> Content:
    """PNGs below ``folder`` and the content that names them; ``predictions`` by method and image."""
    errors = []
    for maps in predictions:
        statistics = [
            image_statistics(*(torch.from_numpy(a)[None] for a in (p.astype(int), t.astype(int), t != VOID)), classes)
            for p, t in zip(maps, truths, strict=True)
        ]
        errors.append(image_errors(torch.cat(statistics).numpy()))
    files = [f"some/where/image_{i:04d}.jpg" for i in range(len(truths))]
    ranking = rank_images(files, *errors, rank_by="names", chosen=files)
    images = []
    for image in ranking.images:
        stem = f"{image.index:02d}"
        grey = np.full((*truths[image.index].shape, 3), 128, dtype=np.uint8)
        Image.fromarray(grey).save(folder / f"{stem}_image.png")
        maps = {f"{stem}_truth.png": truths[image.index]}
        maps |= {f"{stem}_{place}.png": each[image.index] for place, each in enumerate(predictions)}
        for file, labels in maps.items():
            Image.fromarray(labels.astype(np.uint8)).save(folder / file)
        truth, *rest = maps
        saved_files = {"image": f"{stem}_image.png", "truth": truth, "predictions": rest}
        images.append(asdict(image) | {"files": saved_files})
    spec = {"classes": names(classes), "palette": colors(classes), "void": VOID, "min_share": 0.005}
    return saved("qualitative", **spec, rank_by="names", methods=methods[: len(predictions)], images=images)


def per_class_content(others: Sequence[str], *, classes: int = 5, seeds: int = 3) -> Content:
    """Class 1 has no IoU in one seed."""
    rng = np.random.default_rng(0)
    baseline = rng.uniform(0.3, 0.95, (seeds, classes))
    baseline[0, 1] = np.nan
    comparisons = []
    for other in others:
        values = baseline + rng.normal(0, 0.02, (seeds, classes))
        result = per_class(names(classes), baseline.tolist(), values.tolist())
        deltas = {row.index: row.seed_deltas for row in result.rows}
        tested = seed_tests([deltas[k] for k in range(classes)])
        tests = [] if tested is None else [tested.to_dict()]
        found = {row.index: row.delta for row in (*result.rows, result.mean)}
        intervals = [{"low": found[k] - 0.01, "high": found[k] + 0.02} for k in (*range(classes), -1)]
        about = {"baseline": "none", "other": other, "intervals": intervals}
        comparisons.append({**about, "per_class": result.to_dict(), "tests": tests})
    return saved("per-class", classes=names(classes), comparisons=comparisons)


def history(name: str, values: Sequence[float], *, losses: bool = True, **config: Any) -> RunHistory:
    """A run with these EMA mIoUs, one an epoch."""
    epochs = tuple(
        EpochRecord(
            i,
            Evaluation(value - 0.1),
            Evaluation(value, (value, value)),
            0.8 + 0.01 * i if losses else float("nan"),
            {"loss": 1 / (i + 1), "loss_u": 0.2 / (i + 1)} if losses else {},
        )
        for i, value in enumerate(values)
    )
    return RunHistory(name, f"{name}.log", "unimatch", ("a", "b"), 0, epochs, config)


def dynamics_content(groups: dict[str, Sequence[RunHistory]]) -> Content:
    return saved("dynamics", dynamics=dynamics(groups).to_dict())


def power_content(groups: dict[str, list[RunHistory]]) -> Content:
    """Power from the runs' own noise, or the prior."""
    plan = Plan((0.002, 0.01), (3, 10))
    noise = seed_power(dynamics(groups), plan, np.random.default_rng(0))
    sources = [source.to_dict() for source in noise.sources or prior_sources(plan)]
    numbers = {"alpha": 0.05, "power": 0.8, "effects": plan.effects, "seeds": plan.seeds}
    return saved("power", **numbers, seed_noise=noise.to_dict() | {"sources": sources}, image_noise=[])


def bank_effect_content() -> Content:
    """Two settings of one rule: a single pair, and two of them with noise."""
    return saved("bank-effect", bank_effect=bank_effect([*NOISY, *PLAIN]).to_dict())


def sensitivity_content(runs: Sequence[RunHistory], base: str | None = None) -> Content:
    return saved("sensitivity", sensitivity=sensitivity(runs, base=base).to_dict())


def landscape_content(own: Sequence[OwnRun] = ()) -> Content:
    return saved("landscape", landscape=landscape(own).to_dict())


def compare(others: Sequence[str], *, seeds: int = 3) -> Content:
    """Error in the band with both noises, a number with the seeds' alone, and a measure with neither."""
    rng = np.random.default_rng(0)
    comparisons = []
    for other in others:
        pixels = np.full((2, 40), 1000.0)
        wrong = rng.binomial(1000, [[0.2], [0.17]], (2, 40))
        first, second = np.stack((pixels, wrong), -1)
        images = paired_bootstrap([first], [second], pooled_ratio(1, 0), rng=rng, draws=200)
        spread = seed_noise(rng.normal(0.2, 0.01, seeds), rng.normal(0.17, 0.01, seeds), higher_is_better=False)
        cosine = seed_noise(rng.normal(0.4, 0.01, seeds), rng.normal(0.39, 0.01, seeds), higher_is_better=False)
        rows = [
            row("error in the 3 px band", "fraction", False, images.to_dict(), spread.to_dict()),
            row("mIoU", "fraction", True, None, None),
            row("mean inter-class cosine", "number", False, None, cosine.to_dict()),
        ]
        comparisons.append({"other": other, "rows": rows})
    return saved("compare", baseline="none", comparisons=comparisons)


def row(measure: str, unit: str, higher: bool, images: Content | None, seeds: Content | None) -> Content:
    about = {"measure": measure, "unit": unit, "higher_is_better": higher}
    return {**about, "image_noise": images, "seed_noise": seeds}
