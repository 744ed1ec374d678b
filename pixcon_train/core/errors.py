"""Errors a user can cause. Each message says what was found, where, what was expected, and what to do.

The command line turns each class into its exit code and prints the message without a traceback; anything
that is not a :class:`PixConError` is a defect of this project and keeps its traceback.
"""


class PixConError(Exception):
    """Base of every error with a message for the user."""

    exit_code = 1


class ConfigError(PixConError):
    """An option or configuration value is unknown or does not make sense."""

    exit_code = 2


class DataError(PixConError):
    """A data set, list, image or mask is missing, unreadable or not as declared."""

    exit_code = 3


class CheckpointError(PixConError):
    """A checkpoint is missing, damaged, unsafe, or does not fit what it is used for."""

    exit_code = 4


class TrainingError(PixConError):
    """Training cannot go on: a non-finite loss, say."""

    exit_code = 5


class WorkerError(PixConError):
    """A data loader's worker process died: it was killed, or memory ran out."""
