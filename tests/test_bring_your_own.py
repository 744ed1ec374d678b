"""Every command of docs/bring-your-own.md, typed as it stands, where what it names lies in the working directory."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import get_model

from pixcon_train.engine.trainer import train
from tests.cli.farm import CLASSES, call, state, write_data, write_public
from tests.pixcon_diag.checkpoints.modules.networks import CODE, own_network, segformer, unet, write_code
from tests.pixcon_train.tiny import tiny_config, write_tiny
from tests.training_logs import write_unimatch

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[1] / "docs/bring-your-own.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"\| `pixcon-diag ([^`]+)` \|$", PAGE, re.MULTILINE)
DATA = "--dataset data/farm.yaml --data-root data --list data/val.txt"
HERE = " --workers 0 --device cpu"
"""Beside the data, for commands that run a network."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that the page names."""
    desk = tmp_path_factory.mktemp("desk")
    data = write_data(desk / "data")
    for name in ("best.pth", "mystery.pth"):
        write_public(desk / name)
    for number, name in enumerate(("a0", "a1", "b0", "b1")):
        torch.save({"model": state(0.1 * number)}, desk / f"{name}.pth")
    _write_networks(desk)
    _write_maps(desk, data)
    _write_logs(desk)
    (desk / "masks255").mkdir()
    Image.fromarray(np.array([[0, 255], [255, 0]], np.uint8)).save(desk / "masks255/a.png")
    return desk


def _write_networks(desk: Path) -> None:
    file = write_code(desk)
    (desk / "mynets").mkdir()
    (desk / "mynets/net.py").write_text(CODE)
    for name, shift in (("best_own", 0.0), ("a_own", 0.5), ("b_own", 1.0)):
        network = own_network(file)
        network.head.bias.data[0] += shift  # type: ignore[union-attr, operator, index]
        torch.save(network.state_dict(), desk / f"{name}.pth")
    segformer(desk / "segformer")
    unet(desk / "unet")
    torch.manual_seed(0)
    lraspp = get_model("lraspp_mobilenet_v3_large", weights=None, weights_backbone=None, num_classes=len(CLASSES))
    torch.save(lraspp.state_dict(), desk / "lraspp.pth")


def _write_maps(desk: Path, data: Path) -> None:
    random = np.random.default_rng(0)
    for name in ("labels", "maps", "maps2"):
        (desk / name).mkdir()
    for mask in sorted((data / "masks").glob("*.png")):
        height, width = np.asarray(Image.open(mask)).shape
        for name in ("maps", "maps2"):
            np.savez(desk / name / f"{mask.stem}.npz", random.normal(0, 2, (3, height, width)).astype(np.float32))
        Image.fromarray(random.integers(0, 3, (height, width), dtype=np.uint8)).save(desk / "labels" / mask.name)


def _write_logs(desk: Path) -> None:
    tiny = desk / "tiny"
    tiny.mkdir()
    train(tiny_config(write_tiny(tiny), schedule__epochs=1), desk / "runs/mine")
    for number, name in enumerate(("train", "seed0", "seed1", "seed2")):
        write_unimatch(desk / f"{name}.log", [[(50.0 + number * (epoch + 1), 52.0)] * 3 for epoch in range(3)])
    (desk / "metrics.csv").write_text("epoch,val/mIoU,train/loss\n0,0.41,0.9\n1,0.55,0.7\n2,0.57,0.6\n")


def test_the_page_has_the_commands_of_every_kind() -> None:
    assert len(COMMANDS) >= 20 and len(COMMANDS) == len(set(COMMANDS))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: re.sub(r"\W+", "-", command))
def test_a_command_does_what_the_page_says(command: str, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "hf:" in command:
        pytest.importorskip("transformers")
    if "smp:" in command:
        pytest.importorskip("segmentation_models_pytorch")
    monkeypatch.chdir(desk)
    data = DATA if command.startswith("check-data") else DATA + HERE
    result = call(*shlex.split(command.replace("$DATA", data)))
    assert result.exit_code == 0, result.output
    assert result.stdout
