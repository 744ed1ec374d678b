"""The script that decodes and counts the page's maps, run by Node.js without a browser."""

import base64
import io
import json
import shutil
import subprocess
from importlib import resources

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.data.label_maps import encode_map

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
SCRIPT = (resources.files("pixcon_diag.reporting.page") / "assets" / "maps.js").read_text(encoding="utf-8")
PROGRAM = """
const page = {{ files: () => ({files}), data: {{ images: {{ void: {void} }} }} }};
{script}
page.maps.read("0").then(({{ width, height, truth, methods: [{{ labels, counts }}] }}) =>
  console.log(JSON.stringify({{ width, height, truth: [...truth], labels: [...labels],
    valid: counts.valid, wrong: counts.wrong }})));
"""


def as_written(values: np.ndarray) -> bytes:
    return encode_map(values, None, effort=8)


def by_pillow(values: np.ndarray) -> bytes:
    """With rows stored as differences."""
    buffer = io.BytesIO()
    Image.fromarray(values.astype(np.uint8 if values.dtype == np.uint8 else np.uint16)).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("encode", [as_written, by_pillow])
@pytest.mark.parametrize(("classes", "void"), [(3, 255), (255, 255), (256, 65535), (1000, 65535)])
def test_maps_are_read_exactly(classes: int, void: int, encode: object) -> None:
    rng = np.random.default_rng(classes)
    truth, labels = rng.integers(classes, size=(2, 17, 23)).astype(np.uint8 if void == 255 else np.int32)
    truth[0], labels[5], truth[9, 3] = void, truth[5], classes - 1
    files = {"truth": truth, "labels-0": labels}
    texts = {part: base64.b64encode(encode(values)).decode() for part, values in files.items()}  # type: ignore[operator]
    program = PROGRAM.format(files=json.dumps(texts), void=void, script=SCRIPT)
    done = subprocess.run([NODE or "node", "-e", program], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "width": 23,
        "height": 17,
        "truth": truth.ravel().tolist(),
        "labels": labels.ravel().tolist(),
        "valid": int((truth != void).sum()),
        "wrong": int(((truth != void) & (truth != labels)).sum()),
    }
