"""A real Slurm of one node: jobs are killed, requeued, cancelled, and the weights of a sweep stay the same."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixcon_train.core.yaml_files import dump_yaml
from pixcon_train.data.remembered import remember_root
from pixcon_train.jobs.book import Book
from pixcon_train.jobs.queue import JOBS
from pixcon_train.jobs.slurm import SlurmExecutor, SlurmOptions
from pixcon_train.runs.checkpoint import load_checkpoint
from pixcon_train.runs.file_names import LATEST
from tests.pixcon_train.comparing import assert_same_state, timeless
from tests.pixcon_train.jobs.works import Note, jobs_folder, let_go, until, worked_off
from tests.pixcon_train.tiny import tiny_values, write_tiny

pytestmark = [pytest.mark.slurm, pytest.mark.slow, pytest.mark.timeout(1000)]
SCRIPT = Path(__file__).parents[3] / ".ci/slurm.sh"


@pytest.fixture(scope="module", autouse=True)
def _slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The Slurm, for as long as the tests need it."""
    if not os.environ.get("PIXCON_SLURM"):
        pytest.skip("`make test-slurm` installs and starts the Slurm of one node that these tests need")
    folder = tmp_path_factory.mktemp("slurm")
    started = subprocess.run([SCRIPT, "start", folder], stdout=subprocess.PIPE, text=True)
    if started.returncode:
        pytest.skip(f"no Slurm of one node could be started here: {started.stdout.strip()}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield
    subprocess.run([SCRIPT, "stop", folder])


def executor(root: Path, **options: int) -> SlurmExecutor:
    made = SlurmExecutor(jobs_folder(root), SlurmOptions(10, 0, **options))
    made.poll = 0.5
    return made


def processes(job: str) -> list[int]:
    """The processes of a job's step, by their environment."""
    array, _, task = job.partition("_")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        wanted = {f"SLURM_ARRAY_JOB_ID={array}".encode(), f"SLURM_ARRAY_TASK_ID={task}".encode()}
        if wanted <= {*variables} and command.startswith(sys.executable.encode()) and b"SLURM_PROCID=0" in variables:
            found.append(int(folder.name))
    return found


def sweep_file(folder: Path) -> Path:
    """Three runs of some seconds, saved after each step."""
    folder.mkdir()
    remember_root(folder)
    values = tiny_values(write_tiny(folder), schedule__epochs=16, runtime__save_every=1)
    content = {"base": {"recipe": "small", **values}, "grid": {"bank.rule": ["none", "clean", "pseudo"]}}
    (folder / "three.yaml").write_text(dump_yaml(content))
    return folder / "three.yaml"


def sweep(file: Path, runs: Path, *options: str) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "pixcon_train",
        "sweep",
        str(file),
        "--runs",
        str(runs),
        "--allow-outside",
        *options,
    ]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_killed_requeued_and_interrupted_runs_have_the_weights_of_undisturbed_ones(tmp_path: Path) -> None:
    file, folder, alone = sweep_file(tmp_path / "data"), tmp_path / "slurm/three", tmp_path / "inline/three"
    names = [f"bank.rule-{rule}--seed-0" for rule in ("none", "clean", "pseudo")]
    inline = sweep(file, alone.parent)
    first = sweep(file, folder.parent, "--executor", "slurm", "--time", "10")
    until(lambda: all((folder / name / LATEST).exists() for name in names[:2]), 300)
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=60)
    jobs = Book(folder, print).read()
    number = jobs[names[0]].id.partition("_")[0]
    assert first.returncode == 130 and "jobs go on in Slurm" in said and f"scancel {number}" in said
    assert re.search(r"pixcon-train sweep .*/three\.yaml --runs .* --executor slurm --time 10", said), said

    killed, requeued = jobs[names[0]].id, jobs[names[1]].id
    os.kill(processes(killed)[0], signal.SIGKILL)
    subprocess.run(["scancel", "--signal=USR2", requeued], check=True)
    second = sweep(file, folder.parent, "--executor", "slurm", "--time", "10")
    _, said = second.communicate(timeout=500)
    assert second.returncode == 0, said
    after = Book(folder, print).read()
    assert [after[name].id == jobs[name].id for name in names] == [False, True, True]
    log = (folder / JOBS / f"{requeued}_0_log.err").read_text() + (folder / JOBS / f"{requeued}_0_log.out").read_text()
    assert f"Requeued job {requeued}" in log
    inline.communicate(timeout=500)
    for name in names:
        assert timeless(folder / name) == timeless(alone / name)
        assert_same_state(load_checkpoint(folder / name / LATEST), load_checkpoint(alone / name / LATEST))


def test_a_cancelled_job_is_not_submitted_again(tmp_path: Path) -> None:
    works = [Note("a", tmp_path, "waits"), Note("b", tmp_path, "waits")]
    cancelled = []

    def watch(stages: dict[str, object]) -> None:
        job = stages["a"].job  # type: ignore[attr-defined]
        if works[0].begun() and works[1].begun() and not cancelled:
            subprocess.run(["scancel", job.id], check=True)
            cancelled.append(job.id)
            let_go(tmp_path)

    stages = worked_off(works, executor(tmp_path), tmp_path, watch=watch)
    assert (stages["b"].state, works[1].begun()) == ("done", 1)
    assert stages["a"].state in ("stopped", "done") and works[0].begun() == 1


def test_runs_that_share_a_job_are_done_side_by_side(tmp_path: Path) -> None:
    works = [Note("a", tmp_path, "waits"), Note("b", tmp_path, "waits"), Note("c", tmp_path, "fails")]

    def watch(stages: object) -> None:
        if works[0].begun() and works[1].begun():
            let_go(tmp_path)

    stages = worked_off(works, executor(tmp_path, runs_per_job=2), tmp_path, watch=watch)
    assert {name: stage.state for name, stage in stages.items()} == {"a": "done", "b": "done", "c": "failed"}
    assert stages["a"].job is not None and stages["b"].job is not None and stages["a"].job.id == stages["b"].job.id
