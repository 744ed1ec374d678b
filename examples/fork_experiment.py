"""Does the bank help from the middle of a training on, and how many seeds does it take to see that?

Trains one run without a bank, continues its state after half of the epochs with and without the bank, and pairs the
forks by seed: forks of one seed see the same batches, crops and CutMix boxes (common random numbers).

Needs nothing; --config takes a YAML file with values of your own, such as your data set (docs/training.md).
Takes at most thirteen minutes of a CPU core. What is trained is not trained again.
Prints the difference and what the pairing gains; saves the forks in runs/, and a figure in forks/.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt

import pixcon_diag as pxd
import pixcon_train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", help="YAML file of training values")
    parser.add_argument("--seeds", type=int, default=3, help="forks of each method [default: 3]")
    given = parser.parse_args()

    half = pixcon_train.load_config(given.config).schedule.epochs // 2
    parent = {"bank.rule": "none", "runtime.keep_every": half}
    fork = {"fork.checkpoint": f"runs/parent/epoch_{half}.pth"}
    runs = {"parent": parent} | {
        f"fork-{rule}-{seed}": fork | {"bank.rule": rule, "seed": seed}
        for rule in ("none", "clean")
        for seed in range(given.seeds)
    }
    for name, values in runs.items():
        folder = Path("runs", name)
        config = pixcon_train.load_config(given.config, values=values)
        pixcon_train.train(config, folder, resume=folder.exists())

    methods = {rule: [f"runs/fork-{rule}-{seed}" for seed in range(given.seeds)] for rule in ("none", "clean")}
    differences = pxd.Study(methods).compare()
    differences.write("forks")
    print(differences.summary[0])

    miou = differences.to_dict()["comparisons"][0]["rows"][0]["seed_noise"]
    figure, panel = plt.subplots(figsize=(3.4, 3), layout="constrained")
    pairs = zip(miou["first"]["values"], miou["second"]["values"], strict=True)
    for seed, pair in enumerate(pairs):
        panel.plot(["none", "clean"], [100 * value for value in pair], "-o", label=f"seed {seed}")
    panel.set(ylabel="mIoU of the teacher (%)", xlim=(-0.2, 1.2), title="One line per pair of forks")
    panel.legend()
    figure.savefig("forks/pairs.png", dpi=150)


if __name__ == "__main__":
    main()
