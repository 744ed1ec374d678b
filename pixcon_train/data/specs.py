"""Data sets as typed specifications, read from YAML: built in, or a user's own file."""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import read_input
from pixcon_train.core.hints import hint
from pixcon_train.core.records import shortened
from pixcon_train.core.void import MOST_CLASSES, VOID, WIDE_VOID, void_of
from pixcon_train.core.yaml_files import parse_yaml

Color = tuple[int, int, int]

ONE_CLASS = (
    "The data set has a single class, so that every prediction is that class; name the background too, as in `classes: "
    "[background, crack]`, also for a network with one sigmoid channel."
)
"""What a data set of one class usually lacks."""


class DatasetSpec(BaseModel):
    """A data set, apart from its location.

    Lists hold ``IMAGE MASK`` lines relative to the data's root; masks are indexed PNGs.

    Example:
        >>> DatasetSpec(name="fields", classes=("soil", "crop"), palette="voc", void=255).num_classes
        2
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: str
    """Short name; of a user's file, its stem."""
    title: str = ""
    """Name in tables and figures."""
    classes: tuple[str, ...]
    """Names in the order of the labels, 0 first."""
    palette: tuple[Color, ...]
    """One RGB colour a class, each 0..255; `voc` in a file gives Pascal VOC's, by the values in masks."""
    void: int = Field(default=VOID, ge=0, le=WIDE_VOID)
    """Label of pixels without a class; never trained on or measured. If it is 0, masks hold 1..K for the classes
    (mmsegmentation's `reduce_zero_label`). Beyond 255 classes masks have 16 bits, and the default is 65535."""
    background: int | None = None
    """Class excluded from means over foreground classes; None if there is no background."""
    evaluation: Literal["whole", "sliding"] = "whole"
    """Whole images, or sliding windows of `window_crop` pixels."""
    window_crop: int | None = None
    """Edge of a sliding window, a multiple of 14."""
    base_size: int = Field(default=512, gt=0)
    """Base of the random scaling in PixCon's release: a long side in pixels."""
    labels: Literal["index", "ade20k"] = "index"
    """`ade20k`: masks hold 0..K with 0 = other (raw), or 0..K−1 with void (shifted)."""
    recipe: str = "small"
    """Recipe in a preset for this data set."""
    val_list: str = "val.txt"
    """Validation list, relative to the root."""
    labeled_list: str | None = None
    """Default labeled list, relative to the root."""
    unlabeled_list: str | None = None
    """Default unlabeled list, relative to the root."""

    @model_validator(mode="before")
    @classmethod
    def _named_palette(cls, values: Any) -> Any:
        """Pascal VOC's colours of the values in masks; black is void if 0 is."""
        if not isinstance(values, dict) or values.get("palette") != "voc":
            return values
        first = 1 if values.get("void") in (0, "0") else 0
        classes = values.get("classes")
        count = len(classes) if isinstance(classes, list | tuple) else 0
        return values | {"palette": tuple(voc_palette(first + min(count, MOST_CLASSES))[first:])}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        count = len(self.classes)
        if not 1 <= count <= MOST_CLASSES:
            raise ValueError(f"`classes` has {count:,} names; expected 1 to {MOST_CLASSES:,}")
        if len(set(self.classes)) < count:
            raise ValueError("class names repeat")
        nameless = next((label for label, name in enumerate(self.classes) if not name.strip()), None)
        if nameless is not None:
            raise ValueError(f"class {nameless} has no name")
        garbled = next((name for name in self.classes if any("\ud800" <= letter <= "\udfff" for letter in name)), None)
        if garbled is not None:
            raise ValueError(f"the class name {garbled!a} is no text: it has a lone surrogate")
        void = void_of(count)
        if "void" not in self.model_fields_set:
            object.__setattr__(self, "void", void)
        if self.void > void:
            raise ValueError(f"void is {self.void}, but masks of {count} classes hold one byte, 0..{void}")
        if 0 < self.void < count:
            raise ValueError(
                f"void is {self.void}, which is also the label of class `{self.classes[self.void]}`. Expected a value "
                f"that no class has, such as {void}; or 0 where masks hold 1..{count} for the classes"
            )
        if len(self.palette) < count:
            raise ValueError(f"the palette has {len(self.palette)} colours for {count} classes")
        if any(not 0 <= part <= 255 for color in self.palette for part in color):
            raise ValueError("colours are triples of 0..255")
        if self.background is not None and not 0 <= self.background < count:
            raise ValueError(f"background is {self.background}, but the labels are 0..{count - 1}")
        if (self.evaluation == "sliding") != (self.window_crop is not None):
            raise ValueError("`evaluation: sliding` and `window_crop` go together")
        object.__setattr__(self, "palette", self.palette[:count])
        return self

    @property
    def num_classes(self) -> int:
        """K."""
        return len(self.classes)

    def misfit(self, predicted: int) -> str:
        """Why a network that predicts another number of classes cannot be measured, in words."""
        remedy = "Choose the data set that it was trained on with --dataset." if self.num_classes > 1 else ONE_CLASS
        return f"predicts {predicted} classes but {self.name} has {self.num_classes}. {remedy}"

    @property
    def first_label(self) -> int:
        """Value of the first class in masks: 0, or 1 if 0 is void."""
        return 1 if self.void == 0 else 0

    @property
    def foreground(self) -> tuple[int, ...]:
        """All classes except the background, if any."""
        return tuple(k for k in range(self.num_classes) if k != self.background)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings, as a checkpoint stores them."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "DatasetSpec":
        """The inverse of :meth:`to_dict`.

        Raises:
            ConfigError: it does not describe a data set.
        """
        return _validated(value, "the stored data set description")


