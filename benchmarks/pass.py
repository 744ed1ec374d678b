"""Cost of a pass beyond running the network: measurements, label maps and saving, compared with inference alone.

Run: python benchmarks/pass.py CKPT [--data-root FOLDER] [--limit 20] [--repeats 5] [--device cpu] [--threads 1]

Both are timed alternately in one process, so that other load on the machine affects both. Inference alone reads the
same images and makes the same predictions, but discards them. The full pass is what `pixcon-diag` runs: it checks the
data, counts, writes the label maps and saves, each time into a new folder. Processor time is that of this process,
which also reads the images; on a busy machine it is the reliable one.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from pixcon_diag.cache.measure import measure
from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_diag.data.evaluation_data import DataChoice, EvaluationData, choose_data
from pixcon_diag.passes.options import RunChoice, pass_options
from pixcon_diag.passes.run import choose_device, evaluation_dataset, run_pass
from pixcon_train.data.dataset_check import check_data

BOUND = 1.25
"""Largest allowed time of the full pass, relative to inference alone."""

Timing = tuple[float, float]
"""Wall-clock and processor seconds."""


def timed(work: Callable[[], object], device: torch.device) -> Timing:
    """Time of one call of ``work``."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - clock, time.process_time() - processor


def compare(
    checkpoint: LoadedCheckpoint, data: EvaluationData, run: RunChoice, repeats: int
) -> tuple[list[Timing], list[Timing]]:
    """Alternating times of inference alone and of the full pass, after one warm-up of each."""
    passing = pass_options(checkpoint, data, run)
    device = choose_device(passing.device)

    def inference() -> None:
        run_pass(checkpoint.model, evaluation_dataset(data), [], passing)

    def full() -> None:
        # measure() checks the data once per process, which the warm-up did.
        check_data(data.spec, data.source.root, data.pairs, encoding=data.encoding)
        with tempfile.TemporaryDirectory() as folder:
            measure(checkpoint, data, run=run, cache=Path(folder))

    alone, whole = [], []
    for _ in range(repeats + 1):
        alone.append(timed(inference, device))
        whole.append(timed(full, device))
    return alone[1:], whole[1:]


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="file or run folder")
    parser.add_argument("--dataset", help="where the checkpoint does not say it")
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--limit", type=int, default=20, help="images of the validation list")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default=None)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def main() -> None:
    """Print the seconds of both, and the ratio of each pair."""
    options = parse()
    torch.set_num_threads(options.threads)
    checkpoint = load(options.checkpoint)
    data = choose_data(DataChoice(options.dataset, options.data_root, limit=options.limit), checkpoint)
    run = RunChoice(device=options.device, workers=0)
    print(*checkpoint.describe(), sep="\n")
    print(f"{len(data.pairs)} images of {data.spec.name}, {options.repeats} repeats, {options.threads} threads")
    alone, whole = compare(checkpoint, data, run, options.repeats)
    print(f"{'':>10} {'inference s':>12} {'full pass s':>12} {'ratio':>7} {'least':>7} {'most':>7}")
    for name, first, second in zip(
        ("clock", "processor"), zip(*alone, strict=True), zip(*whole, strict=True), strict=True
    ):
        ratios = sorted(b / a for a, b in zip(first, second, strict=True))
        seconds = f"{statistics.median(first):>12.2f} {statistics.median(second):>12.2f}"
        print(f"{name:>10} {seconds} {statistics.median(ratios):>7.3f} {ratios[0]:>7.3f} {ratios[-1]:>7.3f}")
    print(f"The bound is {BOUND}.")


if __name__ == "__main__":
    main()
