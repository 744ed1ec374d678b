"""Which of two models of another framework is better, and where?

Trains two forests of scikit-learn that classify single pixels of digit scenes, by colour alone and by colour and its
surroundings, saves their probabilities as another framework would, and compares the files.

Needs nothing. In place of the forests, name folders with the maps of your own models (docs/saved-maps.md).
Takes half a minute of a CPU core.
Prints the conclusion and thresholds; saves maps in maps/, the differences as tables and a figure in forests/.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.ensemble import ExtraTreesClassifier

import pixcon_diag as pxd

SCALES = {"colour": (0,), "context": (0, 2, 6)}
"""Blurs, in pixels, of the colours that a forest sees."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, help="images to measure on [default: all]")
    choice = pxd.DataChoice("digits", limit=parser.parse_args().images)
    labeled, data = pxd.choose_data(pxd.DataChoice("digits"), split="labeled"), pxd.choose_data(choice)

    root = data.source.root
    for name, scales in SCALES.items():

        def features(image: str, scales: tuple[int, ...] = scales) -> np.ndarray:
            pixels = np.asarray(Image.open(root / image), dtype=np.float32)
            return np.concatenate([gaussian_filter(pixels, (s, s, 0)) for s in scales], axis=2)

        x = np.concatenate([features(pair.image)[::8, ::8].reshape(-1, 3 * len(scales)) for pair in labeled.pairs])
        y = np.concatenate([np.asarray(Image.open(root / pair.mask))[::8, ::8].ravel() for pair in labeled.pairs])
        forest = ExtraTreesClassifier(20, max_depth=16, random_state=0).fit(x[y != 255], y[y != 255])
        for pair in data.pairs:
            seen = features(pair.image)
            scores = forest.predict_proba(seen.reshape(-1, seen.shape[2])).reshape(*seen.shape[:2], -1)
            file = (Path("maps") / name / pair.image).with_suffix(".npz")
            file.parent.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(file, scores.transpose(2, 0, 1).astype(np.float32))  # (K, H, W)

    study = pxd.Study(predictions={name: f"maps/{name}" for name in SCALES}, options=pxd.StudyOptions(data=choice))
    differences = study.compare()
    print(*differences.summary, sep="\n\n")
    print(study.contamination().to_frame()[["name", "tau", "retention", "rho_f"]].to_string(index=False))
    differences.write("forests")
    differences.plot().savefig("forests/differences.png", dpi=200)


if __name__ == "__main__":
    main()
