"""Progress of training: a bar of iterations, a second bar for validation and similar work, and one line per epoch."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from pixcon_cli.console import bars, say, say_command
from pixcon_train.engine.observer import TrainingObserver
from pixcon_train.engine.trainer import TrainingResult
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT, LATEST


class TrainingDisplay(TrainingObserver):
    """Displays the events of a run; a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = bars(console)
        self._training = self._bars.add_task("training", total=None)
        self._second = self._bars.add_task("", visible=False)

    def __enter__(self) -> "TrainingDisplay":
        self._bars.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._bars.stop()

    def started(self, lines: list[str], iteration: int, iterations: int) -> None:
        """Print the description of the run, and start the bar."""
        for line in lines:
            say(self._console, line)
        self._bars.update(self._training, completed=iteration, total=iterations)

    def stepped(self, iteration: int) -> None:
        """Move the bar."""
        self._bars.update(self._training, completed=iteration)

    def progressed(self, description: str, done: int, total: int) -> None:
        """Show the second bar until it is full."""
        self._bars.update(self._second, description=description, completed=done, total=total, visible=done < total)

    def epoch_finished(self, record: Mapping[str, Any]) -> None:
        """Print the epoch's line; ``record`` is its entry in the log."""
        say(self._console, epoch_line(record))

    def warned(self, line: str) -> None:
        """Print a warning."""
        say(self._console, line)


def show_result(console: Console, result: TrainingResult) -> None:
    """Print the best mIoUs of a run, or how to resume it."""
    best, folder = result.state.best, result.folder
    if result.signal is not None:
        say(
            console,
            f"Stopped by {result.signal} after {result.state.iteration} iterations; {folder / LATEST} is saved.",
        )
        say_command(console, "Resume with", ["pixcon-train", "run", "--resume", str(folder)])
        return
    for name, file in {"ema": BEST_EMA, "student": BEST_STUDENT}.items():
        reached = f"mIoU {100 * best[name]['miou']:.2f} after epoch {best[name]['epoch']}"
        say(console, f"Best {name}: {reached} – {folder / file}")
    say_command(console, "Next", ["pixcon-diag", "doctor", str(folder)], "what is wrong, in sentences")
    say_command(console, "Curves", ["tensorboard", "--logdir", str(folder.parent)])


def epoch_line(record: Mapping[str, Any]) -> str:
    """One line per epoch: losses, retention, bank fill, both mIoUs in per cent, time.

    ρ_F follows retention and fill if it is recorded.
    """
    losses = record["losses"]
    parts = [f"epoch {record['epoch']}/{record['epochs']}", f"loss {losses['loss']:.3f} (x {losses['loss_x']:.3f}"]
    parts[-1] += f", u {losses['loss_u']:.3f}, pix {losses['loss_pix']:.3f})"
    parts.append(f"retained {100 * record['retention']:.1f}%{_rho_f(record)}")
    if record["bank"]:
        parts.append(f"bank {100 * record['bank']['fill']:.0f}%{_rho_f(record['bank'])}")
    if record["validation"]:
        student, ema = (record["validation"][name]["miou"] for name in ("student", "ema"))
        parts.append(f"mIoU student {100 * student:.2f}, EMA {100 * ema:.2f}")
    parts.append(f"{record['seconds']:.0f} s")
    return "  ".join(parts)


def _rho_f(record: Mapping[str, Any]) -> str:
    contamination = record.get("contamination")
    return f" (ρ_F {100 * contamination:.2f}%)" if contamination else ""
