"""Hostile checkpoint files."""

import io
import json
import math
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import torch

from pixcon_train.runs.checkpoint import save_checkpoint
from tests.fuzz import checkpoint_bombs
from tests.fuzz.case import Case, mutated
from tests.fuzz.checkpoint_files import (
    GOOD,
    HASHED,
    attempt,
    good,
    own_content,
    pixcon_content,
    unimatch_content,
    weights,
)
from tests.fuzz.pickle_programs import Raw, Writer, random_value, tensor
from tests.fuzz.runner import CANARY

__all__ = ["attempt", "cases"]


def cases(generator: Random) -> Iterator[Case]:
    """See :class:`tests.fuzz.case.Kind`: each bomb once, then the rules at random."""
    for rule, data in checkpoint_bombs.bombs():
        yield Case(rule, "bomb.safetensors" if "safetensors" in rule else "bomb.pth", _writes(data))
    yield from drawn(generator)


def drawn(generator: Random) -> Iterator[Case]:
    """The rules at random."""
    while True:
        rule = generator.choices(_RULES, _SHARES)[0]
        yield _again(rule, generator.getrandbits(64))


def _again(rule: Callable[[Random], Case], seed: int) -> Case:
    """An input of a rule that is the same whenever it is written."""
    return replace(rule(Random(seed)), write=lambda path: rule(Random(seed)).write(path))


def _damage(generator: Random) -> Case:
    name = generator.choice(HASHED)
    data, expected = good(name)
    return Case(f"damaged {name}", name, _writes(lambda: mutated(data, generator)), expected)


