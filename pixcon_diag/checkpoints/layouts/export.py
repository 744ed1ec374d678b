"""Weights that this project exported as safetensors."""

from pixcon_diag.checkpoints.layouts.fields import integer, number, section
from pixcon_diag.checkpoints.layouts.layout import Layout, LayoutReader
from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_diag.provenance import Scores
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.files import parse_json
from pixcon_train.runs.export import FORMAT, FORMAT_VERSION


def _matches(file: CheckpointFile) -> bool:
    return file.metadata.get("format") == FORMAT


def _read(file: CheckpointFile) -> Layout:
    version = file.metadata.get("format_version")
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"{file.path} has weights format {version}; this version reads format {FORMAT_VERSION}. Update pixcon-diag."
        )
    try:
        about = parse_json(file.metadata["description"])
        weights, data = about["weights"], about["data"]
        if weights not in ("ema", "student", "unnamed") or not isinstance(data, dict):
            raise TypeError
        miou = {which: number(section(about["metrics"], which).get("miou")) for which in ("student", "ema")}
        scores = Scores(epoch=integer(about["epoch"]), student=miou["student"], ema=miou["ema"])
        part = section(section(about, "config"), "data").get("val_limit") is not None
        return Layout(
            f"{about['layout']}, converted" if isinstance(about.get("layout"), str) else "pixcon-train export",
            {weights: file.content},
            scores,
            data=data or None,
            architecture=str(about["architecture"]),
            stated_of_part=part,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CheckpointError(f"{file.path}: the description in its metadata is damaged. Export it again.") from error


LAYOUT = LayoutReader("its export (safetensors)", _matches, _read)
