"""What is read as a SPEC, and what as a path."""

from pathlib import Path

import pytest

from pixcon_diag.checkpoints.model_spec import ModelSpec, parse_spec, require_spec, with_model
from pixcon_train.core.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "kind", "name", "weights"),
    [
        ("package.module:factory", "code", "package.module:factory", None),
        ("net.py:build@runs/a/best.pth", "code", "net.py:build", "runs/a/best.pth"),
        ("../code/net.py:build", "code", "../code/net.py:build", None),
        ("hf:owner/name", "hf", "owner/name", None),
        ("hf:owner/name@hf://owner/repo@main/w.pth", "hf", "owner/name", "hf://owner/repo@main/w.pth"),
        ("smp:folder/of/unet", "smp", "folder/of/unet", None),
        ("torchvision:fcn_resnet50@w.pth", "torchvision", "fcn_resnet50", "w.pth"),
    ],
)
def test_networks_and_their_weights(text: str, kind: str, name: str, weights: str | None) -> None:
    spec = parse_spec(text)
    assert spec is not None
    assert (spec.kind, spec.name, spec.weights, str(spec)) == (kind, name, weights, text)


@pytest.mark.parametrize(
    "text", ["best.pth", "runs/a", "hf://owner/repo@main/best.pth", "a@b.pth", "C:\\runs\\best.pth", "net.py", "hf:"]
)
def test_paths_and_addresses_are_none(text: str) -> None:
    assert parse_spec(text) is None


def test_a_folder_may_have_an_at_sign_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "a@b").mkdir()
    assert parse_spec(f"hf:{tmp_path}/a@b") == ModelSpec("hf", f"{tmp_path}/a@b")


def test_the_longest_folder_that_is_there_is_the_network_s(tmp_path: Path) -> None:
    for name in ("a", "a@b", "a@b@c"):
        (tmp_path / name).mkdir()
    for name, weights in (("a@b", "w@1.pth"), ("a@b@c", "w.pth"), ("a", "x/w.pth"), ("a@b@c", None)):
        text = f"smp:{tmp_path}/{name}" + (f"@{weights}" if weights else "")
        assert parse_spec(text) == ModelSpec("smp", f"{tmp_path}/{name}", weights)


@pytest.mark.parametrize(
    ("text", "name", "weights"),
    [
        ("a@b/net.py:build", "a@b/net.py:build", None),
        ("a@b/net.py:build@runs/x@y/w.pth", "a@b/net.py:build", "runs/x@y/w.pth"),
        ("p.net:build@runs/x@y/w.pth", "p.net:build", "runs/x@y/w.pth"),
        ("net.py:build@hf://owner/repo@main/w.pth", "net.py:build", "hf://owner/repo@main/w.pth"),
    ],
)
def test_files_may_have_an_at_sign_in_their_names(text: str, name: str, weights: str | None) -> None:
    assert parse_spec(text) == ModelSpec("code", name, weights)


def test_a_file_that_is_there_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hf:x").write_text("")
    assert parse_spec("hf:x") is None


@pytest.mark.parametrize(
    ("text", "name"),
    [("a.b:make", "a.b:make"), ("x/net.py:build", "net:build"), ("hf:o/segformer", "segformer"), ("smp:o/u/", "u")],
)
def test_names_in_tables(text: str, name: str) -> None:
    spec = parse_spec(text)
    assert spec is not None and spec.short_name == name


def test_what_the_option_takes() -> None:
    assert require_spec("torchvision:fcn_resnet50").network == "torchvision:fcn_resnet50"
    with pytest.raises(ConfigError, match=r"Could not read 'deeplab' as a network\. Expected package\.module:factory"):
        require_spec("deeplab")
    with pytest.raises(ConfigError, match="--model names a network without weights"):
        require_spec("net.py:build@best.pth")


def test_a_source_that_names_its_network_keeps_it() -> None:
    assert with_model("best.pth", "net.py:build") == "net.py:build@best.pth"
    assert with_model("hf:o/n", "net.py:build") == "hf:o/n"
