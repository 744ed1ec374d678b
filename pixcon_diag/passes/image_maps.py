"""One image of a measured pass: what is predicted, how surely, and what is true."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class ImageMaps:
    """The maps of one image, from which a measurement of your own is computed.

    Example:
        >>> target, prediction, bins = np.array([[0, 1, 255]]), np.array([[1, 1, 1]]), np.array([[2, 1, 2]])
        >>> maps = ImageMaps("a.jpg", Path("a.jpg"), target, prediction, bins, (0.0, 0.9, 0.95), 255)
        >>> maps.wrong, maps.retained(0.95)
        (array([[ True, False, False]]), array([[ True, False, False]]))
    """

    name: str
    """The image's path in the list."""
    path: Path
    """File of the image."""
    target: np.ndarray = field(repr=False)
    """y, (H, W), class indices and ``void``."""
    prediction: np.ndarray = field(repr=False)
    """ŷ, (H, W), class indices."""
    bins: np.ndarray = field(repr=False)
    """(H, W) uint8, the bin of each pixel's confidence: it lies in ``[edges[i], edges[i + 1])``."""
    edges: tuple[float, ...] = field(repr=False)
    void: int

    @property
    def valid(self) -> np.ndarray:
        """(H, W) bool: pixels with a true class."""
        found: np.ndarray = self.target != self.void
        return found

    @property
    def wrong(self) -> np.ndarray:
        """(H, W) bool: valid pixels of which the predicted class is not the true one."""
        found: np.ndarray = self.valid & (self.prediction != self.target)
        return found

    def retained(self, tau: float) -> np.ndarray:
        """(H, W) bool: valid pixels with c >= ``tau``, exactly as the pass counts them.

        Raises:
            ValueError: the pass did not count ``tau``: it is neither on its grid (every 0.005, finer close to 1) nor
                among the thresholds of its options.
        """
        if tau not in self.edges:
            raise ValueError(f"The pass did not count τ = {tau:g}. Measure with MeasureOptions(taus=({tau:g},)).")
        found: np.ndarray = self.valid & (self.bins >= self.edges.index(tau))
        return found
