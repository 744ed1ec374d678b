"""An open file for zipfile, which would read a list of records of any size."""

from io import BufferedReader

LARGEST_READ = 2**23
"""Bytes that are read at once, such as a zip's list of more than 50,000 records."""


class LimitedFile:
    """An open file of which at most :data:`LARGEST_READ` bytes are read at once."""

    def __init__(self, handle: BufferedReader) -> None:
        self._handle = handle
        self.seek, self.tell, self.seekable = handle.seek, handle.tell, handle.seekable

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes, or the rest of the file.

        Raises:
            ValueError: that are too many.
        """
        data = self._handle.read(size if 0 <= size <= LARGEST_READ else LARGEST_READ + 1)
        if len(data) > LARGEST_READ:
            raise ValueError("its list of records is too long")
        return data
