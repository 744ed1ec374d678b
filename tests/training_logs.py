"""Logs of training runs as their trainers write them, made small for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pixcon_diag.logs.history import EpochRecord, Evaluation, RunHistory

STAMP = "[2024-08-21 12:59:20,999][    INFO] "
CLASSES = ("background", "tv/monitor", "potted plant")


def history(
    values: Sequence[float], *, name: str = "run", config: dict[str, Any] | None = None, first: int = 0
) -> RunHistory:
    """A run with these EMA mIoUs, one an epoch; the student is 0.1 below."""
    epochs = tuple(
        EpochRecord(first + i, Evaluation(value - 0.1), Evaluation(value, (value, value)), 0.9, {"loss": 1.0})
        for i, value in enumerate(values)
    )
    return RunHistory(name, f"{name}.log", "unimatch", ("a", "b"), first, epochs, config or {})


def told(run: RunHistory, **values: Sequence[Any]) -> RunHistory:
    """The same run, whose log also has these ``values``, one an epoch, by field of :class:`EpochRecord`."""
    each = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    return replace(run, epochs=tuple(replace(e, **more) for e, more in zip(run.epochs, each, strict=True)))


def header(**changes: Any) -> str:
    """A UniMatch V2 log's configuration, printed over several lines."""
    config = {"backbone": "dinov2_base", "conf_thresh": 0.95, "epochs": 2, "nclass": 3, "lr": 5e-06, **changes}
    lines = [f"{key!r}: {value!r}" for key, value in config.items()]
    return STAMP + "{" + ",\n ".join(lines) + "}\n\n" + STAMP + "Total params: 97.5M\n\n"


def epoch_text(epoch: int, ious: Sequence[tuple[float, float | None]], mask_ratio: float = 0.5) -> str:
    """One epoch of a UniMatch V2 log: student and EMA IoU of each class in per cent; no EMA column where None."""
    teacher = ious[0][1] is not None
    lines = [f"===========> Epoch: {epoch}, LR: 0.00100"]
    for iteration, ratio in ((0, 0.0), (81, mask_ratio)):
        more = f", Loss x: 0.600, Loss s: 0.040, Mask ratio: {ratio:.3f}" if teacher else ""
        lines.append(f"Iters: {iteration}, LR: 0.0000050, Total loss: 0.320{more}")
    for k, (student, ema) in enumerate(ious):
        column = f", EMA: {ema:.2f}" if teacher else ""
        lines.append(f"***** Evaluation ***** >>>> Class [{k} {CLASSES[k]}] IoU: {student:.2f}{column}")
    student_mean = sum(student for student, _ in ious) / len(ious)
    column = f", EMA: {sum(ema for _, ema in ious if ema is not None) / len(ious):.2f}" if teacher else ""
    lines.append(f"***** Evaluation original ***** >>>> MeanIoU: {student_mean:.2f}{column}")
    return "".join(f"{STAMP}{line}\n" for line in lines) + "\n"


def write_unimatch(path: Path, values: Sequence[Sequence[tuple[float, float | None]]], **config: Any) -> Path:
    """A whole UniMatch V2 log with these class IoUs, one entry an epoch."""
    text = header(**{"epochs": len(values), **config})
    path.write_text(text + "".join(epoch_text(i, ious) for i, ious in enumerate(values)), encoding="utf-8")
    return path


AUGSEG = "[11/05/2022 18:19:47][INFO] - "


def augseg_text(
    values: Sequence[tuple[Sequence[float] | None, Sequence[float] | None]], *, colors: bool = True, epochs: int = 0
) -> str:
    """A log of AugSeg: each epoch's class IoUs of student and teacher in per cent; None: not evaluated."""
    config = {"dataset": {"type": "own_semi"}, "net": {"num_classes": 3}, "trainer": {"epochs": epochs or len(values)}}
    text = AUGSEG + repr(config).replace(", 'net'", ",\n 'net'") + "\n" + AUGSEG + "# samples: 92\n"
    best, blue, red, plain = [(0.0, -1), (0.0, -1)], *(("\x1b[34m", "\x1b[31m", "\x1b[0m") if colors else ("", "", ""))
    for epoch, networks in enumerate(values):
        for step, mean in ((81, 0.1), (162, 0.3)):
            means = f"Sup:0.298({mean:.3f})  Uns:0.036({2 * mean:.3f})  Pseudo:0.524({mean + 0.5:.3f})"
            text += f"{AUGSEG}Epoch/Iter [80:{epoch:3}/{step:3}].  {means}  Time:1.57  LR:0.00100\n"
        mious = [sum(ious) / len(ious) if ious is not None else -100_000 for ious in networks]
        best = [max(known, (miou, epoch), key=lambda pair: pair[0]) for known, miou in zip(best, mious, strict=True)]
        for ious in networks:
            text += "".join(f"{AUGSEG} [Test] -  class [{k}] IoU {iou:.2f}\n" for k, iou in enumerate(ious or ()))
        (student, at), (ema, ema_at) = best
        text += f"{AUGSEG} <<Test>> - Epoch: {epoch}.  MIoU: {mious[0]:.2f}/{mious[1]:.2f}.  "
        text += f"{blue}Best-STU:{student:.2f}/{at}  {red}Best-EMA: {ema:.2f}/{ema_at}{plain}\n"
    return text


