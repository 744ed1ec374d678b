"""Names of the files in a run's folder, and of the checkpoint format."""

CONFIG = "config.yaml"
LATEST, BEST_EMA, BEST_STUDENT = "latest.pth", "best_ema.pth", "best_student.pth"
KEPT = "epoch_*.pth"
"""Pattern of the states that a run keeps of some epochs."""
CHECKPOINT_FORMAT = "pixcon-diag/checkpoint"


def kept_state(epoch: int) -> str:
    """Name of the state that is kept of an epoch."""
    return f"epoch_{epoch}.pth"
