"""Training on the screen: one bar with time left, one for a validation under way, and one line an epoch."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from pixcon_cli.console import bars


class TrainingDisplay:
    """Draws what the trainer tells (:class:`pixcon_train.observer.TrainingObserver`) while it is entered."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = bars(console)
        self._training = self._bars.add_task("training", total=None)
        self._validation = self._bars.add_task("validation", visible=False)

    def __enter__(self) -> "TrainingDisplay":
        self._bars.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._bars.stop()

    def started(self, lines: list[str], iteration: int, iterations: int) -> None:
        """Print what the run is, and start the bar."""
        for line in lines:
            self._console.print(line, soft_wrap=True)
        self._bars.update(self._training, completed=iteration, total=iterations)

    def stepped(self, iteration: int) -> None:
        """Move the bar."""
        self._bars.update(self._training, completed=iteration)

    def validating(self, weights: str, done: int, total: int) -> None:
        """Show the validation's bar until it is full."""
        self._bars.update(
            self._validation, description=f"validation ({weights})", completed=done, total=total, visible=done < total
        )

    def epoch_finished(self, record: Mapping[str, Any]) -> None:
        """Print the epoch's line; ``record`` is its entry in the log."""
        self._console.print(epoch_line(record), soft_wrap=True)


def epoch_line(record: Mapping[str, Any]) -> str:
    """One line about an epoch: losses, mask ratio, bank fill, both mIoUs (per cent), time."""
    losses = record["losses"]
    parts = [f"epoch {record['epoch']}/{record['epochs']}", f"loss {losses['loss']:.3f} (x {losses['loss_x']:.3f}"]
    parts[-1] += f", u {losses['loss_u']:.3f}, pix {losses['loss_pix']:.3f})"
    parts.append(f"retained {100 * record['mask_ratio']:.1f}%")
    if record["bank_fill"] is not None:
        parts.append(f"bank {100 * record['bank_fill']:.0f}%")
    if record["validation"]:
        student, ema = (record["validation"][name]["miou"] for name in ("student", "ema"))
        parts.append(f"mIoU student {100 * student:.2f}, EMA {100 * ema:.2f}")
    parts.append(f"{record['seconds']:.0f} s")
    return "  ".join(parts)
