"""A process started by ``processes.py``: runs three optimizer steps and saves its state."""

import os
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from accelerate.state import PartialState

from benchmarks.gpu.harness import TINY, Run, fill_bank, new_run, without_dropout
from pixcon_train.core.seeding import mix
from pixcon_train.engine.stepper import MicroBatch, Stepper
from pixcon_train.method.step_inputs import StepRandomness

STEPS, BATCH = 3, 4

VALUES: dict[str, Any] = {
    **TINY,
    "schedule.batch": BATCH,
    "consistency.tau": 0.0,
    "bank.rule": "labeled",
    "bank.size": 2048,
    "bank.cap": 512,
    "bank.max_anchors": 1 << 20,
}
"""Every labeled pixel is an anchor and an entry, so that nothing is drawn: a class has at most 376 a step."""


class Undrawn(Stepper):
    """Steps without CutMix boxes and dropout, which depend on the micro-batch."""

    def _randomness(self, batch: int, at: tuple[int, int]) -> StepRandomness:
        boxes = torch.zeros(batch, 4, dtype=torch.long, device=self._accelerator.device)
        anchors = torch.Generator(self._accelerator.device).manual_seed(mix(*at))
        return StepRandomness((boxes, boxes), None, None, anchors)


def main(processes: int, device: str, scratch: Path, rank: int) -> None:
    """Run the steps of one process."""
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    if processes > 1:
        # Both have local rank 0, so that both use the same GPU.
        place = {"RANK": rank, "WORLD_SIZE": processes, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 1}
        os.environ.update({key: str(value) for key, value in place.items()})
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29500")
        meeting = f"file://{scratch}/meeting"
        dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=processes)
    joint = device == "cuda" and processes == 1
    values = {**VALUES, "runtime.device": device, "schedule.micro_batch": BATCH if joint else BATCH // 2}
    run = new_run(values, scratch / f"data {processes} {rank}")
    if processes > 1:
        PartialState().backend = "gloo"  # accelerate assumes NCCL for CUDA
    torch.save(_stepped(run), scratch / f"{processes}-{rank}")


def _stepped(run: Run) -> dict[str, Any]:
    fill_bank(run.parts, 16)
    without_dropout(run.parts)
    stepper, student = Undrawn(run.config, run.parts), run.parts.student
    before = {key: value.detach().cpu().clone() for key, value in student.named_parameters()}
    losses = [float(stepper.step(_share(run, seed), seed).scalars["loss"]) for seed in range(STEPS)]
    bank = run.parts.bank
    assert bank is not None and bank.filled.max() < bank.queue.shape[1]
    return {
        "losses": losses,
        "before": before,
        "weights": {key: value.detach().cpu() for key, value in student.named_parameters()},
        "buffers": {key: value.cpu() for key, value in student.named_buffers() if value.is_floating_point()},
        "bank": {key: value.cpu() for key, value in bank.named_buffers()},
    }


def _share(run: Run, seed: int) -> list[MicroBatch]:
    """This process's micro-batches of the step's whole batch."""
    layout = run.parts.layout
    whole = run.batch(seed, void=False, micro=BATCH)

    def cut(item: dict[str, Any], number: int) -> dict[str, Any]:
        first = layout.piece(number) * layout.micro
        return {key: value[first : first + layout.micro] for key, value in item.items()}

    return [(cut(whole[0], number), cut(whole[1], number)) for number in range(layout.accumulation)]


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
