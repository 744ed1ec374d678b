"""The kinds of input that are tried."""

from tests.fuzz import checkpoints, event_files, images, lists, names, run_logs, text_logs, yaml_files
from tests.fuzz.case import Kind

KINDS: dict[str, Kind] = {
    "checkpoints": checkpoints,
    "yaml": yaml_files,
    "run-logs": run_logs,
    "text-logs": text_logs,
    "event-files": event_files,
    "lists": lists,
    "images": images,
    "names": names,
}
