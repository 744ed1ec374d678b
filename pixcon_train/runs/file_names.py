"""Names of the files in a run's folder, and of the checkpoint format."""

CONFIG = "config.yaml"
LATEST, BEST_EMA, BEST_STUDENT = "latest.pth", "best_ema.pth", "best_student.pth"
CHECKPOINT_FORMAT = "pixcon-diag/checkpoint"
