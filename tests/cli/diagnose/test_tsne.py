"""`pixcon-diag tsne`: what only it has; see test_methods.py."""

from pathlib import Path

import pytest

from tests.cli.diagnose.asking import ask, no_network
from tests.cli.farm import call, one_message


def test_of_each_method_the_first_seed_and_the_maps_drawn(runs: Path, tmp_path: Path) -> None:
    content = ask("tsne", runs, "--per-class", 8, "--out", tmp_path)
    assert [each["name"] for each in content["projection"]["projections"]] == ["none", "clean"]
    assert content["projection"]["counts"] == [8, 8, 8]
    sources = {name: each["checkpoint"]["source"] for name, each in content["provenance"].items()}
    assert "farm-none-0" in sources["none"] and "farm-clean-0" in sources["clean"]
    assert {"tsne.json", "tsne.csv", "tsne_positions.csv", "tsne.png", "tsne.pdf"} <= {
        p.name for p in tmp_path.iterdir()
    }


def test_another_seed_or_perplexity_needs_no_pass_but_another_sample_does(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ask("tsne", runs / "farm-none-0", "--per-class", 8)
    no_network(monkeypatch)
    other = ask("tsne", runs / "farm-none-0", "--per-class", 8, "--perplexity", 3)
    assert other["projection"]["pixels"] == one["projection"]["pixels"] and other["projection"]["perplexity"] == 3
    result = call("tsne", runs / "farm-none-0", "--per-class", 9, "--workers", 0)
    assert isinstance(result.exception, AssertionError) and "a network was run" in str(result.exception)


def test_what_has_no_map_is_one_message(runs: Path, elsewhere: Path) -> None:
    one_message(call("tsne", runs / "farm-none-0", "--window", 28, "--workers", 0), 2, "--window 0")
    one_message(call("tsne", runs / "farm-none-0", "--per-class", 2, "--workers", 0), 2, "6 valid pixels are too few")
    one_message(call("tsne", runs / "farm-none-0", elsewhere / "farm-clean-0"), 2, "measured on different images")
