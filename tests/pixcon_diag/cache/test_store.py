"""A pass on disk: whole, or said to be damaged; never half, never code, never two writers."""

import io
import json
import os
import pickle
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixcon_diag.cache.store import CONFIDENCE_MAPS, LABEL_MAPS, MANIFEST, MAPS, CachedPass, Store
from pixcon_diag.passes.state import Statistics
from pixcon_train.core.errors import PixConError
from pixcon_train.core.files import sha256

KEY = {"checkpoint": "f0", "data": {"classes": ("a", "b")}, "tau": float("nan")}


def kept(store: Store, done: int = 2, total: int = 3) -> CachedPass:
    """Statistics of some images, and the maps of each in the store's folder."""
    hashes: dict[str, dict[str, str]] = {}
    for maps in MAPS:
        (store.folder / maps).mkdir(parents=True, exist_ok=True)
        for index in range(done):
            path = store.folder / maps / f"{index:06d}_x.png"
            path.write_bytes(bytes([index]) * 9)
            hashes.setdefault(maps, {})[path.name] = sha256(path)
    state = {
        "images.counts": np.arange(done * 4).reshape(done, 2, 2),
        "sampler.features": np.random.default_rng(0).random((done, 3)),
        "total": np.array(done),
    }
    rows = store.write_rows(done, {"images.pixels": np.arange(5 * done)})
    return CachedPass(done, total, state, hashes, {"batch_size": 2}, rows)


def same(first: CachedPass | None, second: CachedPass | None) -> bool:
    assert first is not None and second is not None
    names = first.state.keys() == second.state.keys()
    values = all(np.array_equal(first.state[name], second.state[name]) for name in first.state)
    dtypes = all(first.state[name].dtype == second.state[name].dtype for name in first.state)
    rest = [(each.done, each.total, each.maps, list(each.maps), each.made, each.rows) for each in (first, second)]
    return names and values and dtypes and rest[0] == rest[1]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "diag", KEY, Statistics(frozenset({"total"})), images=3)


def test_what_was_written_is_read(store: Store) -> None:
    store.write(before := kept(store))
    assert same(store.read(), before) and not before.complete
    store.write(after := kept(store, 3))
    assert same(store.read(), after) and after.complete
    assert sorted(path.name for path in store.folder.iterdir()) == [
        "confidence",
        "manifest.json",
        "predictions",
        "rows-00003.npz",
        "state-000003.npz",
    ]
    state = store.state(after)
    assert state["images.pixels"].tolist() == list(range(15)) and state["images.pixels"].dtype == np.int8
    assert sorted(state) == ["images.counts", "images.pixels", "sampler.features", "total"] and len(state) == 4


def test_files_of_rows_that_no_save_names_are_removed(store: Store) -> None:
    """A crash leaves one behind that was written before the manifest."""
    store.write_rows(1, {"images.pixels": np.arange(3)})
    store.write(kept(store))
    assert [path.name for path in store.folder.glob("rows-*")] == ["rows-00002.npz"]


def test_nothing_there_is_nothing_to_tell(store: Store) -> None:
    told: list[str] = []
    assert store.read(told.append) is None and told == []


def test_each_key_has_its_folder(store: Store, tmp_path: Path) -> None:
    assert Store(tmp_path / "diag", json.loads(json.dumps(KEY))).folder == store.folder
    assert Store(tmp_path / "diag", {**KEY, "checkpoint": "f1"}).folder != store.folder
    assert Store(tmp_path / "diag", dict(reversed(KEY.items()))).folder == store.folder


Damage = Callable[[Store], object]


def manifest(store: Store, **changes: Any) -> None:
    content = json.loads((store.folder / MANIFEST).read_text())
    (store.folder / MANIFEST).write_text(json.dumps(content | changes))


def forged_state(store: Store, write: Callable[[Path], object]) -> None:
    """Another state file with the hash that belongs to it."""
    write(store.folder / "state-000002.npz")
    manifest(store, sha256=sha256(store.folder / "state-000002.npz"))


def change_state(store: Store) -> None:
    path = store.folder / "state-000002.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def pickled_state(store: Store) -> None:
    forged_state(store, lambda path: np.savez(path, x=np.array([print], dtype=object)))


def pickle_alone(store: Store) -> None:
    forged_state(store, lambda path: path.write_bytes(pickle.dumps({"x": 1})))


def cut_archive(store: Store) -> None:
    path = store.folder / "state-000002.npz"
    forged_state(store, lambda _: path.write_bytes(path.read_bytes()[:-40]))


def absurd_array(store: Store) -> None:
    """An archive whose array claims 2⁵⁶ numbers."""

    def write(path: Path) -> None:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**56,)})
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.npy", header.getvalue())

    forged_state(store, write)


