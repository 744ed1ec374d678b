"""Conversion of masks of colours, or of other values, to PNG files of labels."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from pixcon_diag.data.label_maps import encode_map
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.files import read_json, remove_leftovers, replacing, write_json
from pixcon_train.core.paths import exists, is_file, is_folder, resolved
from pixcon_train.core.progress import Progress, silent
from pixcon_train.core.void import VOID, label_type, void_of
from pixcon_train.data.images import read_image, transparent_pixels
from pixcon_train.data.masks import read_indices
from pixcon_train.data.specs import Color, DatasetSpec, voc_color, voc_palette

SUFFIXES = {".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".jpg", ".jpeg", ".ppm", ".pgm"}
"""Suffixes of the files in a folder that count as masks."""
RECORD = ".convert-masks.json"
"""File beside the converted masks that records the conversion and their sources."""
_UNKNOWN = -1
_SHOWN = 8
"""Colours named in a message."""

Convert = Callable[[Path], tuple[np.ndarray, Counter[Color]]]
"""The labels (H, W) of a mask's file, as :func:`encode_map` takes them, and pixels by colour that no class has."""


@dataclass
class Conversion:
    """The outcome of converting a folder of masks."""

    converted: int = 0
    unchanged: int = 0
    """Masks converted by an earlier run."""
    left_out: list[Path] = field(default_factory=list)
    """Masks with unknown colours, which were not written."""
    pixels: int = 0
    unknown: Counter[Color] = field(default_factory=Counter)
    """Pixels by colour that no class has."""
    files: Counter[Color] = field(default_factory=Counter)
    """Number of masks by such a colour."""

    def raise_for_colors(self, dataset: str) -> None:
        """Raise for colours that no class has.

        Raises:
            DataError: there are such colours.
        """
        if not self.left_out:
            return
        named = "; ".join(
            f"{color} in {self.files[color]:,} masks, {100 * count / self.pixels:.2f} % of all pixels"
            for color, count in self.unknown.most_common(_SHOWN)
        )
        more = f"; and {len(self.unknown) - _SHOWN:,} more" if len(self.unknown) > _SHOWN else ""
        first = ",".join(map(str, self.unknown.most_common(1)[0][0]))
        raise DataError(
            f"{len(self.left_out):,} masks have colours that no class of {dataset} has, and were not written; "
            f"{self.left_out[0]} for one. Found: {named}{more}. If a colour is void, use --void-color {first}; if "
            "colours are inexact (JPEG, resizing), --tolerance N takes the nearest class up to N steps away. Then "
            "choose a new folder."
        )


def by_color(spec: DatasetSpec, void_colors: Sequence[Color] = (), tolerance: int = 0) -> Convert:
    """Convert colours by the data set's palette to labels in the form of its masks.

    Args:
        void_colors: of pixels without a class. Of Pascal VOC's palette that of 255 (65535 beyond 255 classes) is
            one, or of 0 where that is void.
        tolerance: how far a colour may be from a class's in each channel; the nearest class counts.

    Raises:
        ConfigError: two classes have one colour, or a class has that of void.
    """
    palette = list(spec.palette)
    first = spec.first_label
    if palette == voc_palette(first + len(palette))[first:]:
        void_colors = [*void_colors, voc_color(0 if first else void_of(spec.num_classes))]
    void = list(void_colors)
    doubled = [color for color, count in Counter([*palette, *dict.fromkeys(void)]).items() if count > 1]
    if doubled:
        names = [spec.classes[k] for k, color in enumerate(palette) if color == doubled[0]]
        raise ConfigError(f"The colour {doubled[0]} of {' and '.join(names)} in {spec.name} has two meanings.")
    colors = np.array([*palette, *void], dtype=np.int16)
    labels = np.array([*range(first, first + len(palette)), *[spec.void] * len(void)])
    table = np.full(1 << 24, _UNKNOWN, dtype=np.int32)
    table[_codes(colors)] = labels

    def convert(path: Path) -> tuple[np.ndarray, Counter[Color]]:
        _check_opaque(path)
        codes = _codes(read_image(path))
        found = table[codes]
        unknown, counts = np.unique(codes[found == _UNKNOWN], return_counts=True)
        if tolerance and len(unknown):
            rgb = np.stack([unknown >> 16, unknown >> 8 & 255, unknown & 255], 1).astype(np.int16)
            away = np.abs(rgb[:, None] - colors[None]).max(2)
            near = away.min(1) <= tolerance
            nearest = np.where(near, labels[away.argmin(1)], _UNKNOWN)
            missing = found == _UNKNOWN
            found[missing] = nearest[np.searchsorted(unknown, codes[missing])]
            unknown, counts = unknown[~near], counts[~near]
        rest = zip(unknown.tolist(), counts.tolist(), strict=True)
        return found.astype(label_type(spec.num_classes)), Counter(
            {(c >> 16, c >> 8 & 255, c & 255): n for c, n in rest}
        )

    return convert


