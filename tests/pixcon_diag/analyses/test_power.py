"""Notes on the runs that power is estimated from."""

from pixcon_diag.analyses.power import fork_notes
from pixcon_diag.logs.history import RunHistory
from tests.training_logs import history


def run(parent: str | None) -> RunHistory:
    return history([0.5], config={"fork.checkpoint": parent})


def test_forks_that_share_a_checkpoint_are_no_independent_seeds() -> None:
    groups = {
        "shared": [run("p"), run("p"), run("q")],
        "one": [run("p"), run("p")],
        "other": [run("q"), run("q")],
        "apart": [run("p"), run("q")],
        "no forks": [run(None), run(None)],
        "mixed": [run(None), run("p"), run("p")],
    }
    first, second = fork_notes(groups)
    assert first.startswith("The 3 runs of shared fork 2 checkpoints: they are not independent")
    assert second.startswith("The 2 runs each of one, other fork 1 checkpoint: they")