CWBASS = "2026-05-29 10:00:00,123 INFO "


def cwbass_text(values: Sequence[tuple[float, float]], *, epochs: int = 0) -> str:
    """A log of CW-BASS v2: each epoch's mIoU of student and teacher in per cent."""
    count = epochs or len(values)
    text = f"{CWBASS}Arguments: Namespace(dataset='pascal', backbone='resnet101', num_classes=21, epochs={count})\n"
    best = {"student": 0.0, "EMA": 0.0}
    for epoch, (student, ema) in enumerate(values, 1):
        text += f"{CWBASS}\n{'=' * 60}\n{CWBASS}Epoch {epoch}/{count}  (warmup)\n{CWBASS}\n{'=' * 60}\n"
        text += f"{CWBASS}Iters: 0/81, LR: 0.0010000, Total loss: 0.9, Loss x: 0.8, Mask ratio: 0.1000\n"
        text += f"{CWBASS}Evaluating...\n{CWBASS}  Student mIoU: {student:.2f}%  |  EMA mIoU: {ema:.2f}%  |  "
        text += "Loss: 0.123 (x=0.100 s=0.146)  |  Mask: 0.9123  |  10.0min\n"
        text += f"{CWBASS}  Worst 5: chair=9.1, sofa=9.9\n"
        for name, miou in (("student", student), ("EMA", ema)):
            if miou > best[name]:
                best[name] = miou
                text += f"{CWBASS}  >>> New best {name}: {miou:.2f}% (epoch {epoch})\n"
    return text


def lightning_text(values: Sequence[tuple[float, float]]) -> str:
    """The metrics.csv of Lightning's CSVLogger: mIoU and mean loss of each epoch, in rows of their own."""
    text = "epoch,step,train_loss_epoch,train_loss_step,val/mIoU\n"
    for epoch, (miou, loss) in enumerate(values):
        end = 100 * epoch + 99
        text += f"{epoch},{end - 50},,{loss + 0.1},\n{epoch},{end},,{loss - 0.1},\n"
        text += f"{epoch},{end},,,{miou}\n{epoch},{end},{loss},,\n"
    return text


def chart_text(runs: Mapping[str, Sequence[float]]) -> str:
    """A chart exported from W&B: the mIoU of several runs by step, each with its least and greatest value."""
    names = [f"{run} - val/mIoU{part}" for run in runs for part in ("", "__MIN", "__MAX")]
    rows = [["Step", *names]]
    for place, values in enumerate(zip(*runs.values(), strict=True)):
        for k, value in enumerate(values):
            cells = [str(value) if run == k else "" for run in range(len(values)) for _ in range(3)]
            rows.append([str(10 * place + k), *cells])
    return "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)


def run_record(epoch: int, ema: Sequence[float | None], *, validated: bool = True, **more: Any) -> dict[str, Any]:
    """The epoch record of a run of pixcon-train, as its trainer passes it to the log; ``more`` is added or changed."""
    known = [value for value in ema if value is not None]
    scores = {"miou": sum(known) / len(known), "miou_zero": sum(known) / len(ema)}
    ious = dict(zip(CLASSES, ema, strict=True))
    validation = {"student": {**scores, "iou": ious}, "ema": {**scores, "iou": ious}}
    return {
        "epoch": epoch,
        "epochs": 3,
        "iteration": 10 * epoch,
        "losses": {"loss": 0.5 / epoch, "loss_x": 0.4, "loss_u": 0.6, "loss_pix": None},
        "retention": 0.3 * epoch,
        "learning_rate": {"encoder": 5e-6, "decoder": 2e-4},
        "bank": None,
        "validation": validation if validated else {},
        "seconds": 1.0,
        **more,
    }


def start_record(**consistency: Any) -> dict[str, Any]:
    """The first record of a run of pixcon-train, with part of a configuration."""
    config = {"preset": "small", "seed": 0, "consistency": {"tau": 0.95, **consistency}, "bank": {"rule": "clean"}}
    return {"iteration": 0, "config": config}
