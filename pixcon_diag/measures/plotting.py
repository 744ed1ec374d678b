"""The figure of a command, drawn from a metric alone."""

from typing import TYPE_CHECKING, Any

from pixcon_train.evaluation.label_checks import LabelMeasurement

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class DrawnMeasurement(LabelMeasurement):
    """A metric whose result a command draws."""

    command: str
    """Name of the command."""

    def drawn_with(self) -> dict[str, Any]:
        """What the figure needs beside the result; classes go by their numbers."""
        return {"classes": [str(k) for k in range(self.num_classes)]}

    def plot(self, name: str | None = None) -> "Figure":
        """The figure of the command, of what was counted so far.

        Args:
            name: of the figure, where the command has several; the first one where None.
        """
        from pixcon_figures.drawing import draw_result  # the one place where a measure reaches for the drawings

        method = type(self).__name__
        record = {"name": method, "group": method, self.command: self.compute().to_dict(), **self.drawn_with()}
        figures = draw_result(self.command, {"results": [record]})
        return figures[name or next(iter(figures))]
