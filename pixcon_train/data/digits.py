"""The built-in data set: scenes of scikit-learn's handwritten digits on crops of its two photographs.

Written once to a cache folder in the usual layout (JPEG, PNG masks, lists), so that it is read like any data set. The
classes are long-tailed: each digit is less frequent than the one before it. The hue of a digit is informative: each
class has its own, but 7, 8 and 9 are between two others, and hues are noisy. Outside the labeled scenes a few digits
have the hue of another class, which no labeled scene shows: there a teacher is wrong with high confidence.
"""

import os
import shutil
import tempfile
import zlib
from colorsys import hsv_to_rgb
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pixcon_train.core.errors import ConfigError, PixConError
from pixcon_train.core.files import remove_leftovers
from pixcon_train.core.paths import expanded, is_folder
from pixcon_train.data.lists import Pair, write_list

NAME = "digits"
VERSION = 1
"""Part of the folder's name; increased when the same parameters give other scenes."""
CACHE_VARIABLE = "PIXCON_CACHE"

_HUES = (0.00, 0.11, 0.25, 0.36, 0.49, 0.62, 0.76, 0.18, 0.425, 0.555)
"""Mean hue of the digits 0–9."""


@dataclass(frozen=True)
class Scenes:
    """Parameters of the scenes."""

    edge: int = 112
    train: int = 480
    val: int = 100
    labeled: int = 96
    digits: tuple[int, int] = (3, 6)
    """Least and largest number of digits in a scene."""
    size: tuple[int, int] = (40, 66)
    """Least and largest edge of a digit in pixels."""
    hue_noise: float = 0.018
    """Deviation of a digit's hue from its class's."""
    misleading: float = 0.05
    """Share of digits outside the labeled scenes with the hue of another class."""
    tail: float = 0.9
    """Frequency of a class relative to the class before it."""
    ring: int = 1
    """Width in pixels of the void ring around a digit, as Pascal VOC has it."""
    seed: int = 0


def cache_folder() -> Path:
    """The cache folder: PIXCON_CACHE, else that in the user's cache, XDG_CACHE_HOME or ``~/.cache``.

    Raises:
        ConfigError: the user has no home folder, as in containers with a user id of their own.
    """
    if given := os.environ.get(CACHE_VARIABLE):
        return Path(given)
    users = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if users.is_absolute():  # relative paths are to be ignored (XDG Base Directory Specification)
        return users / "pixcon-diag"
    home = expanded(Path("~"))
    if not home.is_absolute():
        raise ConfigError(
            f"This user has no home folder for the cache. Give a folder of yours: {CACHE_VARIABLE}=FOLDER."
        )
    return home / ".cache" / "pixcon-diag"


def digits_root(scenes: Scenes | None = None) -> Path:
    """Root of the scenes, created on first use; other parameters have another folder.

    Raises:
        PixConError: the cache folder cannot be written.
    """
    scenes = scenes or Scenes()
    root = cache_folder() / f"digits-{VERSION}-{zlib.crc32(repr(scenes).encode()):08x}"
    if is_folder(root):
        return root
    try:
        write_scenes(root, scenes)
    except OSError as error:
        raise PixConError(
            f"Could not write the digit scenes to {root}: {error.strerror or error}. "
            f"Set {CACHE_VARIABLE} to a folder that can be written."
        ) from error
    return root


def write_scenes(root: Path, scenes: Scenes) -> None:
    """Write all scenes and lists to ``root`` atomically; another process may do so at the same time."""
    root.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(f".{os.getpid()}.tmp", f".{root.name}.", root.parent))
    try:
        building.chmod(0o755)  # mkdtemp's 0700 would exclude other users of a shared cache
        _write_all(building, scenes)
        building.rename(root)
        remove_leftovers(root.parent, root.name)
    except (OSError, PixConError):
        if not is_folder(root):  # else another process or thread has written the same content
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _write_all(root: Path, scenes: Scenes) -> None:
    rng = np.random.default_rng(scenes.seed)
    material = _Material.load()
    for folder in ("images", "masks"):
        (root / folder).mkdir()
    pairs: dict[str, list[Pair]] = {"train": [], "val": []}
    for split, count in (("train", scenes.train), ("val", scenes.val)):
        for number in range(count):
            pair = Pair(f"images/{split}_{number:04d}.jpg", f"masks/{split}_{number:04d}.png")
            labeled = split == "train" and number < scenes.labeled
            misleading = 0.0 if labeled else scenes.misleading
            image, mask = draw_scene(material, split, scenes, misleading, rng)
            Image.fromarray(image).save(root / pair.image, quality=92)
            Image.fromarray(mask).save(root / str(pair.mask))
            pairs[split].append(pair)
        write_list(root / f"{split}.txt", pairs[split])
    lists = root / "splits" / str(scenes.labeled)
    write_list(lists / "labeled.txt", pairs["train"][: scenes.labeled])
    write_list(lists / "unlabeled.txt", pairs["train"][scenes.labeled :])