def voc_palette(count: int) -> list[Color]:
    """Pascal VOC's colours: the bits of the label, spread over the high bits of red, green and blue."""
    return [voc_color(label) for label in range(count)]


def voc_color(label: int) -> Color:
    """Pascal VOC's colour of a label; no two labels of up to 24 bits share one."""
    return _voc_part(label), _voc_part(label >> 1), _voc_part(label >> 2)


def _voc_part(bits: int) -> int:
    """Every third bit, from the lowest one on, as a byte from its highest bit on."""
    return sum((bits >> 3 * bit & 1) << 7 - bit for bit in range(8))


def builtin_names() -> list[str]:
    """Names of the built-in data sets."""
    folder = resources.files("pixcon_train.data") / "specs"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def get_spec(name: str) -> DatasetSpec:
    """The built-in data set ``name``, or the one that the YAML file at the path ``name`` describes.

    Raises:
        ConfigError: no such data set or file, or the file does not describe a data set.

    Example:
        >>> get_spec("pascal").num_classes
        21
    """
    if is_file_name(name):
        return _from_file(Path(name))
    names = builtin_names()
    if name not in names:
        raise ConfigError(
            f"Unknown data set '{name}'{hint(name.lower(), names)}; built in are {', '.join(names)}. "
            "For your own data set give the path of a YAML file (see docs/datasets.md)."
        )
    return _builtin(name)


def is_file_name(name: str) -> bool:
    """Whether :func:`get_spec` takes ``name`` for the path of a YAML file."""
    return name.endswith((".yaml", ".yml")) or "/" in name


@cache
def _builtin(name: str) -> DatasetSpec:
    text = (resources.files("pixcon_train.data") / "specs" / f"{name}.yaml").read_text(encoding="utf-8")
    return DatasetSpec(name=name, **yaml.safe_load(text))


def spec_for_class_count(count: int) -> DatasetSpec | None:
    """The public data set with ``count`` classes, if any: public checkpoints only show the number of their classes."""
    names = {21: "pascal", 19: "cityscapes", 150: "ade20k", 81: "coco", 11: "camvid"}
    return get_spec(names[count]) if count in names else None


def _from_file(path: Path) -> DatasetSpec:
    missing = f"No data set description at {path}. Give a built-in name or an existing YAML file."
    text = read_input(path, f"The data set description {path}", ConfigError, missing=missing)
    value = parse_yaml(text, str(path))
    if not isinstance(value, dict):
        raise ConfigError(f"{path} holds a {type(value).__name__}; expected keys such as `classes` and `void`.")
    if isinstance(value.get("classes"), list):  # a class may be called `no` or `0`
        value["classes"] = parse_yaml(text, str(path), as_text=True)["classes"]
    value.setdefault("name", path.stem)
    value.setdefault("palette", "voc")
    return _validated(value, str(path))


def _validated(value: dict[str, Any], where: str) -> DatasetSpec:
    try:
        return DatasetSpec.model_validate(value)
    except ValidationError as error:
        raise ConfigError(f"{where} does not describe a data set: {_first_problem(error)}") from None


def _first_problem(error: ValidationError) -> str:
    """The first problem as a sentence; unknown keys come first, since they may be why another key is missing."""
    problem = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"unknown key '{key}'{hint(key, DatasetSpec.model_fields)}."
    message = problem["msg"].removeprefix("Value error, ")
    if not key or problem["type"] == "missing":
        return f"`{key}`: {message}" if key else message
    quotes = " A text that YAML reads as something else needs quotes." if problem["type"] == "string_type" else ""
    return f"`{key}` is {shortened(problem['input'])}: {message}.{quotes}"
