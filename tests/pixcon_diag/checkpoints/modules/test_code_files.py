"""The hash of the files that the user's code is in."""

import sys
from pathlib import Path

import pytest

from pixcon_diag.checkpoints.modules.code_files import code_hash
from pixcon_diag.checkpoints.modules.code_import import imported

NET = "from torch import nn\nimport pixcon_test_a\ndef build():\n    return nn.Conv2d(3, 3, 1)\n"


@pytest.fixture(autouse=True)
def own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])


def hashed(where: Path | str) -> str | None:
    with imported(str(where)) as module:
        return code_hash(module)


def test_the_hash_is_of_every_file_that_is_imported(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    files = {
        "net.py": NET,
        "pixcon_test_a.py": "def later():\n    from parts.deep import VALUE\n    return VALUE\n",
        "parts/__init__.py": "",
        "parts/deep.py": "VALUE = 1\nfrom . import sibling\n",
        "parts/sibling.py": "",
        "unused.py": "",
        "broken.py": "(",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    first = hashed(tmp_path / "net.py")
    assert first == hashed(tmp_path / "net.py") is not None
    found = {}
    for name, content in files.items():
        (tmp_path / name).write_text(f"{content}# changed\n")
        found[name] = hashed(tmp_path / "net.py")
        (tmp_path / name).write_text(content)
    assert [name for name, other in found.items() if other == first] == ["unused.py", "broken.py"]
    assert len(set(found.values())) == 6
    assert hashed(tmp_path / "net.py") == first


def test_of_an_installed_package_only_its_own_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site-packages"
    (site / "pixcon_test_nets").mkdir(parents=True)
    (site / "pixcon_test_nets/__init__.py").write_text("")
    (site / "pixcon_test_nets/net.py").write_text("from .parts import A\nimport pixcon_test_other\n")
    (site / "pixcon_test_nets/parts.py").write_text("A = 1\n")
    (site / "pixcon_test_other.py").write_text("B = 1\n")
    monkeypatch.syspath_prepend(site)
    first = hashed("pixcon_test_nets.net")
    (site / "pixcon_test_other.py").write_text("B = 12\n")
    assert hashed("pixcon_test_nets.net") == first
    (site / "pixcon_test_nets/parts.py").write_text("A = 12\n")
    assert hashed("pixcon_test_nets.net") != first
    assert hashed("itertools") is None  # built in
