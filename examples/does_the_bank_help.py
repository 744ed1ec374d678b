"""Does the clean-positive bank help?

Trains small runs on scenes of handwritten digits that differ in the bank alone, compares every measurement of their EMA
teachers, and says which differences exceed the noise of images (and, with several seeds, of training).

Needs nothing; --config takes a YAML file with values of your own, such as your data set (docs/training.md).
Takes at most seven minutes of a CPU core for each seed. What is trained is not trained again.
Prints the conclusion; saves the runs in runs/, and every difference as tables and a figure in bank/.
"""

import argparse
from pathlib import Path

import pixcon_diag as pxd
import pixcon_train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", help="YAML file of training values")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each method [default: 1]")
    given = parser.parse_args()

    methods: dict[str, list[Path]] = {"none": [], "clean": []}
    for rule, folders in methods.items():
        for seed in range(given.seeds):
            config = pixcon_train.load_config(given.config, values={"bank.rule": rule, "seed": seed})
            folders.append(Path(f"runs/bank-{rule}-{seed}"))
            pixcon_train.train(config, folders[-1], resume=folders[-1].exists())

    differences = pxd.Study(methods).compare()
    print(*differences.summary, sep="\n\n")
    differences.write("bank")
    differences.plot().savefig("bank/differences.png", dpi=200)
    print("\nSaved in bank/: compare_clean_*.csv (every difference) and differences.png.")


if __name__ == "__main__":
    main()
