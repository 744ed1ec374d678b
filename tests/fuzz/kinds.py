"""The kinds of input that are tried."""

from tests.fuzz import (
    cached_passes,
    checkpoints,
    event_files,
    images,
    lists,
    metric_tables,
    names,
    predictions,
    run_logs,
    saved_maps,
    saved_results,
    text_logs,
    yaml_files,
)
from tests.fuzz.case import Kind

KINDS: dict[str, Kind] = {
    "checkpoints": checkpoints,
    "cached-pass": cached_passes,
    "yaml": yaml_files,
    "run-logs": run_logs,
    "text-logs": text_logs,
    "metric-tables": metric_tables,
    "event-files": event_files,
    "lists": lists,
    "images": images,
    "predictions": predictions,
    "saved-maps": saved_maps,
    "saved-result": saved_results,
    "names": names,
}