@dataclass(frozen=True)
class _Material:
    """Glyphs (n, 8, 8) in [0, 1] with their digits, and the photographs."""

    glyphs: np.ndarray
    labels: np.ndarray
    photographs: list[np.ndarray]

    @classmethod
    def load(cls) -> "_Material":
        from sklearn.datasets import load_digits, load_sample_images  # scikit-learn is slow to import

        digits = load_digits()
        return cls(digits.images / 16, digits.target, list(load_sample_images().images))

    def of(self, digit: int, split: str) -> np.ndarray:
        """Glyphs of ``digit``, disjoint for training and validation."""
        members: np.ndarray = self.glyphs[self.labels == digit]
        cut = len(members) * 3 // 4
        return members[:cut] if split == "train" else members[cut:]


def draw_scene(
    material: _Material, split: str, scenes: Scenes, misleading: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One scene: image (edge, edge, 3) uint8 and mask (edge, edge) uint8."""
    image = _background(material, scenes, rng)
    mask = np.zeros((scenes.edge, scenes.edge), np.uint8)
    frequency = scenes.tail ** np.arange(10)
    for _ in range(rng.integers(scenes.digits[0], scenes.digits[1] + 1)):
        digit = int(rng.choice(10, p=frequency / frequency.sum()))
        glyphs = material.of(digit, split)
        hue_of = int(rng.choice(10, p=frequency / frequency.sum())) if rng.random() < misleading else digit
        _paste(image, mask, glyphs[rng.integers(len(glyphs))], digit, _color(hue_of, scenes, rng), scenes, rng)
    noisy = image + rng.normal(0, 6, image.shape)
    return noisy.clip(0, 255).astype(np.uint8), mask


def _background(material: _Material, scenes: Scenes, rng: np.random.Generator) -> np.ndarray:
    """A dark, half desaturated crop of a photograph, so that hue is of the digits."""
    photograph = material.photographs[rng.integers(len(material.photographs))]
    edge = int(rng.integers(scenes.edge, 2 * scenes.edge))
    top, left = (int(rng.integers(side - edge + 1)) for side in photograph.shape[:2])
    crop = Image.fromarray(photograph[top : top + edge, left : left + edge]).resize((scenes.edge, scenes.edge))
    pixels = np.asarray(crop, dtype=np.float64)
    faded: np.ndarray = 0.6 * (0.5 * pixels + 0.5 * pixels.mean(2, keepdims=True))
    return faded


def _paste(
    image: np.ndarray,
    mask: np.ndarray,
    glyph: np.ndarray,
    digit: int,
    color: np.ndarray,
    scenes: Scenes,
    rng: np.random.Generator,
) -> None:
    """Draw a glyph over ``image`` and ``mask``, with a void ring around it."""
    size = int(rng.integers(scenes.size[0], scenes.size[1] + 1))
    enlarged = Image.fromarray((255 * glyph).astype(np.uint8)).resize((size, size), Image.Resampling.BICUBIC)
    alpha = np.asarray(enlarged, dtype=np.float64) / 255
    top, left = (int(rng.integers(-size // 8, scenes.edge - size + size // 8)) for _ in range(2))
    rows = slice(max(top, 0), min(top + size, scenes.edge))
    columns = slice(max(left, 0), min(left + size, scenes.edge))
    alpha = alpha[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    image[rows, columns] = image[rows, columns] * (1 - alpha[..., None]) + color * alpha[..., None]
    inside = alpha > 0.4
    patch = mask[rows, columns]
    patch[_grown(inside, scenes.ring)] = 255
    patch[inside] = digit + 1


def _color(digit: int, scenes: Scenes, rng: np.random.Generator) -> np.ndarray:
    """A bright colour of the digit's hue, 0..255."""
    hue = (_HUES[digit] + rng.normal(0, scenes.hue_noise)) % 1
    return 255 * np.array(hsv_to_rgb(hue, rng.uniform(0.6, 1), rng.uniform(0.7, 1)))


def _grown(inside: np.ndarray, width: int) -> np.ndarray:
    """``inside`` grown by ``width`` pixels to the eight neighbours."""
    padded = np.pad(inside, width)
    height, columns = inside.shape
    shifts = range(2 * width + 1)
    grown: np.ndarray = np.any([padded[y : y + height, x : x + columns] for y in shifts for x in shifts], axis=0)
    return grown