def _check_opaque(path: Path) -> None:
    """Raise for transparent pixels, whose colour is not visible and names no class."""
    count = transparent_pixels(path)
    if count:
        raise DataError(
            f"{path} has {count:,} transparent pixels, whose colour names no class. Save it without an alpha channel, "
            "with the colour of void where it is transparent."
        )


def _codes(rgb: np.ndarray) -> np.ndarray:
    """One number for each colour (…, 3)."""
    wide = rgb.astype(np.int32)
    return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]


def by_value(changes: Iterable[tuple[int, int]] = (), shift: int = 0, *, void: int = VOID) -> Convert:
    """Convert label values.

    Args:
        changes: old and new values; other values are unchanged.
        shift: added to the values not in ``changes``; ``void`` and results below 0 or above it become ``void``.
        void: 255, or 65535 for masks of 16 bits.
    """
    values = np.arange(void + 1)
    shifted = values + shift
    table = np.where((shifted < 0) | (shifted > void) | (values == void), void, shifted)
    table = table.astype(np.uint8 if void == VOID else np.int32)
    for old, new in changes:
        table[old] = new

    def convert(path: Path) -> tuple[np.ndarray, Counter[Color]]:
        return table[read_indices(path, largest=void)], Counter()

    return convert


def convert_folder(
    source: Path, target: Path, convert: Convert, palette: Sequence[Color], how: str, progress: Progress = silent
) -> Conversion:
    """Convert every mask in ``source`` to a palette PNG under the same relative path in ``target``.

    Files are written whole. Masks that have not changed since an earlier run, recorded in :data:`RECORD`, are skipped.

    Args:
        palette: the colour of each stored value, for viewing.
        how: ``convert`` in words; ``target`` holds masks of one conversion only.

    Raises:
        ConfigError: ``target`` is ``source`` or lies in it, a file of ``source`` would be overwritten, or ``target``
            holds masks of another conversion.
        DataError: there is nothing to convert, a mask cannot be read, or two masks would become one file.
    """
    if not is_folder(source):
        raise DataError(f"No folder of masks at {source}.")
    if resolved(target).is_relative_to(resolved(source)):
        raise ConfigError(f"{target} lies in {source}. Choose a folder beside it, so that no mask is overwritten.")
    files = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES and is_file(path))
    targets = _targets(files, source, target)
    made, sources = Conversion(), _recorded(target, targets.values(), how)
    for folder in {target, *(path.parent for path in targets.values())}:
        remove_leftovers(folder)
    write_json(target / RECORD, {"conversion": how, "sources": sources})
    progress(0, len(files))
    try:
        for done, (file, path) in enumerate(targets.items(), 1):
            name, state = path.relative_to(target).as_posix(), _state(file)
            if sources.get(name) == state and is_file(path):
                made.unchanged += 1
            elif _convert(file, path, convert, palette, made):
                sources[name] = state
            progress(done, len(files))
    finally:
        write_json(target / RECORD, {"conversion": how, "sources": sources})
    return made


def _state(file: Path) -> list[Any]:
    """The state by which a changed mask is detected, ready for JSON."""
    status = file.stat()
    return [str(resolved(file)), status.st_size, status.st_mtime_ns]