def _record(generator: Random) -> Case:
    """A zip whose records are changed, with checksums that fit."""
    name = generator.choice([name for name in GOOD if name.endswith(".pth")])
    change = generator.choice(("mutated", "empty", "longer", "removed", "renamed", "beside", "twice", "deflated"))

    def write() -> bytes:
        with zipfile.ZipFile(io.BytesIO(good(name)[0])) as archive:
            records = [(entry, archive.read(entry)) for entry in archive.namelist()]
        small = [
            place for place, (_, data) in enumerate(records) if len(data) < 10_000 or records[place][0].endswith("pkl")
        ]
        place = generator.choice((small[0], generator.choice(small), generator.randrange(len(records))))
        entry, data = records[place]
        match change:
            case "mutated":
                records[place] = (entry, mutated(data, generator))
            case "empty":
                records[place] = (entry, b"")
            case "longer":
                records[place] = (entry, data + bytes(generator.choice((1, 4, 4096))))
            case "removed":
                del records[place]
            case "renamed":
                records[place] = (entry[:-1] + generator.choice(("x", "/", "\\", "../0", "é")), data)
            case "beside":  # outside of the folder that holds everything
                records.insert(generator.randrange(len(records)), (entry.split("/", 1)[1], data[: len(data) // 2]))
                if generator.random() < 0.5:
                    records = [record for record in records if record[0] != entry]
            case "twice":
                records.insert(generator.randrange(len(records)), (entry, mutated(data, generator)))
        with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
            for number, (entry, data) in enumerate(records):
                packed = zipfile.ZIP_DEFLATED if change == "deflated" and number == place else zipfile.ZIP_STORED
                archive.writestr(entry, data, packed)
        return buffer.getvalue()

    return Case(f"{name} with a record {change}", name, _writes(write))


def _program(generator: Random) -> Case:
    """Random opcodes beside, or within, whole weights."""

    def write() -> bytes:
        writer = Writer()
        hostile = Raw(random_value(generator, writer))
        model = weights()
        if generator.random() < 0.3:
            model = model | {generator.choice(list(model)): hostile}  # type: ignore[dict-item]
        content: Any = {"model": model, generator.choice(("args", "epoch", "previous_best", "model_ema")): hostile}
        return writer.file(hostile if generator.random() < 0.1 else content)

    return Case("random opcodes", "program.pth", _writes(write))


def _runs_code(generator: Random) -> Case:
    """Objects that call a function when they are restored."""
    command = f"touch ${CANARY}"
    calls: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
        ("os", "system", (command,)),
        ("posix", "system", (command,)),
        ("subprocess", "check_output", (["sh", "-c", command],)),
        ("builtins", "exec", (f"import os; os.system({command!r})",)),
        ("builtins", "eval", (f"__import__('os').system({command!r})",)),
        ("torch.serialization", "os.system", (command,)),
        ("numpy.testing._private.utils", "runstring", (f"import os; os.system({command!r})", {})),
        ("runpy", "_run_code", (f"import os; os.system({command!r})", {})),
    )

    def write() -> bytes:
        module, name, arguments = generator.choice(calls)
        writer = Writer()
        function, passed = f"c{module}\n{name}\n".encode(), writer.encode(arguments)
        builds = writer.encode({"model": "x"})
        forms = (
            function + passed + b"R",
            function + passed + b"\x81",
            b"(" + function + writer.encode(arguments[0]) + b"o",
            b"(" + writer.encode(arguments[0]) + f"i{module}\n{name}\n".encode(),
            function + passed + b"R" + builds + b"b",
            writer.encode(module) + writer.encode(name) + b"\x93" + passed + b"R",
        )
        code = Raw(generator.choice(forms))
        shape = generator.randrange(5)
        if shape == 0:
            return b"\x80\x02" + code.code + b"."
        if shape == 1:
            return b"".join(
                (pickle.dumps(0x1950A86A20F9469CFC6C, 2), pickle.dumps(1001, 2), b"\x80\x02", code.code, b".")
            )
        place: Any = {"args": code} if shape == 2 else {code: 1} if shape == 3 else [code]
        return writer.file({"model": weights(), "extra": place})

    return Case("an object that runs code", generator.choice(("code.pth", "code.pt", "code")), _writes(write))


def _strange(generator: Random) -> Any:
    """A value that has no place in a checkpoint."""
    values: tuple[Callable[[], Any], ...] = (
        lambda: None,
        lambda: generator.choice((math.nan, math.inf, -math.inf, 1e308, -0.0, 0.5)),
        lambda: generator.choice((0, -1, 255, 256, 2**31, 2**63, -(10**30), 10**300)),
        lambda: generator.choice(("", "\x1b[2J\x1b]0;x\x07", "a\nb", "\u202e", "x" * 10**6, "../../etc", "\0", "=1+1")),
        lambda: generator.choice(([], {}, (), b"", set(), [[]], {"": {}}, [None] * 1000, {1: 2}, True, 1j)),
        lambda: generator.choice(
            (torch.tensor(1), torch.tensor(math.nan), torch.zeros(0), torch.ones(3), torch.ones(2, 2))
        ),
        lambda: [{"miou": "x"}] * 3,
        lambda: {
            "student": {"miou": torch.tensor([1.0, 2.0]), "iou": "abc"},
            "ema": None,
            "val": {"text": 3, "path": None},
        },
        lambda: {"name": ["x"], "void": -1, "classes": 3, "labels": {"a": "b"}, "palette": "red"},
        lambda: {str(number): {str(number): {}} for number in range(50)},
    )
    return generator.choice(values)()


def _replaced(value: Any, generator: Random) -> Any:
    """``value`` with one entry, at any depth, replaced, removed or added; tensors' dicts are left alone."""
    if not isinstance(value, dict | list) or not value or generator.random() < 0.25:
        return _strange(generator)
    if isinstance(value, list):
        place = generator.randrange(len(value))
        return [*value[:place], _replaced(value[place], generator), *value[place + 1 :]]
    key = generator.choice(list(value))
    if generator.random() < 0.1:
        return {name: item for name, item in value.items() if name != key}
    return {**value, key: _replaced(value[key], generator)}


def _metadata(generator: Random) -> Case:
    """Good weights beside metadata of another kind."""
    which = generator.choice(("own", "own", "unimatch", "pixcon"))

    def write(path: Path) -> None:
        if which == "own":
            content = vars(own_content())
            metadata = {key: value for key, value in content.items() if key not in ("student", "ema")}
            for _ in range(generator.choice((1, 1, 2, 4))):
                metadata = {**metadata, **(new if isinstance(new := _replaced(metadata, generator), dict) else {})}
            extra = {"format": "pixcon-diag/checkpoint", "format_version": 1}
            save_checkpoint(path, own_content())
            saved = torch.load(path, weights_only=True)
            torch.save({**saved, **extra, **metadata, "format": saved["format"]}, path)
        else:
            content = unimatch_content() if which == "unimatch" else pixcon_content()
            keys = [key for key in content if not isinstance(content[key], dict)] + ["bank", "epoch"]
            torch.save({**content, **{generator.choice(keys): _strange(generator) for _ in range(2)}}, path)

    return Case(f"metadata of another kind, {which}", f"{which}.pth", write)


def _weight(generator: Random) -> Case:
    """One weight of another kind, shape or value."""
    model = weights("pixcon", projection=True) if generator.random() < 0.3 else weights()
    key = generator.choice(list(model))

    def changed() -> Any:
        value = model[key].clone()
        changes: tuple[Callable[[], Any], ...] = (
            *(lambda kind=kind: value.to(kind) for kind in (torch.int8, torch.bool, torch.uint8, torch.complex64)),
            *(
                lambda kind=kind: value.to(kind)
                for kind in (torch.float64, torch.float16, torch.bfloat16, torch.uint16)
            ),
            lambda: value.to(torch.float8_e4m3fn),
            lambda: (
                torch.full_like(value, generator.choice((math.nan, math.inf, -math.inf)))
                if value.is_floating_point()
                else value
            ),
            lambda: value.reshape(-1)[0].expand(value.shape),
            lambda: value.reshape(-1)[:1].expand(30_000_000, *value.shape[1:]) if value.ndim == 1 else value[None],
            lambda: value.to_sparse(),
            lambda: value.to("meta"),
            lambda: torch.quantize_per_tensor(value.float(), 0.1, 0, torch.qint8),
            lambda: torch.nested.nested_tensor([value.float().flatten(), value.float().flatten()]),
            lambda: value.reshape(-1),
            lambda: value[None],
            lambda: value[:0] if value.ndim else value,
            lambda: torch.empty(generator.choice((3, 30_000_000)), 0),
            lambda: torch.tensor(1.0),
            lambda: value.transpose(0, -1) if value.ndim else value,
            lambda: value.as_strided((2, *value.shape[:1]), (0, 1)) if value.ndim else value,
            lambda: torch.nn.Parameter(value) if value.is_floating_point() else value,
            lambda: _strange(generator),
        )
        return generator.choice(changes)()

    def write(path: Path) -> None:
        state = {**model, key: changed()}
        form = generator.choice(("bare", "unimatch", "nested"))
        torch.save(state if form == "bare" else {"model" if form == "unimatch" else "state_dict": state}, path)

    return Case(f"another kind of weight, {key}", "weight.pth", write)


def _negated(generator: Random) -> Case:
    """A weight whose stored values are its negatives, as PyTorch keeps those of ``x.conj().imag``."""
    state, expected = weights(), good("bare.pth")[1]
    key = generator.choice([key for key, value in state.items() if value.is_floating_point()])
    changed = {**state, key: torch._neg_view(-state[key])}
    return Case("a weight stored negated", "bare.pth", lambda path: torch.save(changed, path), expected)


def _view(generator: Random) -> Case:
    """A tensor whose view, size or record does not fit its storage."""

    def write() -> bytes:
        writer, model = Writer(), weights()
        key = generator.choice(list(model))
        value = model[key].float()
        held = writer.storage(value)
        number: Callable[[], int] = lambda: generator.choice((0, 1, -1, 2, value.numel(), 2**31, 2**62, 2**63, 10**30))  # noqa: E731
        shape, stride = list(value.shape) or [1], list(value.stride()) or [1]
        if generator.random() < 0.5:
            shape[generator.randrange(len(shape))] = number()
        if generator.random() < 0.5:
            stride[generator.randrange(len(stride))] = number()
        view = Raw(tensor(held, generator.choice((0, 0, number())), shape, stride))
        return writer.file({"model": {**model, key: view}})

    return Case("a view that does not fit", "view.pth", _writes(write))


def _safetensors(generator: Random) -> Case:
    """A header of safetensors with an entry of another kind."""
    name = generator.choice(("export.safetensors", "plain.safetensors"))

    def write() -> bytes:
        data = good(name)[0]
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        form = generator.choice(("entry", "metadata", "description", "text", "length"))
        if form == "length":
            return (
                generator.choice((0, 1, length - 1, length + 8, 2**40, 2**63, 2**64 - 1)).to_bytes(8, "little")
                + data[8:]
            )
        if form == "entry":
            key = generator.choice([key for key in header if key != "__metadata__"])
            part = generator.choice(("dtype", "shape", "data_offsets"))
            odd = (
                "F8_E4M3",
                "C64",
                "X",
                None,
                [],
                [-1],
                [2**62, 4],
                [0, 0],
                [0, 4],
                [10**30, 1],
                {},
                [True],
                [1.0, 2.0],
            )
            header[key] = generator.choice(
                ({**header[key], part: generator.choice(odd)}, None, [], {**header[key], "more": 1})
            )
        elif form == "metadata":
            header["__metadata__"] = generator.choice(
                (None, [], {"a": 1}, {"a": {"b": []}}, {"a": "\x1b[2J"}, "x", {"a": "x" * 10**6})
            )
        elif form == "description" and "description" in header["__metadata__"]:
            about = json.loads(header["__metadata__"]["description"])
            header["__metadata__"]["description"] = json.dumps(_jsonable(_replaced(about, generator)))
            header["__metadata__"].pop("content_sha256")
        text = json.dumps(header).encode()
        if form == "text":
            text = mutated(text, generator)
        return len(text).to_bytes(8, "little") + text + data[8 + length :]

    return Case("a hostile header of safetensors", name, _writes(write))


def _jsonable(value: Any) -> Any:
    return json.loads(json.dumps(value, default=repr, skipkeys=True))


def _legacy(generator: Random) -> Case:
    """Files from before torch wrote zips, also damaged, and a tar file."""

    def write() -> bytes:
        buffer = io.BytesIO()
        if generator.random() < 0.2:
            with tarfile.open(fileobj=buffer, mode="w") as archive:
                for name in ("sys_info", "pickle", "storages", "tensors"):
                    archive.addfile(tarfile.TarInfo(name), io.BytesIO())
            return buffer.getvalue()
        torch.save({"model": weights()}, buffer, _use_new_zipfile_serialization=False)
        return mutated(buffer.getvalue(), generator) if generator.random() < 0.8 else buffer.getvalue()

    return Case("torch's legacy format", "legacy.pth", _writes(write))


def _writes(data: Callable[[], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data())


_RULES = (_damage, _record, _program, _runs_code, _metadata, _weight, _negated, _view, _safetensors, _legacy)
_SHARES = (20, 15, 20, 6, 15, 10, 1, 6, 8, 4)
