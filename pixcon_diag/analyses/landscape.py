"""Model size against mIoU as a table (Fig. 7)."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from pixcon_diag.analyses.checkpoints import ENCODER_NAMES, labeled_images_of
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.groups.arguments import RUNS
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.landscape import SETTING, LandscapeResult, OwnRun, landscape, other_setting
from pixcon_diag.provenance import CheckpointInfo
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.errors import CheckpointError, ConfigError, DataError
from pixcon_train.core.files import read_input
from pixcon_train.core.records import shortened
from pixcon_train.data.specs import spec_for_class_count

POINTS = ("name", "encoder", "parameters", "miou", "dataset")


def landscape_result(result: LandscapeResult) -> Result:
    """Published points and those of the checkpoints."""
    return Result.of("landscape", [landscape_table(result)], landscape=result.to_dict())


def landscape_table(result: LandscapeResult) -> Table:
    """A row for each method."""
    return Table.of(
        "landscape",
        f"Parameters and mIoU: {result.setting}",
        result.points,
        (
            Column("name", "method"),
            Column("encoder", "encoder"),
            Column("parameters", "parameters, M", "number", 1),
            Column("counted", "counted"),
            Column("miou", "mIoU %", "per_cent"),
            Column("source", "mIoU from", of=lambda point: point.miou_source),
        ),
        result.notes,
    )


def checkpoint_points(loaded: Sequence[LoadedCheckpoint]) -> tuple[list[OwnRun], list[str]]:
    """The checkpoints as points with the mIoU stated in their files, and a sentence for each file without one."""
    runs, left_out = [], []
    for checkpoint in loaded:
        stated = stated_miou(checkpoint.info)
        if stated is None:
            left_out.append(f"{checkpoint.name} states no mIoU of these weights. Measure it and add it with --points.")
            continue
        miou, epoch = stated
        dataset, assumed = _dataset(checkpoint)
        encoder = ENCODER_NAMES.get(checkpoint.info.size, checkpoint.info.size)
        source = f"stated by {checkpoint.info.source}: {epoch}{assumed}"
        labeled = labeled_images_of(checkpoint)
        runs.append(OwnRun(checkpoint.name, encoder, checkpoint.parameters, miou, dataset, source, labeled))
    return runs, left_out


def stated_miou(info: CheckpointInfo) -> tuple[float, str] | None:
    """The mIoU that a file states of the network measured, with its weights and epoch; None if it states none.

    Prefers the mIoU of the file's own epoch to the best one of the run: UniMatch V2 saves the student's best epoch
    together with the teacher's best mIoU, which belongs to another epoch.
    """
    scores = info.scores
    by_weights = {
        "ema": (scores.ema, scores.best_ema, scores.best_ema_epoch),
        "student": (scores.student, scores.best_student, scores.best_student_epoch),
    }
    now, best, best_epoch = by_weights.get(info.weights, (None, None, None))
    if now is not None:
        return now, f"{info.weights}, epoch {_epoch(scores.epoch)}"
    if best is None:
        return None
    return (
        best,
        f"the run's best {info.weights}, epoch {_epoch(best_epoch)}; the weights are of {_epoch(scores.epoch)}",
    )


def _dataset(loaded: LoadedCheckpoint) -> tuple[str, str]:
    """Name of the data set, and a remark if it is inferred from the number of classes."""
    if loaded.data is not None:
        return loaded.data["name"], ""
    spec = spec_for_class_count(loaded.info.num_classes)
    if spec is None:
        return "unknown", "; the file names no data set"
    return spec.name, f"; {loaded.info.num_classes} classes are assumed to be {spec.name}"


def _epoch(epoch: int | None) -> str:
    return "unknown" if epoch is None else str(epoch)


def read_points(path: Path) -> list[OwnRun]:
    """Points from a CSV file with the columns name, encoder, parameters, miou (a fraction), dataset.

    Raises:
        DataError: the file is missing, lacks a column, or has a value that is not a number.
    """
    reader = csv.DictReader(io.StringIO(read_input(path, str(path), DataError)))
    try:
        missing = [name for name in POINTS if name not in (reader.fieldnames or ())]
        if missing:
            raise DataError(f"{path} lacks the column {', '.join(missing)}. Expected: {', '.join(POINTS)}.")
        return [_point(path, number, row) for number, row in enumerate(reader, 2)]
    except csv.Error as error:
        raise DataError(f"{path} is no CSV file: {error}. Expected the columns {', '.join(POINTS)}.") from None


def _point(path: Path, line: int, row: dict[str, str]) -> OwnRun:
    try:
        parameters, miou = int(row["parameters"]), float(row["miou"])
        if not (0 <= parameters < 10**15 and 0 <= miou <= 1):
            raise ValueError
    except (TypeError, ValueError):
        raise DataError(
            f"{path}, line {line}: parameters {shortened(row['parameters'])} or miou {shortened(row['miou'])} is no "
            "such number. Expected an integer and a fraction of 0..1."
        ) from None
    return OwnRun(row["name"], row["encoder"], parameters, miou, row["dataset"], str(path))


def result_of(methods: Methods, points: str | Path | None = None) -> Result:
    """The published methods and the study's checkpoints of the same setting; further points from a CSV file.

    Raises:
        ConfigError: none of the checkpoints and points is in the setting of the published results.
        DataError: the CSV file cannot be used.
    """
    try:
        checkpoints = [checkpoint for _, members in methods.checkpoints for checkpoint in members]
    except CheckpointError:
        if methods.any_named:
            raise
        methods.notify(f"no checkpoint named and no runs in ./{RUNS}: only the published figures are shown.")
        checkpoints = []
    runs, left_out = checkpoint_points(checkpoints)
    methods.left_out += [f"in the landscape: {sentence}" for sentence in left_out]
    further = read_points(Path(points)) if points is not None else []
    own = [*runs, *further]
    others = [other_setting(run) for run in own if not run.fits]
    if own and len(others) == len(own):
        raise ConfigError(f"The published results are of {SETTING}; {', '.join(others)}.")
    methods.left_out += [f"from the landscape of {SETTING}: {other}." for other in others]
    return landscape_result(landscape([run for run in own if run.fits]))
