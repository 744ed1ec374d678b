"""Runs of two methods with two seeds each, as training leaves them: checkpoints, configuration and log."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from pixcon_train.core.files import sha256, to_json
from pixcon_train.core.yaml_files import dump_yaml
from pixcon_train.models.build import build_model
from pixcon_train.runs.checkpoint import save_checkpoint
from pixcon_train.runs.file_names import BEST_EMA, CONFIG
from pixcon_train.runs.log import LOG
from tests.cli.farm import CLASSES, own_checkpoint, state
from tests.reference import rule_tensor

DIM = 8


def write_methods(root: Path, data: Path) -> Path:
    """Write `runs` below ``root``: `none` and `clean`, seeds 0 and 1; the folder."""
    runs = root / "runs"
    for rule, shift in (("none", 0.0), ("clean", 0.4)):
        for seed in (0, 1):
            write_run(runs / f"farm-{rule}-{seed}", data, rule, seed, shift + 0.1 * seed)
    return runs


def write_run(folder: Path, data: Path, rule: str, seed: int, shift: float) -> None:
    """One run: with a projection head and a stored bank where there is a rule."""
    folder.mkdir(parents=True)
    val = data / "val.txt"
    listed = {"path": str(val), "sha256": sha256(val), "text": val.read_text()}
    config: dict[str, Any] = {
        "preset": "pixcon",
        "seed": seed,
        "data": {"dataset": str(data / "farm.yaml"), "labels": "auto", "val_limit": None, "crop": 28},
        "bank": {"rule": rule, "tau": 0.5, "size": 16, "cap": 8, "temperature": 0.1},
        "schedule": {"batch": 2},
    }
    checkpoint = replace(
        own_checkpoint(data, shift), config=config, lists={"val": listed, "labeled": listed, "unlabeled": listed}
    )
    if rule != "none":
        checkpoint = replace(checkpoint, **_with_head(shift))
    save_checkpoint(folder / BEST_EMA, checkpoint)
    (folder / CONFIG).write_text(dump_yaml(config))
    records = [{"event": "start", "iteration": 0, "config": config}, *(_epoch(e, shift) for e in (1, 2))]
    (folder / LOG).write_text("".join(to_json(record, indent=None) + "\n" for record in records))


def _with_head(shift: float) -> dict[str, Any]:
    model = build_model("unimatch_v2", "nano", len(CLASSES), projection=True, embedding_dim=DIM)
    head = {k: rule_tensor(k, v) for k, v in model.state_dict().items() if k.startswith("proj_head.")}
    queue = torch.nn.functional.normalize(rule_tensor("queue", torch.zeros(3, 16, DIM)), dim=2)
    bank = {"queue": queue, "ptr": torch.tensor([0, 4, 0]), "filled": torch.tensor([16, 4, 0])}
    both = {name: {**state(each), **head} for name, each in (("student", 1 + shift), ("ema", shift))}
    return {"projection": True, "embedding_dim": DIM, "bank": bank, **both}


def _epoch(epoch: int, shift: float) -> dict[str, Any]:
    iou = dict.fromkeys(CLASSES, 0.2 + 0.1 * epoch + 0.01 * shift)
    scores = {"miou": iou[CLASSES[0]], "miou_zero": iou[CLASSES[0]], "iou": iou}
    return {
        "event": "epoch",
        "epoch": epoch,
        "epochs": 2,
        "losses": {"loss": 1.0 / epoch},
        "retention": 0.2 * epoch,
        "validation": {"student": scores, "ema": scores},
    }