def state_elsewhere(store: Store) -> None:
    """A whole state of another folder."""
    file = (store.folder / "state-000002.npz").rename(store.folder.parent / "state.npz")
    manifest(store, state=f"../{file.name}")


def rows_elsewhere(store: Store) -> None:
    file = (store.folder / "rows-00002.npz").rename(store.folder.parent / "rows.npz")
    manifest(store, rows={f"../{file.name}": sha256(file)})


def map_elsewhere(store: Store) -> None:
    file = (store.folder / LABEL_MAPS / "000001_x.png").rename(store.folder.parent / "x.png")
    maps = json.loads((store.folder / MANIFEST).read_text())["maps"]
    labels = maps[LABEL_MAPS]
    maps[LABEL_MAPS] = {"000000_x.png": labels["000000_x.png"], str(file): labels["000001_x.png"]}
    manifest(store, maps=maps)


def maps_elsewhere(store: Store) -> None:
    (store.folder / LABEL_MAPS).rename(store.folder.parent / "maps")
    maps = json.loads((store.folder / MANIFEST).read_text())["maps"]
    manifest(store, maps={"../maps": maps[LABEL_MAPS], CONFIDENCE_MAPS: maps[CONFIDENCE_MAPS]})


def no_confidence(store: Store) -> None:
    maps = json.loads((store.folder / MANIFEST).read_text())["maps"]
    manifest(store, maps={LABEL_MAPS: maps[LABEL_MAPS]})


def lacking_state(store: Store) -> None:
    forged_state(store, lambda path: np.savez(path, other=np.zeros(2)))


