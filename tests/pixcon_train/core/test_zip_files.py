"""torch.save's zip files, whole; and other zips, which are refused with what is wrong."""

import shutil
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from pixcon_train.core.files import sha256
from pixcon_train.core.weight_files import read_weights
from tests.checkpoints import refused


def content() -> dict[str, torch.Tensor]:
    return {
        "weight": torch.arange(1000.0),
        "half": torch.ones(7, 3, dtype=torch.bfloat16),
        "count": torch.tensor(5),
        "none": torch.zeros(0),
        "view": torch.arange(12.0).reshape(3, 4).T,
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    torch.save(content(), path := tmp_path / "weights.pth")
    return path


def zipped_again(path: Path, compression: int = zipfile.ZIP_STORED, **changed: bytes | None) -> None:
    """Write the records anew with Python's zipfile; ``changed`` by the last part of their names, None for none."""
    shutil.copy(path, old := path.with_name("old.zip"))
    with zipfile.ZipFile(old) as before, zipfile.ZipFile(path, "w", compression) as after:
        for entry in before.infolist():
            data = changed.get(entry.filename.rpartition("/")[2].replace(".", "_"), before.read(entry))
            if data is not None:
                after.writestr(entry.filename, data)


@pytest.fixture
def without_checksums() -> Iterator[None]:
    torch.serialization.set_crc32_options(False)
    yield
    torch.serialization.set_crc32_options(True)


@pytest.mark.parametrize("style", ["path", "handle", "zipped again"])
def test_whole_files_are_verified_and_read(path: Path, style: str) -> None:
    if style == "handle":
        with path.open("wb") as handle:
            torch.save(content(), handle)
    elif style == "zipped again":
        zipped_again(path)
    read = read_weights(path)
    assert read.verified and read.sha256 == sha256(path)
    assert all(torch.equal(read.content[key], value) for key, value in content().items())


@pytest.mark.usefixtures("without_checksums")
def test_files_whose_checksums_were_not_written_are_read_and_not_verified(tmp_path: Path) -> None:
    torch.save(content(), path := tmp_path / "weights.pth")
    read = read_weights(path)
    assert not read.verified
    assert torch.equal(read.content["weight"], content()["weight"])


def test_old_files_are_read_when_asked_for_and_not_verified(path: Path) -> None:
    torch.save(content(), path, _use_new_zipfile_serialization=False)
    assert "--allow-legacy" in refused(path)
    read = read_weights(path, allow_legacy=True)
    assert not read.verified and read.sha256 == sha256(path)
    assert all(torch.equal(read.content[key], value) for key, value in content().items())
    path.write_bytes(path.read_bytes()[:-8])
    assert "cut short or damaged" in refused(path, allow_legacy=True)


def test_a_single_flipped_bit_of_a_weight_is_damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(torch.arange(1000.0).numpy().tobytes()) + 1234] ^= 1
    path.write_bytes(data)
    assert "is damaged: the 4000 bytes of record 'weights/data/0' do not have the checksum" in refused(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compressed_zip_is_refused_with_what_to_do(path: Path, compression: int) -> None:
    zipped_again(path, compression)
    message = refused(path)
    assert "compressed" in message and "zip -0" in message and "damaged" not in message


@pytest.mark.parametrize("data", [b"", bytes(400), bytes(8000)])
def test_a_record_of_another_size_is_refused(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        first = next(name for name in archive.namelist() if name.endswith("data/0"))
    assert first == "weights/data/0"
    zipped_again(path, **{"0": data})
    assert "4000" in refused(path)


def test_a_missing_record_is_refused(path: Path) -> None:
    zipped_again(path, **{"0": None})
    refused(path)


def test_a_record_that_is_marked_as_a_folder_is_refused(path: Path) -> None:
    """torch reads nothing of such a record: the weights would be what the memory held before."""
    data, name = bytearray(path.read_bytes()), b"weights/data/0"
    data[data.rindex(name) - 8] |= 0x10
    path.write_bytes(data)
    assert "does not agree with the zip's list of records" in refused(path)


def test_folders_among_the_records_do_no_harm(path: Path) -> None:
    zipped_again(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.mkdir("weights/data")
    assert torch.equal(read_weights(path).content["weight"], content()["weight"])


def test_a_list_of_records_that_points_outside_of_the_file_is_refused(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x06\x07") - 1] = 0xFF  # the last byte of the list's position
    path.write_bytes(data)
    assert "list of records cannot be read" in refused(path)


def test_records_that_share_bytes_or_a_name_are_refused(path: Path) -> None:
    data = path.read_bytes()
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")  # zipfile's own, about the name
        archive.writestr("weights/data/0", bytes(4000))
    assert "one name" in refused(path)
    path.write_bytes(data + data)  # the second list of records counts from the first file's start
    assert "overlap or leave gaps" in refused(path)


def test_a_script_archive_is_refused_by_name(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, and still written by others
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), path := tmp_path / "script.pt")
    assert "TorchScript archive" in refused(path)
