"""Names of the files in a run's folder, and of the checkpoint format."""

CONFIG = "config.yaml"
LATEST, BEST_EMA, BEST_STUDENT = "latest.pth", "best_ema.pth", "best_student.pth"
KEPT = "epoch_*.pth"
"""Pattern of the states that a run keeps of some epochs."""
CHECKPOINT_FORMAT = "pixcon-diag/checkpoint"

_LONGEST = 255
"""Longest name in bytes on most file systems."""


def is_folder_name(name: str) -> bool:
    """Whether ``name`` is of one folder in its parent, and not a path to elsewhere or several lines."""
    if name in ("", ".", "..") or len(name.encode(errors="surrogatepass")) > _LONGEST:
        return False
    return not any(character in "/\\\x7f" or character < " " for character in name)


def kept_state(epoch: int) -> str:
    """Name of the state that is kept of an epoch."""
    return f"epoch_{epoch}.pth"
