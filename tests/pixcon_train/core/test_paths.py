"""Names that no file can have are answered like those of files that are not there."""

from pathlib import Path

import pytest

from pixcon_train.core.paths import exists, expanded, is_file, is_folder, resolved

NAMES = ["x" * 300, "x/" * 3000, "a\0b", "link", "~nobody-of-this-name/x"]


@pytest.fixture(autouse=True)
def loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("link").symlink_to("link")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_there(name: str) -> None:
    assert not exists(Path(name)) and not is_file(Path(name)) and not is_folder(Path(name))
    assert expanded(Path(name)) == Path(name)
    assert resolved(Path(name)) == (Path(name) if "\0" in name else Path.cwd() / name)


def test_what_is_there_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "to-file").symlink_to("file")
    assert exists(Path("file")) and is_file(Path("to-file")) and is_folder(tmp_path)
    assert not is_folder(Path("file")) and not is_file(tmp_path)
    assert resolved(Path("to-file")) == tmp_path.resolve() / "file"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded(Path("~/file")) == tmp_path / "file"