def _recorded(target: Path, outputs: Iterable[Path], how: str) -> dict[str, list[Any]]:
    """The source of each mask in ``target``.

    Raises:
        ConfigError: they are of another, or of an unknown, conversion.
    """
    path = target / RECORD
    try:
        record = read_json(path)
        conversion, sources = str(record["conversion"]), dict(record["sources"])
    except FileNotFoundError:
        existing = next((output for output in outputs if exists(output)), None)
        if existing is None:
            return {}
        raise ConfigError(
            f"{existing} exists already, and no {RECORD} in {target} records how it was made. Choose a new folder."
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"{path} does not record how the masks beside it were made. Choose a new folder.") from None
    if conversion != how:
        raise ConfigError(
            f"{target} holds masks that were converted in another way: {conversion}; now it would be {how}. Choose a "
            "new folder, or remove that one."
        )
    return sources


def _targets(files: Sequence[Path], source: Path, target: Path) -> dict[Path, Path]:
    """The output path of each file."""
    if not files:
        raise DataError(f"{source} holds no masks. Expected image files ({', '.join(sorted(SUFFIXES))}).")
    targets = {file: (target / file.relative_to(source)).with_suffix(".png") for file in files}
    sources: dict[Path, Path] = {}
    existing = {resolved(file) for file in files}
    for file, output in targets.items():
        if sources.setdefault(output, file) != file:
            raise DataError(f"{sources[output]} and {file} would both become {output}. Remove or rename one.")
        if resolved(output) in existing:
            raise ConfigError(f"{output} is one of the masks, and would be overwritten. Choose another folder.")
    return targets


def _convert(file: Path, output: Path, convert: Convert, palette: Sequence[Color], made: Conversion) -> bool:
    """Write the labels of one mask; returns whether all its colours are known."""
    labels, unknown = convert(file)
    made.pixels += labels.size
    if unknown:
        made.left_out.append(file)
        made.unknown += unknown
        made.files.update(unknown.keys())
        output.unlink(missing_ok=True)  # of an earlier version of the mask
        return False
    content = encode_map(labels, [part for color in palette for part in color])
    with replacing(output) as temporary:
        temporary.write_bytes(content)
    made.converted += 1
    return True


def color_conversion(spec: DatasetSpec, void_colors: Sequence[Color] = (), tolerance: int = 0) -> str:
    """What :func:`by_color` does, in words."""
    palette = crc32(repr((spec.palette, spec.first_label, spec.void)).encode())
    void = [f"--void-color {','.join(map(str, color))}" for color in sorted(set(void_colors))]
    return " ".join([f"--dataset {spec.name} (palette {palette:08x})", *void, f"--tolerance {tolerance}"])


def value_conversion(changes: Iterable[tuple[int, int]] = (), shift: int = 0, *, void: int = VOID) -> str:
    """What :func:`by_value` does, in words."""
    changed = (f"--map {old}={new}" for old, new in dict(changes).items())
    return " ".join([*changed, f"--shift {shift}", *["--wide"] * (void > VOID)])


def stored_palette(spec: DatasetSpec) -> list[Color]:
    """The colour of each value that masks of a data set hold; void is black."""
    return [*[(0, 0, 0)] * spec.first_label, *spec.palette]


def parse_changes(texts: Iterable[str], *, void: int = VOID) -> list[tuple[int, int]]:
    """Pairs of values from ``OLD=NEW`` strings.

    Raises:
        ConfigError: one is none, or a value is not in 0..``void``.
    """
    pairs = (_numbers(text, "=", 2, "--map", "OLD=NEW, such as 255=1", void) for text in texts)
    return [(old, new) for old, new in pairs]


def parse_colors(texts: Iterable[str]) -> list[Color]:
    """Colours from ``R,G,B`` strings.

    Raises:
        ConfigError: one is none, or a part is not in 0..255.
    """
    return [(r, g, b) for text in texts for r, g, b in [_numbers(text, ",", 3, "--void-color", "R,G,B", 255)]]


def _numbers(text: str, separator: str, count: int, option: str, expected: str, largest: int) -> list[int]:
    parts = text.split(separator)
    if len(parts) != count or not all(part.strip().isdecimal() and int(part) <= largest for part in parts):
        raise ConfigError(f"{option} is '{text}'; expected {expected}, with numbers of 0..{largest}.")
    return [int(part) for part in parts]
