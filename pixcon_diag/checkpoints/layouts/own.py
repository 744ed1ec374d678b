"""Checkpoints of this project's training."""

from dataclasses import replace

from pixcon_diag.checkpoints.layouts.fields import integer, number, section, stored_bank
from pixcon_diag.checkpoints.layouts.layout import Layout, LayoutReader
from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_diag.provenance import Scores
from pixcon_train.runs.checkpoint import is_checkpoint, parse_checkpoint


def _matches(file: CheckpointFile) -> bool:
    return is_checkpoint(file.content)


def _read(file: CheckpointFile) -> Layout:
    checkpoint = parse_checkpoint(file.content, file.path)
    stated = checkpoint.metrics
    best = {which: section(checkpoint.best, which) for which in ("student", "ema")}
    return Layout(
        "pixcon-train checkpoint",
        {"ema": checkpoint.ema, "student": checkpoint.student},
        Scores(
            epoch=checkpoint.epoch,
            student=number(section(stated, "student").get("miou")),
            ema=number(section(stated, "ema").get("miou")),
            best_student=number(best["student"].get("miou")),
            best_student_epoch=integer(best["student"].get("epoch")),
            best_ema=number(best["ema"].get("miou")),
            best_ema_epoch=integer(best["ema"].get("epoch")),
        ),
        bank=stored_bank(checkpoint.bank),
        run=replace(checkpoint, student={}, ema={}, bank=None, optimizer={}),
        data=checkpoint.data,
    )


LAYOUT = LayoutReader("a checkpoint of this project", _matches, _read)
