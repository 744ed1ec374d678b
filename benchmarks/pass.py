"""Cost of a pass beyond running the network: measurements, label maps and saving, compared with inference alone.

Run: python -m benchmarks.pass CKPT [--data-root FOLDER] [--limit 20] [--repeats 5] [--device cpu] [--threads 1]

Inference alone reads the same images and makes the same predictions, but discards them. The full pass is what
`pixcon-diag` runs: it checks the data, counts, writes the label maps and saves, each time into a new folder.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch

from benchmarks.results import Row, add_options, report
from benchmarks.timing import Work, alternate, ratio, spread
from pixcon_diag.cache.measure import measure
from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_diag.data.evaluation_data import DataChoice, EvaluationData, choose_data
from pixcon_diag.passes.options import RunChoice, pass_options
from pixcon_diag.passes.run import choose_device, evaluation_dataset, run_pass
from pixcon_train.data.dataset_check import check_data

BOUND = 1.25
"""Largest allowed time of the full pass, relative to inference alone."""


def ways(checkpoint: LoadedCheckpoint, data: EvaluationData, run: RunChoice) -> Mapping[str, Work]:
    """Inference alone and the full pass."""
    passing = pass_options(checkpoint, data, run)

    def inference() -> None:
        run_pass(checkpoint.model, evaluation_dataset(data), [], passing)

    def full() -> None:
        # measure() checks the data once per process, which the warm-up did.
        check_data(data.spec, data.source.root, data.pairs, encoding=data.encoding)
        with tempfile.TemporaryDirectory() as folder:
            measure(checkpoint, data, run=run, cache=Path(folder))

    return {"inference alone": inference, "full pass": full}


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="file or run folder")
    parser.add_argument("--dataset", help="where the checkpoint does not say it")
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--limit", type=int, default=20, help="images of the validation list")
    parser.add_argument("--device", default=None)
    add_options(parser, "pass", repeats=5)
    return parser.parse_args()


def main() -> int:
    """Print the seconds of both and their ratio."""
    options = parse()
    torch.set_num_threads(options.threads)
    checkpoint = load(options.checkpoint)
    data = choose_data(DataChoice(options.dataset, options.data_root, limit=options.limit), checkpoint)
    run = RunChoice(device=options.device, workers=0)
    print(*checkpoint.describe(), sep="\n")
    seconds = alternate(ways(checkpoint, data, run), options.repeats, device=choose_device(options.device))
    rows = [Row(name, spread(found), "s", values={"seconds": found}) for name, found in seconds.items()]
    rows.append(Row("full pass ÷ inference", ratio(seconds["full pass"], seconds["inference alone"]), target=BOUND))
    return report(f"A pass over {len(data.pairs)} images of {data.spec.name}", rows, options.out)


if __name__ == "__main__":
    sys.exit(main())
