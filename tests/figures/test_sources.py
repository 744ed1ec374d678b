"""The small print of every figure."""

from typing import Any

from pixcon_figures.sources import MOST, source_line


def provenance(source: str, dataset: str = "farm", weights: str = "ema") -> dict[str, Any]:
    data = {"dataset": dataset, "list_name": "/root/lists/val.txt", "images": 1449}
    return {"checkpoint": {"source": source, "weights": weights}, "data": data}


def test_data_sets_and_checkpoints_wherever_a_result_holds_them() -> None:
    content = {
        "results": [{"name": "a", "provenance": provenance("/home/me/runs/a/best_ema.pth")}],
        "provenance": {"b": [provenance("b.pth", weights="unnamed"), provenance("b.pth", weights="unnamed")]},
        "bank": provenance("b.pth", dataset="field", weights="unnamed"),
    }
    assert source_line(content) == (
        "Data: farm, val.txt (1,449 images), field, val.txt (1,449 images). Measured: runs/a/best_ema.pth (ema), b.pth."
    )


def test_logs_with_the_data_sets_that_they_name() -> None:
    logs = [{"log": "C:\\runs\\a\\log.jsonl", "dataset": "pascal"}, {"log": "b.log", "dataset": None}]
    assert source_line({"logs": logs}) == "Data: pascal. Logs: runs/a/log.jsonl, b.log."


def test_many_checkpoints_are_counted_and_nothing_is_an_empty_line() -> None:
    many = {"results": [{"provenance": provenance(f"{k}.pth")} for k in range(MOST + 3)]}
    assert source_line(many).endswith("5.pth (ema) and 3 more.")
    assert source_line({"command": "power", "logs": []}) == ""


def test_logs_whose_shortened_paths_are_equal_are_counted_each() -> None:
    logs = [{"log": f"/{user}/runs/a/log.jsonl", "dataset": None} for user in ("x", "y", "z")]
    assert source_line({"logs": logs}) == "Logs: runs/a/log.jsonl and 2 more."
