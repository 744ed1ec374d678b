"""How many pseudo-labels does a threshold keep, and how many of these are wrong?

Measures retention and contamination ρ_F of checkpoints at every threshold, and the smallest τ from which on at most 5 %
of the retained pixels of new images are wrong, with a confidence of 90 %.

Needs nothing; name checkpoints of your own to measure them (python contamination_over_tau.py runs/a best.pth).
Takes at most four minutes of a CPU core, in which a run is trained; with checkpoints that you name, seconds.
Prints the thresholds; saves contamination.csv and contamination.png.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import pixcon_diag as pxd
import pixcon_train

TICKS = [0, 0.5, 0.9, 0.95, 0.99, 0.999]


def main() -> None:
    sources = sys.argv[1:]
    if not sources:
        run = Path("runs/bank-clean-0")  # the name in does_the_bank_help.py
        pixcon_train.train(pixcon_train.load_config(), run, resume=run.exists())
        sources = [str(run)]
    study = pxd.Study(sources)
    passes = {member.checkpoint.name: measured for member, measured in study.passes()}

    figure, panels = plt.subplots(1, len(passes) + 1, figsize=(4 * len(passes) + 4, 3.6), layout="constrained")
    tables = {}
    for panel, (name, measured) in zip(panels, passes.items(), strict=False):
        curve = measured.contamination().curve
        table = pd.DataFrame({"tau": curve.tau, "retention": curve.retention, "rho_f": curve.rho_f})
        tables[name] = table = table[(table.retention > 0.001) & (table.tau < 1)]
        kept, wrong = 100 * table.retention, 100 * table.retention * table.rho_f
        areas = {"retained, right": kept - wrong, "retained, wrong": wrong, "dropped": 100 - kept}
        panel.stackplot(1 - table.tau, areas.values(), labels=areas, colors=["tab:green", "tab:red", "lightgray"])
        panel.set(xscale="log", xlim=(1, 0.001), ylim=(0, 100), title=name, xlabel="τ", ylabel="valid pixels (%)")
        panel.set_xticks([1 - tau for tau in TICKS], [f"{tau:g}" for tau in TICKS])
        panel.legend(loc="lower left")
        marked = [*table.tau.isin(TICKS).to_numpy().nonzero()[0]]
        panels[-1].plot(kept, 100 * table.rho_f, "-o", markevery=marked, label=name)
    for row in table.iloc[marked[1:]].itertuples():
        place = 100 * row.retention, 100 * row.rho_f
        panels[-1].annotate(f"τ = {row.tau:g}", place, (-8, 3), textcoords="offset points", ha="right")
    panels[-1].set(yscale="log", xlabel="retained pixels (%)", ylabel="wrong among them, ρ_F (%)")
    panels[-1].set_ylim(bottom=0.005)
    panels[-1].legend(loc="lower right")
    figure.savefig("contamination.png", dpi=150)
    pd.concat(tables, names=["checkpoint"]).reset_index(0).to_csv("contamination.csv", index=False)
    print(study.tau(alpha=0.05))


if __name__ == "__main__":
    main()
