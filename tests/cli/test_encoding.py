"""Consoles and files that cannot show every character."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from pixcon_cli import train
from pixcon_cli.encoding import SPELLED, SPELLING, printable, spell
from tests.cli.farm import main, write_data, write_public

ENCODINGS = ("cp1252", "latin-1", "ascii")


def test_symbols_are_spelled_and_names_escaped() -> None:
    assert spell("ρ_F ≥ 0.5 – Straße/道路.png") == "rho_F >= 0.5 - Stra\\xdfe/\\u9053\\u8def.png"
    assert all(spelled.isascii() for spelled in SPELLED.values())
    assert "ρ – Straße 道".encode("cp1252", SPELLING).decode("cp1252") == "rho – Straße \\u9053"


def test_width_is_known_before_the_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, text in (("latin-1", "tau >= ½ a<U+DCFF><U+000A>b"), ("utf-8", "τ ≥ ½ a⟨U+DCFF⟩⟨U+000A⟩b")):
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        assert printable("τ ≥ ½ a\udcff\nb") == text


@pytest.mark.parametrize("module", ["diag", "train"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_both_programs_speak_in_any_encoding(module: str, encoding: str) -> None:
    """Help of every command, and an error that names what the encoding lacks."""
    code = f"""
import contextlib
from pixcon_cli.{module} import main
for command in [[], *([name] for name in main.commands)]:
    with contextlib.suppress(SystemExit):
        main([*command, "--help"])
main(["--道路–ρ"])
"""
    ended = in_a_process(code, PYTHONIOENCODING=encoding)
    shown = "utf-8" if encoding == "ascii" else encoding  # click takes ASCII for UTF-8
    assert ended.returncode == 2 and ended.stdout.decode(shown).count("Usage") > 5
    assert "Error: No such option" in ended.stderr.decode(shown)


def test_the_c_locale() -> None:
    ended = in_a_process("from pixcon_cli.diag import main; main(['--道路–ρ'])", LC_ALL="C")
    assert ended.returncode == 2 and "--道路–ρ" in ended.stderr.decode("utf-8")


@pytest.mark.parametrize("module", ["diag", "train"])
@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (">&-", "it is closed"),
        pytest.param(
            ">/dev/full",
            "No space left on device",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full"),
        ),
    ],
)
@pytest.mark.skipif(not Path("/bin/sh").exists(), reason="there is no shell")
def test_output_that_cannot_be_written_is_one_message(module: str, target: str, reason: str) -> None:
    code = f"from pixcon_cli.{module} import main; main(['--help'])"
    ended = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -c "$1" {target}', sys.executable, code],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (ended.returncode, ended.stderr) == (1, f"Error: Could not write to standard output: {reason}.\n")


def in_a_process(code: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """Run Python code, with nothing said of encodings but what is in ``environment``."""
    silent = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={**silent, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )


@pytest.fixture
def farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The farm data set with Chinese names, and a checkpoint."""
    monkeypatch.chdir(write_data(tmp_path))
    (tmp_path / "farm.yaml").write_text("classes: [背景, Straße, cow]\n", encoding="utf-8")
    write_public(tmp_path / "best.pth")
    return tmp_path


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_tables_and_json_after_a_pass(farm: Path, encoding: str) -> None:
    arguments = ["contamination", "best.pth", "--dataset", "farm.yaml", "--data-root", ".", "--workers", "0"]
    result = CliRunner(charset=encoding).invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "rho_F" in result.stdout
    widths = [len(line) for line in result.stdout.splitlines() if line.startswith(("|", "+"))]
    assert widths  # the borders of tables are drawn in ASCII
    told = json.loads(CliRunner(charset=encoding).invoke(main, [*arguments, "--json"]).stdout)
    assert told == json.loads(CliRunner().invoke(main, [*arguments, "--json"]).stdout)
    assert "背景" in json.dumps(told, ensure_ascii=False)


def test_a_configuration_in_a_file_can_be_read_again() -> None:
    arguments = ["show-config", "--data-root", "Straße/道路"]
    result = CliRunner(charset="cp1252").invoke(train.main, arguments)
    read: dict[str, Any] = yaml.safe_load(result.stdout_bytes.decode("utf-8"))
    assert result.exit_code == 0 and read["data"]["root"] == "Straße/道路"
