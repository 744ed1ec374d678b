"""`pixcon-diag doctor` on checkpoints with logs, on logs, on label maps; and the report that opens with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from pixcon_train.core.files import to_json
from pixcon_train.runs.log import LOG
from tests.cli.diagnose.asking import no_drawing
from tests.cli.farm import call


def diagnosed(*arguments: Any) -> dict[str, Any]:
    result = call("doctor", *arguments, "--json")
    assert result.exit_code == 0, result.output
    content: dict[str, Any] = json.loads(result.stdout)
    return content


def slow_teacher(folder: Path) -> Path:
    """The log of a run of 450 iterations with a teacher whose decay reaches 0.996, as training writes it."""
    folder.mkdir()
    config = {
        "seed": 0,
        "ema_decay": 0.996,
        "optimizer": {"warmup": 50},
        "consistency": {"tau": 0.95},
    }
    records: list[dict[str, Any]] = [{"event": "start", "iteration": 0, "config": config}]
    for epoch in (1, 2, 3):
        scores = {
            name: {"miou": miou, "miou_zero": miou, "iou": {"a": miou}}
            for name, miou in (("student", 0.1 * epoch), ("ema", 0.02 * epoch))
        }
        records.append(
            {"event": "epoch", "epoch": epoch, "iteration": 150 * epoch, "losses": {}, "retention": 0.0}
            | {"validation": scores}
        )
    (folder / LOG).write_text("".join(to_json(record, indent=None) + "\n" for record in records))
    return folder


def test_checkpoints_with_logs(runs: Path, tmp_path: Path) -> None:
    result = call("doctor", runs, "--workers", 0, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files >= {"doctor.json", "doctor.csv", "doctor_errors.csv", "doctor_all_pairs.csv", "doctor.png"}
    content = json.loads((tmp_path / "out/doctor.json").read_text())
    found = {finding["rule"] for finding in content["findings"]}
    # The validation list of these runs is their labeled list too, and the stated mIoU is made up.
    assert {"trained-on", "far-from-stated", "few-seeds"} <= found
    assert content["findings"][0]["severity"] == "severe"
    assert result.stdout.startswith(f"1. {content['summary'][0][:40]}")
    assert 5 <= len(content["summary"]) <= 8
    for record in content["results"]:
        assert record["errors"]["categories"][-1]["reached"] == 1
        assert record["provenance"]["checkpoint"]["sha256"]
    assert all(finding["threshold"] and finding["remedy"] and finding["analysis"] for finding in content["findings"])


def test_a_log_alone_names_the_slow_teacher_first(tmp_path: Path) -> None:
    content = diagnosed(slow_teacher(tmp_path / "run"))
    first = content["findings"][0]
    assert first["rule"] == "slow-teacher" and "250 of the run's 450 iterations" in first["sentence"]
    assert "ema_decay to 0.956" in first["remedy"]
    assert [finding["causes"] for finding in content["findings"][1:]] == [["slow-teacher"]] * 2
    assert content["summary"][1].startswith(first["sentence"])


def test_a_public_file_without_a_log(public: Path, data: Path) -> None:
    content = diagnosed(
        public, "--dataset", data / "farm.yaml", "--data-root", data, "--list", data / "val.txt",
        "--workers", 0,
    )  # fmt: skip
    assert {"slow-teacher", "long-warmup", "absent-from-labeled"} <= set(content["unchecked"])
    assert {"shifted-labels", "never-predicted", "nothing-retained"} <= {
        entry["rule"] for entry in (*content["fine"], *content["findings"])
    }


def test_checkpoints_and_logs_together(runs: Path, tmp_path: Path) -> None:
    log = slow_teacher(tmp_path / "other")
    content = diagnosed(runs / "farm-none-0", log, "--workers", 0)
    about = {finding["about"]: finding["rule"] for finding in content["findings"] if finding["rule"] == "slow-teacher"}
    assert about == {"other": "slow-teacher"}


def test_a_width(runs: Path) -> None:
    content = diagnosed(runs / "farm-none-0", "--workers", 0, "--width", 1)
    assert content["results"][0]["errors"]["width"] == 1


def test_nothing_at_all(tmp_path: Path) -> None:
    result = call("doctor", tmp_path / "missing.pth")
    assert result.exit_code != 0 and "missing.pth" in result.stderr


def test_the_report_opens_with_the_diagnosis(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_drawing(monkeypatch)
    result = call("report", runs, "--workers", 0, "--count", 1, "--out", tmp_path / "report")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "report/report.md").read_text()
    diagnosis, contents = page.index("## Findings and remedies"), page.index("- [Checkpoints](#checkpoints)")
    assert diagnosis < page.index("\n1. ") < page.index("**Findings**") < contents < page.index("## Checkpoints")
    assert page.count("## Findings and remedies") == 1 and "- [Findings and remedies]" not in page
    summary = json.loads((tmp_path / "report/doctor.json").read_text())["summary"]
    assert 5 <= len(summary) <= 8 and f"\n{len(summary)}. " in page[:contents]
