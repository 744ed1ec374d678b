"""The functions that a pickle of ``torch.save`` may call, each replaced by one that makes plain values or views.

This is the allow-list: what is not in :data:`CALLS` is not called.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from pixcon_train.core.pickle_values import Function, Inert, NumpyDtype, PickleError, View, shown, view_of

_TENSORS = ("torch._utils._rebuild", "torch._tensor._rebuild")
"""How the names of all functions begin that make tensors."""
_NUMPY_CODE = re.compile(r"[biuf](1|2|4|8|16)|c(8|16|32)|[SU][1-9]\d{0,5}")
"""Booleans, numbers, and texts of a bounded length."""


def called(function: Any, arguments: Any) -> Any:
    """What a call gives: a plain value, a view, or an inert record of the function's name.

    Raises:
        PickleError: a tensor of another kind, or a known function with arguments that do not fit it.
    """
    if not isinstance(function, Function):
        return Inert(function.name if isinstance(function, Inert) else type(function).__name__)
    if function.name in CALLS:
        if not isinstance(arguments, tuple):
            raise PickleError(f"it calls {function.name} without a list of arguments")
        try:
            return CALLS[function.name](*arguments)
        except (TypeError, UnicodeError) as error:  # another number or another kind of arguments
            raise PickleError(f"it calls {function.name} with arguments that do not fit it") from error
    if function.name.startswith(_TENSORS):
        raise PickleError(f"it holds a sparse, quantised, nested or other special tensor ({shown(function.name)})")
    return Inert(function.name)


def size_of_call(arguments: Any) -> int:
    """Bytes that a call may copy at most."""
    values = arguments if isinstance(arguments, tuple) else ()
    texts = sum(len(value) for value in values if isinstance(value, str | bytes))
    return texts + 64 * sum(len(value) for value in values if isinstance(value, list | tuple | set | dict))


def hashable(value: Any) -> Any:
    """``value`` if it is a text, bytes, None, or an integer of usual size; else an inert record.

    Tuples can be made that take for ever to hash, and numbers that all have one hash.
    """
    usual = isinstance(value, str | bytes | None) or (isinstance(value, int) and abs(value) < 2**60)
    return value if usual else Inert(f"a {type(value).__name__} as a key")


def _tensor(
    storage: Any, offset: Any, shape: Any, stride: Any, gradient: Any = None, hooks: Any = None, bits: Any = None
) -> View:
    """A tensor; whether it requires gradients, and its hooks, are left out.

    ``bits`` says that the values are negated or conjugated wherever they are read, as those of ``x.conj().imag`` are.
    """
    if bits is not None and bits != {}:
        raise PickleError("it holds a tensor whose stored values are the negated or conjugated ones; save its .clone()")
    return view_of(storage, offset, shape, stride)


def _parameter(data: Any, *_: Any) -> View:
    if not isinstance(data, View):
        raise PickleError("it holds a parameter that is no dense tensor")
    return data


def _with_attributes(function: Any, kind: Any, arguments: Any, *_: Any) -> View:
    """A tensor to which attributes were given, or of a subclass, which are left out."""
    value = called(function, arguments)
    if not isinstance(value, View):
        raise PickleError("it holds a subclass of tensor that is no dense tensor")
    return value


def _bytes(text: Any, encoding: Any = "latin1") -> bytes:
    """Bytes as protocol 2 writes them: as a text with a character for each."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise PickleError("it encodes a text in another way than pickles of bytes do")
    return text.encode("latin1")


def _byte_array(value: Any = b"", encoding: Any = "latin1") -> bytes:
    return value if isinstance(value, bytes) else _bytes(value, encoding)


def _no_bytes() -> bytes:
    return b""


def _ordered(*pairs: Any) -> dict[Any, Any]:
    """An OrderedDict, whose items follow the call in all but Python 2's pickles."""
    if pairs:
        raise PickleError("it was written by Python 2, as an OrderedDict with its items; save it again with Python 3")
    return {}


def _default(factory: Any = None) -> dict[Any, Any]:
    return {}


def _counter(counts: Any = None) -> dict[Any, Any]:
    if not isinstance(counts, dict | None):
        raise PickleError("it holds a Counter without counts")
    return dict(counts or {})


def _set(values: Any = ()) -> set[Any]:
    if not isinstance(values, list | tuple):
        raise PickleError("it holds a set without a list of its elements")
    return {hashable(value) for value in values}


def _size(values: Any = ()) -> tuple[Any, ...]:
    if not isinstance(values, tuple):
        raise PickleError("it holds a shape that is no tuple")
    return values


def _device(kind: Any, index: Any = None) -> str:
    if not isinstance(kind, str) or type(index) not in (int, type(None)):
        raise PickleError("it holds a device without a name")
    return kind if index is None else f"{kind}:{index}"


def _complex(real: Any, imaginary: Any = 0.0) -> complex:
    if not (isinstance(real, int | float) and isinstance(imaginary, int | float)):
        raise PickleError("it holds a complex number of something else than two numbers")
    return complex(real, imaginary)


def _numpy_dtype(code: Any, *_: Any) -> NumpyDtype:
    if not isinstance(code, str):
        raise PickleError("it holds a NumPy dtype without a code")
    return NumpyDtype(code)


def _numpy_scalar(dtype: Any, data: Any = b"") -> Any:
    """The value of a pickled NumPy scalar as Python's number or text; an inert record of dates and structures."""
    if not isinstance(dtype, NumpyDtype) or not _NUMPY_CODE.fullmatch(dtype.code):
        return Inert(f"numpy scalar of {shown(dtype.code)}" if isinstance(dtype, NumpyDtype) else "numpy scalar")
    found, data = np.dtype(dtype.order + dtype.code), data.encode("latin1") if isinstance(data, str) else data
    if not isinstance(data, bytes) or len(data) != found.itemsize:
        raise PickleError(f"it holds a NumPy scalar of {dtype.code} without its {found.itemsize} bytes")
    if found.kind == "U":  # NumPy makes texts of numbers that are no characters
        return data.decode("utf-32-be" if found.str[0] == ">" else "utf-32-le").rstrip("\0")
    value = np.ndarray((), found, data).item()
    if isinstance(value, np.generic):  # a long double has no Python type
        return complex(value) if found.kind == "c" else float(value)
    return value


_BUILTINS: dict[str, Callable[..., Any]] = {
    "set": _set,
    "frozenset": _set,
    "bytearray": _byte_array,
    "bytes": _no_bytes,
    "complex": _complex,
}
"""Their module has two names: that of Python 2 is written by protocol 2."""
CALLS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._tensor._rebuild_from_type": _with_attributes,
    "torch._tensor._rebuild_from_type_v2": _with_attributes,
    "torch.nn.parameter.Parameter": _parameter,
    "torch.Size": _size,
    "torch.device": _device,
    "collections.OrderedDict": _ordered,
    "collections.defaultdict": _default,
    "collections.Counter": _counter,
    "_codecs.encode": _bytes,
    "numpy.dtype": _numpy_dtype,
    "numpy.core.multiarray.scalar": _numpy_scalar,
    "numpy._core.multiarray.scalar": _numpy_scalar,
    **{f"{module}.{name}": function for module in ("builtins", "__builtin__") for name, function in _BUILTINS.items()},
}
"""By the names under which pickles of protocols 2 to 5 call them."""
