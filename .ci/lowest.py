"""Make a virtual environment with the lowest versions that pyproject.toml allows, beside the PyTorch already installed.

``.venv/bin/python .ci/lowest.py .venv-lowest``: PyTorch, which is 5 GB with its CUDA libraries, is linked from the
environment whose Python runs this; whatever else pyproject.toml names with ``>=`` is installed in just that version.
"""

import re
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINKED = re.compile(r"torch|torchvision|triton|(nvidia|cuda)[-_].*")
TOOLS = (
    "pytest",
    "pytest-timeout",
    "hypothesis",
    "nbclient",
    "nbformat",
    "ipykernel",
    "playwright",
    "axe-playwright-python",
)
"""What the tests need of the extra ``dev``."""
EXTRAS = ("sweeps", "smp")
"""Installed too; ``transformers`` needs a huggingface_hub above the lowest."""


def main(folder: Path) -> None:
    """Make the environment in ``folder``, or bring the one there up to date."""
    venv.create(folder, with_pip=True)
    pins = lowest()
    (folder / "lowest.txt").write_text("".join(f"{pin}\n" for pin in pins))
    link_torch(folder)
    pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
    subprocess.run(
        [*pip, "--constraint", folder / "lowest.txt", "--editable", f"{ROOT}[{','.join(EXTRAS)}]", *TOOLS], check=True
    )
    print(f"{folder} has", *pins)


def lowest() -> list[str]:
    """``name==version`` of each dependency in pyproject.toml, but for PyTorch."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *(line for extra in EXTRAS for line in project["optional-dependencies"][extra])]
    return [line.replace(">=", "==") for line in named if not LINKED.fullmatch(line.split(">=")[0])]


def link_torch(folder: Path) -> None:
    """Show PyTorch and the CUDA libraries of this Python to that of ``folder``, behind what is installed there."""
    links = folder.resolve() / "torch-as-installed"
    links.mkdir(exist_ok=True)
    for distribution in distributions():
        if LINKED.fullmatch(distribution.metadata["Name"]):
            for name in {file.parts[0] for file in distribution.files or []} - {".."}:
                target = links / name
                target.unlink(missing_ok=True)
                target.symlink_to(Path(str(distribution.locate_file(name))).resolve())
    (site_packages,) = folder.glob("lib/python3*/site-packages")
    (site_packages / "torch-as-installed.pth").write_text(f"{links}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
