"""A reader of pickles that runs nothing: what a pickle names is neither imported nor called.

The files of ``torch.save`` hold a pickle that names functions and their arguments. This reader knows those that stand
for tensors and plain values (:mod:`pixcon_train.core.pickle_calls`); whatever else is named becomes an inert record of
its name. It replaces ``torch.load(weights_only=True)`` instead of scanning a file before that: two readers of the same
bytes may understand them differently, and torch's has had holes, hangs and crashes.
"""

import pickletools
from collections.abc import Callable
from io import BytesIO
from typing import Any

from pixcon_train.core.pickle_calls import called, hashable, size_of_call
from pixcon_train.core.pickle_values import (
    Function,
    Inert,
    NumpyDtype,
    PickleError,
    Storage,
    View,
    checked_text,
    shown,
    storage_of,
)

MOST_BYTES = 2**26
"""Bytes of a pickle, and bytes that all its calls may copy."""
MOST_OPCODES = 300_000
"""A checkpoint of the largest network with its optimizer has 60,000."""
MOST_VALUES = 500_000
"""Values in all; one that occurs at several places counts at each."""
DEEPEST = 100
"""Levels of dicts, lists and tuples within one another."""
LARGEST_INTEGER = 2**8192
"""Python does not write larger ones as text."""
MOST_OCCURRENCES = 16
"""How many times the size of the storages all tensors may have together."""
_LONGEST_NAME = 200

_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
}
_LITERALS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class Pickle:
    """The value of a pickle with views of storages in place of tensors.

    Args:
        data: the pickle; it is left at the pickle's end, after which more may follow.

    Raises:
        PickleError: it exceeds a limit, or holds tensors of a kind that is not read.
        Exception: of any other class where the bytes are damaged.
    """

    def __init__(self, data: BytesIO) -> None:
        machine = _Machine()
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if count == MOST_OPCODES:
                raise PickleError(f"it has more than {MOST_OPCODES} opcodes")
            if opcode.name != "STOP":
                machine.do(opcode.name, argument)
        if machine.below or len(machine.stack) != 1:
            raise PickleError("it ends before its value is complete")
        self._root = machine.stack[0]
        self.storages = machine.storages
        """All storages by their keys."""
        self.inert: set[str] = set()
        """Names of what was not restored; complete after :meth:`restored`."""

    def restored(self, tensor: Callable[[View], Any]) -> Any:
        """The value of new dicts, lists, tuples and sets, with ``tensor`` of each view.

        Raises:
            PickleError: it is nested too deeply, holds itself, or holds too many values.
        """
        walk = _Walk(tensor, sum(storage.bytes for storage in self.storages.values()))
        value = walk.plain(self._root, 0)
        self.inert = walk.inert
        return value


