"""Networks that the user's own code builds."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_diag.checkpoints.loading import load
from pixcon_train.core.errors import ConfigError
from tests.pixcon_diag.checkpoints.modules.networks import own_network, write_code

IMAGES = torch.randn(1, 3, 10, 12, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])


def test_a_file_s_network_with_the_weights_of_a_file(tmp_path: Path) -> None:
    file = write_code(tmp_path)
    network = own_network(file)
    network.head.bias.data += 3  # type: ignore[union-attr, operator]
    torch.save({"state_dict": network.state_dict()}, tmp_path / "w.pth")
    loaded = load(f"{file}:build@{tmp_path / 'w.pth'}")
    assert torch.equal(loaded.model(IMAGES).logits, network(IMAGES)["out"])
    assert (loaded.name, loaded.file, loaded.info.num_classes) == ("w", str(tmp_path / "w.pth"), 3)
    assert loaded.info.space == "input of head" and "the feature is the input of head" in loaded.remarks
    assert load(f"{file}:build").model(IMAGES).logits.mean() != loaded.model(IMAGES).logits.mean()
    assert load(tmp_path / "w.pth", model=f"{file}:build", feature="stem").info.space == "output of stem"


def test_a_module_is_searched_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pixcon_test_package").mkdir()
    write_code(tmp_path / "pixcon_test_package")
    assert load("pixcon_test_package.net:build").name == "pixcon_test_package.net:build"


def test_what_it_expects_is_read(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(
        "from torch import nn\n"
        "def build():\n"
        "    net = nn.Conv2d(3, 2, 1)\n"
        "    net.class_names = ['a', 'b']\n"
        "    net.preprocessing = {'mean': [0, 0, 0], 'std': [1, 1, 1], 'multiple': 8}\n"
        "    return net\n"
    )
    loaded = load(f"{tmp_path}/net.py:build")
    assert loaded.class_names == ("a", "b") and loaded.wrapped is not None and loaded.wrapped.multiple == 8
    assert loaded.info.preprocessing is not None and loaded.info.preprocessing.std == (1, 1, 1)


def test_a_function_called_preprocessing_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Conv2d):\n"
        "    def preprocessing(self, image):\n"
        "        return image\n"
        "def build():\n"
        "    return Net(3, 2, 1)\n"
    )
    assert load(f"{tmp_path}/net.py:build").info.num_classes == 2


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("net.py:build_it", "there is no such function; defined are build, permuted, needy, broken, text"),
        ("net.py:needy", r"needs arguments \(classes\). Expected a function that is called without any"),
        ("net.py:broken", r"fails: RuntimeError: no such option \(net.py, line \d+\)"),
        ("net.py:text", "gives a str; expected a network"),
        ("elsewhere.py:build", r"No file at elsewhere.py\. Expected"),
        ("nett.py:build", r"No file at nett.py \(did you mean 'net'\?\)"),
        ("no_such_module:build", r"no module 'no_such_module' in the working directory or installed\. Expected a net"),
        ("nett:build", r"no module 'nett' .*\(did you mean 'net'\?\)"),
        ("hff:segformer", r"no module 'hff' .*\(did you mean 'hf'\?\).* hf:FOLDER or hf:owner/name"),
        ("lacking.py:build", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        ("bad.py:build", r"cannot be imported: ZeroDivisionError: division by zero \(bad.py, line 2\)"),
        ("said.py:build", "of its attributes .*`mean` is 'grey'"),
        ("none.py:build", "of its attributes .*`multiple` is 0"),
        ("script.py:build", "cannot be imported: SystemExit"),
    ],
)
def test_mistakes_are_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_code(tmp_path)
    (tmp_path / "bad.py").write_text("x = 1\ny = x / 0\n")
    (tmp_path / "lacking.py").write_text("import no_such_module\n")
    (tmp_path / "script.py").write_text("raise SystemExit(2)\n")
    (tmp_path / "none.py").write_text(
        "from torch import nn\ndef build():\n    net = nn.Conv2d(3, 2, 1)\n"
        "    net.preprocessing = {'multiple': 0}\n    return net\n"
    )
    (tmp_path / "said.py").write_text(
        "from torch import nn\ndef build():\n    net = nn.Conv2d(3, 2, 1)\n"
        "    net.preprocessing = {'mean': 'grey'}\n    return net\n"
    )
    with pytest.raises(ConfigError, match=said):
        load(spec)


def test_without_a_file_of_weights_that_is_said(tmp_path: Path) -> None:
    file = write_code(tmp_path)
    torch.save(own_network(file).state_dict(), tmp_path / "w.pth")
    (tmp_path / "chance.py").write_text("from torch import nn\ndef build():\n    return nn.Conv2d(3, 2, 1)\n")
    (tmp_path / "once.py").write_text(
        "from torch import nn\ncalls = []\ndef build():\n    assert not calls\n    calls.append(1)\n"
        "    return nn.Conv2d(3, 2, 1)\n"
    )
    remarks = {name: load(f"{tmp_path}/{name}.py:build").remarks[-1] for name in ("net", "chance", "once")}
    assert (
        remarks["net"]
        == f"its weights are those that {file}:build gives, as no file of weights is named ({file}:build@weights.pth)"
    )
    assert remarks["chance"].startswith("ITS WEIGHTS ARE RANDOM: ") and "@weights.pth" in remarks["chance"]
    assert remarks["once"].startswith("its weights are those that ")
    assert not any("weights" in remark for remark in load(f"{file}:build@{tmp_path}/w.pth").remarks)


@pytest.mark.parametrize("about", [{"epoch": 7}, {"meta": {"epoch": 7}}, {"epoch": torch.tensor(7)}])
def test_the_epoch_that_a_file_states_is_kept(tmp_path: Path, about: dict[str, Any]) -> None:
    file = write_code(tmp_path)
    torch.save({"state_dict": own_network(file).state_dict(), **about}, tmp_path / "w.ckpt")
    loaded = load(f"{file}:build@{tmp_path / 'w.ckpt'}")
    assert loaded.info.scores.epoch == 7 and "epoch 7" in loaded.describe()[1]
    assert load(f"{file}:build").info.scores.epoch is None


def test_options_that_do_not_apply(tmp_path: Path) -> None:
    file = write_code(tmp_path)
    with pytest.raises(ConfigError, match="which has no recipe"):
        load(f"{file}:build", recipe="unimatch-v1")
    with pytest.raises(ConfigError, match="so --feature does not apply"):
        load(tmp_path / "best.pth", feature="head")
    with pytest.raises(ConfigError, match="has no submodule 'neck'; its last ones are , stem, head, auxiliary"):
        load(f"{file}:build", feature="neck")
