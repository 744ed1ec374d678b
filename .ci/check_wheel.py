"""Install the wheel into a fresh virtual environment, away from the checkout, and import everything in it.

``.venv/bin/python .ci/check_wheel.py dist``: dependencies are taken from the environment whose Python runs this, so
nothing is downloaded; the checkout's editable install is not visible there.
"""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from sysconfig import get_path

PACKAGES = ("pixcon_train", "pixcon_diag", "pixcon_figures", "pixcon_cli")

PROBE = """
import importlib, pkgutil, sys
from pathlib import Path
count = 0
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    assert Path(package.__file__).is_relative_to(sys.prefix), package.__file__
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
            count += 1
print(f"{count} modules of the wheel imported")
"""

COMMANDS = (
    ["pixcon-diag", "--version"],
    ["pixcon-diag", "--help"],
    ["pixcon-train", "show-config", "--preset", "pixcon", "--dataset", "pascal"],
)
"""The last one reads data files of the package."""


def main(dist: Path) -> None:
    """Fail on anything that the wheel lacks."""
    (wheel,) = dist.glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        binaries = Path(folder) / "bin"
        python = binaries / "python"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", wheel.resolve()]
        subprocess.run(pip, check=True, cwd=folder, env=environment)
        # A path in a .pth file is searched, but the .pth files in it, such as an editable install's, are not run.
        (site_packages,) = Path(folder).glob("lib/python3*/site-packages")
        (site_packages / "dependencies.pth").write_text(f"{get_path('purelib')}\n")
        subprocess.run([python, "-P", "-c", PROBE, *PACKAGES], check=True, cwd=folder, env=environment)
        for name, *arguments in COMMANDS:
            command = [binaries / name, *arguments]
            subprocess.run(command, check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    print(f"{wheel.name} works")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