class _Machine:
    """The stack of values that a pickle's opcodes work on."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        """The stacks that lie below each open mark."""
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}
        self.copied = 0
        """Bytes that calls may have copied."""

    def do(self, name: str, argument: Any) -> None:
        """Carry out one opcode other than the last."""
        if name in _LITERALS:
            self.stack.append(_literal(argument))
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in _TUPLES:
            values = [self.stack.pop() for _ in range(_TUPLES[name])]
            self.stack.append(tuple(reversed(values)))
        elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.memo[len(self.memo) if argument is None else argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif name not in ("PROTO", "FRAME"):
            action = _ACTIONS.get(name)
            if action is None:
                raise PickleError(f"it uses {name}, which torch.save does not write (pickle protocols 2 to 5)")
            action(self, argument)

    def _mark(self, argument: Any) -> None:
        self.below.append(self.stack)
        self.stack = []

    def _marked(self) -> list[Any]:
        """The values since the last mark, which is removed."""
        values, self.stack = self.stack, self.below.pop()
        return values

    def _tuple(self, argument: Any) -> None:
        values = self._marked()
        self.stack.append(tuple(values))

    def _frozen_set(self, argument: Any) -> None:
        values = self._marked()
        self.stack.append({hashable(value) for value in values})

    def _pop(self, argument: Any) -> None:
        self.stack.pop()

    def _pop_mark(self, argument: Any) -> None:
        self._marked()

    def _append(self, argument: Any) -> None:
        self._extend([self.stack.pop()])

    def _appends(self, argument: Any) -> None:
        self._extend(self._marked())

    def _extend(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(values)
        elif not isinstance(target, Inert):
            raise PickleError(f"it appends to a {type(target).__name__}")

    def _add(self, argument: Any) -> None:
        values, target = self._marked(), self.stack[-1]
        if not isinstance(target, set):
            raise PickleError(f"it adds elements to a {type(target).__name__}")
        target.update(map(hashable, values))

    def _set_item(self, argument: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set([(key, value)])

    def _set_items(self, argument: Any) -> None:
        values = self._marked()
        self._set(list(zip(values[::2], values[1::2], strict=True)))

    def _set(self, items: list[tuple[Any, Any]]) -> None:
        target = self.stack[-1]
        if isinstance(target, Inert):
            return
        if not isinstance(target, dict):
            raise PickleError(f"it sets entries of a {type(target).__name__}")
        for key, value in items:
            key = hashable(key)
            if key in target:
                raise PickleError(f"it holds the entry {shown(repr(key))} twice")
            target[key] = value

    def _global(self, argument: Any) -> None:
        module, _, name = argument.partition(" ")
        self._name(module, name)

    def _stack_global(self, argument: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._name(module, name)

    def _name(self, module: Any, name: Any) -> None:
        if not (isinstance(module, str) and isinstance(name, str)) or len(module) + len(name) > _LONGEST_NAME:
            raise PickleError("it names a function whose name is no text, or too long")
        self.stack.append(Function(f"{module}.{name}"))

    def _call(self, argument: Any) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        self.copied += size_of_call(arguments)
        if self.copied > MOST_BYTES:
            raise PickleError(f"its calls make more than {MOST_BYTES} bytes")
        self.stack.append(called(function, arguments))

    def _call_with_names(self, argument: Any) -> None:
        function = self.stack[-3]
        self.stack[-3:] = [Inert(function.name if isinstance(function, Function) else "object")]

    def _build(self, argument: Any) -> None:
        """The attributes of an object, which are left out but for a dtype's byte order."""
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, NumpyDtype):
            if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
                raise PickleError("it holds a NumPy dtype without a byte order")
            target.order = state[1]
        elif not isinstance(target, Inert | dict | View):
            raise PickleError(f"it gives attributes to a {type(target).__name__}")

    def _persistent(self, argument: Any) -> None:
        storage = storage_of(self.stack.pop())
        known = self.storages.setdefault(storage.key, storage)
        if (known.dtype, known.count) != (storage.dtype, storage.count):
            raise PickleError(f"it describes storage {shown(storage.key)} in two ways")
        self.stack.append(known)


_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine._mark,
    "TUPLE": _Machine._tuple,
    "FROZENSET": _Machine._frozen_set,
    "POP": _Machine._pop,
    "POP_MARK": _Machine._pop_mark,
    "APPEND": _Machine._append,
    "APPENDS": _Machine._appends,
    "ADDITEMS": _Machine._add,
    "SETITEM": _Machine._set_item,
    "SETITEMS": _Machine._set_items,
    "GLOBAL": _Machine._global,
    "STACK_GLOBAL": _Machine._stack_global,
    "REDUCE": _Machine._call,
    "NEWOBJ": _Machine._call,
    "NEWOBJ_EX": _Machine._call_with_names,
    "BUILD": _Machine._build,
    "BINPERSID": _Machine._persistent,
}


class _Walk:
    """A copy of nested values, which counts them."""

    def __init__(self, tensor: Callable[[View], Any], stored: int) -> None:
        self.tensor = tensor
        self.inert: set[str] = set()
        self.values, self.bytes, self.most_bytes = 0, 0, MOST_OCCURRENCES * stored + 2**20
        self._tensors: dict[View, Any] = {}

    def plain(self, value: Any, depth: int) -> Any:
        """``value`` copied, ``depth`` levels below the top."""
        self.values += 1
        if self.values > MOST_VALUES or depth > DEEPEST:
            raise PickleError(f"it holds more than {MOST_VALUES} values, or more than {DEEPEST} levels of them")
        if isinstance(value, dict):
            return {self._noted(key): self.plain(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.plain(item, depth + 1) for item in value]
        if isinstance(value, tuple):
            return tuple([self.plain(item, depth + 1) for item in value])
        if isinstance(value, set):
            return {self._noted(item) for item in value}
        return self._of_view(value) if isinstance(value, View) else self._noted(value)

    def _of_view(self, view: View) -> Any:
        self.bytes += view.bytes
        if self.bytes > self.most_bytes:
            raise PickleError(f"its tensors are {MOST_OCCURRENCES} times as large as what is stored of them")
        if view not in self._tensors:
            self._tensors[view] = self.tensor(view)
        return self._tensors[view]

    def _noted(self, value: Any) -> Any:
        if isinstance(value, Inert):
            self.inert.add(shown(value.name))
        return value


def _literal(value: Any) -> Any:
    if isinstance(value, str):
        return checked_text(value)
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise PickleError("it holds an integer of more than 2,400 digits")
    return bytes(value) if isinstance(value, bytearray) else value
