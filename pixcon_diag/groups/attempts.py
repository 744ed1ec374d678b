"""What a study computes once, and what it leaves out where it may."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pixcon_train.core.errors import PixConError

T = TypeVar("T")


class Attempts:
    """Values that are computed once, and the reasons why others could not be."""

    def __init__(self) -> None:
        self.left_out: list[str] = []
        """A sentence for each measurement left out, with the reason."""
        self._lenient = False
        self._computed: dict[Hashable, Any] = {}

    @contextmanager
    def lenient(self, on: bool = True) -> Iterator[None]:
        """Within the block, measurements that fail are left out and noted (``on``), or raise (not ``on``)."""
        before, self._lenient = self._lenient, on
        try:
            yield
        finally:
            self._lenient = before

    def attempt(self, description: str, make: Callable[[], T]) -> T | None:
        """The value of ``make``; None and a note if it raises a :class:`PixConError` within :meth:`lenient`."""
        try:
            return make()
        except PixConError as error:
            if not self._lenient:
                raise
            sentence = f"{description}: {error}"
            if sentence not in self.left_out:
                self.left_out.append(sentence)
            return None

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of ``make``, or the :class:`PixConError` that it raises, computed once per ``key``."""
        if key not in self._computed:
            try:
                self._computed[key] = make()
            except PixConError as error:
                self._computed[key] = error
        if isinstance(self._computed[key], PixConError):
            raise self._computed[key]
        return self._computed[key]  # type: ignore[no-any-return]