NEST = 100_000
DAMAGES: dict[str, Damage] = {
    "state changed": change_state,
    "state cut": lambda store: (store.folder / "state-000002.npz").write_bytes(b"PK"),
    "state gone": lambda store: (store.folder / "state-000002.npz").unlink(),
    "state empty": lambda store: forged_state(store, lambda path: path.write_bytes(b"")),
    "archive cut": cut_archive,
    "object array": pickled_state,
    "pickle": pickle_alone,
    "map changed": lambda store: (store.folder / LABEL_MAPS / "000001_x.png").write_bytes(b"other"),
    "map of any size": lambda store: os.truncate(store.folder / LABEL_MAPS / "000001_x.png", 2**40),
    "state of any size": lambda store: os.truncate(store.folder / "state-000002.npz", 2**40),
    "manifest of any size": lambda store: os.truncate(store.folder / MANIFEST, 2**40),
    "map gone": lambda store: (store.folder / LABEL_MAPS / "000000_x.png").unlink(),
    "confidence map changed": lambda store: (store.folder / CONFIDENCE_MAPS / "000001_x.png").write_bytes(b"other"),
    "confidence map gone": lambda store: (store.folder / CONFIDENCE_MAPS / "000000_x.png").unlink(),
    "no confidence maps": no_confidence,
    "manifest cut": lambda store: (store.folder / MANIFEST).write_text((store.folder / MANIFEST).read_text()[:-30]),
    "manifest empty": lambda store: (store.folder / MANIFEST).write_text(""),
    "manifest binary": lambda store: (store.folder / MANIFEST).write_bytes(b"\xff\xfe\x00"),
    "manifest a list": lambda store: (store.folder / MANIFEST).write_text("[]"),
    "manifest of strings": lambda store: manifest(store, maps=["x"]),
    "manifest nested": lambda store: (store.folder / MANIFEST).write_text("[" * NEST + "]" * NEST),
    "arrays compressed": lambda store: forged_state(store, lambda path: np.savez_compressed(path, total=np.zeros(9))),
    "array absurd": absurd_array,
    "statistic missing": lacking_state,
    "rows changed": lambda store: (store.folder / "rows-00002.npz").write_bytes(b"PK"),
    "rows gone": lambda store: (store.folder / "rows-00002.npz").unlink(),
    "rows elsewhere": rows_elsewhere,
    "rows a list": lambda store: manifest(store, rows=["rows-00002.npz"]),
    "state elsewhere": state_elsewhere,
    "map elsewhere": map_elsewhere,
    "maps elsewhere": maps_elsewhere,
    "provenance a list": lambda store: manifest(store, made=["cpu"]),
    "provenance unknown": lambda store: manifest(store, made={"other": 1}),
    "provenance of other types": lambda store: manifest(store, made={"device": 7}),
    "count a fraction": lambda store: manifest(store, done=2.0),
    "other total": lambda store: manifest(store, total=2),
    "no count": lambda store: manifest(store, done=None),
    "other count": lambda store: manifest(store, done=1),
    "too many": lambda store: manifest(store, done=4),
    "key missing": lambda store: (store.folder / MANIFEST).write_text("{}"),
    "other key": lambda store: manifest(store, key={"checkpoint": "f1"}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_and_is_nothing_kept(store: Store, damage: str) -> None:
    store.write(kept(store))
    DAMAGES[damage](store)
    told: list[str] = []
    assert store.read(told.append) is None
    assert store.claims_complete in (False, damage == "other total")
    (sentence,) = told
    assert str(store.folder) in sentence and "is damaged" in sentence and "run again" in sentence


def test_clearing_leaves_an_empty_folder(store: Store) -> None:
    store.write(kept(store))
    store.clear()
    assert {path.name for path in store.folder.iterdir()} == {*MAPS}
    assert not any(list((store.folder / maps).iterdir()) for maps in MAPS)


@pytest.mark.parametrize("stopped_at", ["state", "manifest"])
def test_a_crash_between_the_files_leaves_the_save_before(
    store: Store, monkeypatch: pytest.MonkeyPatch, stopped_at: str
) -> None:
    store.write(before := kept(store, 1))
    second = kept(store, 2)

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    place = "pixcon_diag.cache.arrays.np.savez" if stopped_at == "state" else "pixcon_diag.cache.store.write_json"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(place, stop)
        store.write(second)
    assert same(store.read(), before)
    store.write(after := kept(store, 3))
    assert same(store.read(), after)
    assert [path.name for path in store.folder.glob("state-*")] == ["state-000003.npz"]


def test_a_full_disk_is_one_message_and_leaves_the_save_before(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(before := kept(store, 1))
    second = kept(store, 2)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(PixConError, match=r"state-000002.*No space left"):
        patch.setattr("pixcon_diag.cache.arrays.np.savez", full)
        store.write(second)
    assert same(store.read(), before)


def test_a_folder_that_cannot_be_made_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "diag").touch()
    store = Store(tmp_path / "diag", KEY)
    with pytest.raises(PixConError, match=r"Could not write .*diag"), store.locked():
        pass
    with pytest.raises(PixConError, match=r"Could not write .*diag"):
        store.clear()


HOLDER = """
import sys
from pathlib import Path
from pixcon_train.core.locks import exclusive
with exclusive(Path(sys.argv[1]), busy=print):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_process_waits_says_so_and_goes_on(store: Store) -> None:
    """The other process writes while this one waits; what it wrote is there when the lock is had."""
    store.folder.mkdir(parents=True)
    lock = store.folder.with_suffix(".lock")
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdin is not None and other.stdout is not None
    assert other.stdout.readline() == "held\n"
    told: list[str] = []
    got: list[CachedPass | None] = []
    waiting = threading.Event()

    def notify(sentence: str) -> None:
        told.append(sentence)
        waiting.set()

    def second() -> None:
        with store.locked(notify):
            got.append(store.read())

    thread = threading.Thread(target=second)
    thread.start()
    assert waiting.wait(200) and got == []
    store.write(written := kept(store, 3))
    other.communicate("\n", timeout=200)
    thread.join(200)
    assert not thread.is_alive() and same(got[0], written)
    assert len(told) == 1 and f"process {other.pid} on " in told[0] and " is making this pass" in told[0]


def test_what_a_killed_process_left_is_removed(store: Store) -> None:
    store.write(before := kept(store, 1))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for number in (ended.pid, os.getppid()):
        (store.folder / f".state-000002.npz.{number}.tmp").write_text("half")
    with store.locked():
        left = [path.name for path in store.folder.glob(".*")]
        assert same(store.read(), before) and left == [f".state-000002.npz.{os.getppid()}.tmp"]


def test_what_a_process_left_that_was_killed_after_the_last_save_is_removed(store: Store) -> None:
    store.write(kept(store, 2))
    before = (store.folder / "state-000002.npz").read_bytes()
    store.write(whole := kept(store, 3))
    (store.folder / "state-000002.npz").write_bytes(before)  # killed before its removal
    (store.folder / f".manifest.json.{os.getpid()}.tmp").write_text("half")
    (store.folder / "tsne.npz").write_bytes(before)  # something derived
    store.tidy(whole)
    assert {path.name for path in store.folder.iterdir() if path.is_file()} == {
        "manifest.json",
        "state-000003.npz",
        "rows-00003.npz",
        "tsne.npz",
    }
    assert same(store.read(), whole)


def test_a_pass_that_does_not_fit_into_memory_is_not_damaged(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(kept(store, 1))

    def full(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("numpy.lib.format.read_array", full)
    with pytest.raises(MemoryError):
        store.read(lambda sentence: pytest.fail(sentence))


def test_a_lock_is_given_back_when_the_pass_fails(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), store.locked():
        raise KeyboardInterrupt
    told: list[str] = []
    with store.locked(told.append):
        assert told == []
