import argparse
import functools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_diag.checkpoints.wrapping import wrap_module
from pixcon_diag.measures.stored_bank import measure_stored_bank
from pixcon_diag.provenance import Scores
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.core.files import sha256
from pixcon_train.evaluation.inference import predict_logits
from pixcon_train.models.build import build_model
from tests.reference import rule_tensor

CLASSES = 5


@functools.cache
def state(architecture: str, *, projection: bool = False, shift: float = 0.0) -> dict[str, Tensor]:
    """Weights of a nano model by the reference rule; ``shift`` tells one network's from another's."""
    model = build_model(architecture, "nano", CLASSES, projection=projection)
    return {
        key: rule_tensor(key, value) + (shift if value.is_floating_point() else 0)
        for key, value in model.state_dict().items()
    }


def with_prefix(entries: dict[str, Tensor], prefix: str = "module.") -> dict[str, Tensor]:
    return {prefix + key: value for key, value in entries.items()}


def unimatch_v2(**changes: Any) -> dict[str, Any]:
    """What UniMatch V2 saves: DistributedDataParallel's prefix, per cent, NumPy scalars."""
    return {
        "model": with_prefix(state("unimatch_v2", shift=0.5)),
        "model_ema": with_prefix(state("unimatch_v2")),
        "optimizer": {"state": {}, "param_groups": [{"lr": 5e-6, "params": [0, 1]}]},
        "epoch": 41,
        "previous_best": np.float64(86.5),
        "previous_best_ema": np.float64(87.25),
        "best_epoch": 41,
        "best_epoch_ema": 38,
        **changes,
    }


def pixcon(**changes: Any) -> dict[str, Any]:
    """What PixCon's release saves."""
    bank = {
        "queue": torch.zeros(CLASSES, 4, 8),
        "ptr": torch.zeros(CLASSES).long(),
        "filled": torch.zeros(CLASSES, dtype=torch.bool),
    }
    return {
        "epoch": 30,
        "best_miou_ema": 87.9,
        "best_epoch_ema": 30,
        "student": state("pixcon", projection=True, shift=0.5),
        "teacher": {"decay": 0.996, "model_state_dict": state("pixcon", projection=True)},
        "optimizer": {},
        "bank": bank,
        **changes,
    }


def saved(tmp_path: Path, content: Any, name: str = "best.pth") -> Path:
    torch.save(content, path := tmp_path / name)
    return path


def holds(loaded: LoadedCheckpoint, expected: dict[str, Tensor]) -> bool:
    found = loaded.model.state_dict()
    return found.keys() == expected.keys() and all(torch.equal(found[key], expected[key]) for key in found)


def test_unimatch_v2_gives_the_ema_teacher_unless_told_otherwise(tmp_path: Path) -> None:
    path = saved(tmp_path, unimatch_v2())
    loaded = load(path)
    assert holds(loaded, state("unimatch_v2"))
    assert not loaded.model.training
    info = loaded.info
    assert (info.layout, info.architecture, info.size, info.num_classes) == (
        "UniMatch V2 checkpoint",
        "unimatch_v2",
        "nano",
        CLASSES,
    )
    assert (info.weights, info.sha256, info.projection) == ("ema", sha256(path), False)
    assert holds(load(path, weights="student"), state("unimatch_v2", shift=0.5))


def test_unimatch_v2_scores_are_fractions_and_those_of_another_epoch_are_not_this_one_s(tmp_path: Path) -> None:
    scores = load(saved(tmp_path, unimatch_v2())).info.scores
    assert (scores.epoch, scores.student, scores.ema) == (41, 0.865, None)
    assert (scores.best_ema, scores.best_ema_epoch) == (0.8725, 38)


@pytest.mark.parametrize("stated", [0.8725, 87.25, torch.tensor(87.25), torch.tensor([0.8725])])
def test_unimatch_v2_s_score_may_be_a_fraction_or_a_tensor(tmp_path: Path, stated: Any) -> None:
    scores = load(saved(tmp_path, unimatch_v2(previous_best_ema=stated, best_epoch_ema=torch.tensor(41)))).info.scores
    assert (scores.ema, scores.best_ema_epoch) == (pytest.approx(0.8725), 41)
    nothing = unimatch_v2(previous_best_ema=torch.tensor([stated, stated]), previous_best=1j)
    scores = load(saved(tmp_path, nothing)).info.scores
    assert scores.best_ema is None and scores.best_student is None


def test_unimatch_v2_labeled_only_has_a_student_alone(tmp_path: Path) -> None:
    content = {"model": with_prefix(state("unimatch_v2")), "epoch": 3, "previous_best": 60.0, "optimizer": {}}
    loaded = load(path := saved(tmp_path, content))
    assert loaded.info.weights == "student"
    assert "the student" in loaded.describe()[1]
    with pytest.raises(CheckpointError, match="no ema weights; it holds student weights"):
        load(path, weights="ema")


def test_pixcon_with_its_bank(tmp_path: Path) -> None:
    loaded = load(path := saved(tmp_path, pixcon(), "best_ema.pth"))
    assert holds(loaded, state("pixcon", projection=True))
    assert loaded.info.architecture == "pixcon" and loaded.info.projection
    assert loaded.info.scores.ema == pytest.approx(0.879)
    assert loaded.bank is not None and loaded.bank["queue"].shape == (CLASSES, 4, 8)
    assert holds(load(path, weights="student"), state("pixcon", projection=True, shift=0.5))


def test_pixcon_s_bank_says_how_many_entries_there_are(tmp_path: Path) -> None:
    """Its `filled` is true where a class is full; any other class holds `ptr` entries."""
    ptr, full = torch.tensor([1, 3, 0, 0, 2]), torch.tensor([True, False, False, True, False])
    bank = {"queue": torch.zeros(CLASSES, 4, 8), "ptr": ptr, "filled": full}
    found = load(saved(tmp_path, pixcon(bank=bank))).bank
    assert found is not None and found["filled"].tolist() == [4, 3, 0, 4, 2]
    stored = measure_stored_bank(found["queue"].numpy(), found["filled"].numpy())
    assert (stored.fill, stored.with_entry, stored.at_capacity) == ((4, 3, 0, 4, 2), 4, 2)


def test_a_damaged_bank_is_one_message(tmp_path: Path) -> None:
    bank = {"queue": torch.zeros(CLASSES), "ptr": torch.zeros(CLASSES).long(), "filled": torch.ones(CLASSES).bool()}
    with pytest.raises(CheckpointError, match=r"stored bank is damaged: queue \(5,\)"):
        load(saved(tmp_path, pixcon(bank=bank)))


@pytest.mark.parametrize("stated", [0.879, 87.9])
def test_pixcon_s_score_may_be_a_fraction_or_per_cent(tmp_path: Path, stated: float) -> None:
    assert load(saved(tmp_path, pixcon(best_miou_ema=stated))).info.scores.best_ema == pytest.approx(0.879)


@pytest.mark.parametrize("architecture", ["unimatch_v2", "pixcon"])
@pytest.mark.parametrize("projection", [True, False])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod."])
def test_bare_state_dict(tmp_path: Path, architecture: str, projection: bool, prefix: str) -> None:
    expected = state(architecture, projection=projection)
    loaded = load(saved(tmp_path, with_prefix(expected, prefix), "pixcon_pascal_1_8.pth"))
    assert holds(loaded, expected)
    assert (loaded.name, loaded.info.weights, loaded.info.projection) == ("pixcon_pascal_1_8", "unnamed", projection)
    assert "not named as EMA or student" in loaded.describe()[1]


@pytest.mark.parametrize(
    "content",
    [
        {"meta": {"epoch": 3}, "state_dict": state("pixcon")},
        {"epoch": 3, "state_dict": with_prefix(state("pixcon"), "model.") | {"criterion.weight": torch.ones(3)}},
        {"n_averaged": torch.tensor(3), **with_prefix(state("pixcon"))},
        {key.replace("backbone.", "backbone._orig_mod."): value for key, value in state("pixcon").items()},
        with_prefix(state("pixcon"), "module.net._orig_mod."),
    ],
    ids=["mmseg", "lightning", "averaged", "compiled encoder", "several"],
)
def test_the_same_weights_as_other_trainers_wrap_them(tmp_path: Path, content: dict[str, Any]) -> None:
    assert holds(load(saved(tmp_path, content)), state("pixcon"))


def test_timm_s_files_have_an_ema_network_too(tmp_path: Path) -> None:
    content = {"state_dict": state("pixcon", shift=0.5), "state_dict_ema": state("pixcon")}
    assert holds(load(path := saved(tmp_path, content)), state("pixcon"))
    assert holds(load(path, weights="student"), state("pixcon", shift=0.5))


def test_a_plain_number_among_the_weights_is_no_weight(tmp_path: Path) -> None:
    ema = {**with_prefix(state("unimatch_v2")), "n": 3, "decay": 0.99}
    loaded = load(saved(tmp_path, unimatch_v2(model_ema=ema)))
    assert loaded.info.weights == "ema" and holds(loaded, state("unimatch_v2"))


@pytest.mark.parametrize("beside", ["model", "state_dict"])
def test_an_entry_called_ema_is_the_teacher(tmp_path: Path, beside: str) -> None:
    path = saved(tmp_path, {beside: state("pixcon", shift=0.5), "ema": state("pixcon"), "epoch": 3})
    loaded = load(path)
    assert loaded.info.weights == "ema" and holds(loaded, state("pixcon"))
    assert holds(load(path, weights="student"), state("pixcon", shift=0.5))


@pytest.mark.parametrize("ema", [None, 0.99, {}, {"decay": 0.99}])
def test_an_ema_that_holds_no_weights_is_none(tmp_path: Path, ema: Any) -> None:
    assert load(saved(tmp_path, unimatch_v2(model_ema=ema, ema=ema))).info.weights == "student"


@pytest.mark.parametrize("key", ["model_ema", "ema"])
def test_an_ema_that_cannot_be_read_is_not_passed_over(tmp_path: Path, key: str) -> None:
    for ema in ({"module": state("pixcon"), "decay": 0.9}, {**state("pixcon"), "name": "x"}):
        with pytest.raises(CheckpointError, match=rf"its {key} has the keys .*no weights of an EMA network alone"):
            load(saved(tmp_path, {"model": state("pixcon"), key: ema}))


AVERAGES = [
    ("student.", "ema."),
    ("student.", "teacher."),
    ("model.", "ema_model."),
    ("net.", "teacher."),
    ("model.", "model_ema.module."),
    ("model.student.", "model.teacher._orig_mod."),
    ("ema.online_model.", "ema.ema_model."),
    ("", "teacher."),
]


@pytest.mark.parametrize(("student", "ema"), AVERAGES)
@pytest.mark.parametrize("wrap", ["bare", "state_dict", "model"])
def test_a_module_of_student_and_average_is_both(tmp_path: Path, student: str, ema: str, wrap: str) -> None:
    """As Lightning saves a module with two networks; beside them counters, losses, and AveragedModel's."""
    own, average = state("pixcon", shift=0.5), state("pixcon")
    entries = with_prefix(own, student) | with_prefix(average, ema) | {f"{ema}n_averaged": torch.tensor(3)}
    entries |= {"criterion.weight": torch.ones(3)} if student else {}
    path = saved(tmp_path, entries if wrap == "bare" else {"epoch": 3, wrap: entries})
    loaded = load(path)
    assert loaded.info.weights == "ema" and holds(loaded, average)
    assert holds(load(path, weights="student"), own)


@pytest.mark.parametrize("prefixes", [("a.", "b."), ("ema.", "teacher."), ("ema.a.", "ema.b."), ("a.", "b.", "ema.")])
def test_weights_of_several_networks_are_not_guessed_between(tmp_path: Path, prefixes: tuple[str, ...]) -> None:
    content = {key: value for prefix in prefixes for key, value in with_prefix(state("pixcon"), prefix).items()}
    with pytest.raises(CheckpointError, match=rf"several networks, under the prefixes '{prefixes[0]}'") as told:
        load(saved(tmp_path, content))
    assert "`student.` and `ema.`" in str(told.value)


def test_an_entry_that_holds_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="entry 'network' holds weights: save that alone"):
        load(saved(tmp_path, {"epoch": 3, "network": state("pixcon")}))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, "3", None])
def test_numbers_that_say_nothing_are_unknown(tmp_path: Path, value: Any) -> None:
    changes = {"epoch": value, "previous_best": value, "previous_best_ema": value, "best_epoch": value}
    loaded = load(saved(tmp_path, unimatch_v2(**changes, best_epoch_ema=value)))
    assert loaded.info.scores == Scores()
    assert "states no epoch and no mIoU" in loaded.describe()[1]
    scores = load(saved(tmp_path, pixcon(epoch=value, best_miou_ema=value, best_epoch_ema=value))).info.scores
    assert scores == Scores()


def damaged(change: Callable[[Tensor], Tensor], key: str = "head.scratch.output_conv.2.weight") -> dict[str, Tensor]:
    return state("unimatch_v2") | {key: change(state("unimatch_v2")[key].clone())}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_refused_by_name(tmp_path: Path, value: float) -> None:
    entries = damaged(lambda weight: weight.index_fill(0, torch.tensor([1]), value))
    count = state("unimatch_v2")["head.scratch.output_conv.2.weight"][1].numel()
    with pytest.raises(CheckpointError, match="NaN or infinite, in 1 of") as caught:
        load(saved(tmp_path, entries))
    assert f"{count} values" in str(caught.value) and f"output_conv.2.weight ({count} of" in str(caught.value)
    assert load(saved(tmp_path, {"model": entries, "model_ema": state("unimatch_v2")})).info.weights == "ema"  # unused


@pytest.mark.parametrize(
    "change",
    [
        lambda weight: weight.to(torch.int8),
        lambda weight: weight > 0,
        lambda weight: weight.long(),
        lambda weight: weight.sum(),
        lambda weight: weight.to(torch.complex64),
        lambda weight: weight.to_sparse(),
        lambda weight: weight.to("meta"),
        lambda weight: weight[:0],
        lambda weight: torch.quantize_per_tensor(weight, 0.1, 0, torch.qint8),
        lambda weight: torch.zeros(1).expand(weight.shape),
    ],
)
@pytest.mark.parametrize("key", ["head.scratch.output_conv.2.weight", "backbone.patch_embed.proj.weight"])
@pytest.mark.filterwarnings("ignore")
def test_weights_of_another_kind_are_one_message(tmp_path: Path, change: Callable[[Tensor], Tensor], key: str) -> None:
    with pytest.raises(CheckpointError):
        load(saved(tmp_path, damaged(change, key)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_other_precisions_are_read(tmp_path: Path, dtype: torch.dtype) -> None:
    entries = {key: value.to(dtype) for key, value in state("unimatch_v2").items()}
    assert holds(load(saved(tmp_path, entries)), {key: value.float() for key, value in entries.items()})


@pytest.mark.parametrize("architecture", ["unimatch_v2", "pixcon"])
@torch.inference_mode()
def test_one_output_channel_is_a_sigmoid_at_one_half(tmp_path: Path, architecture: str) -> None:
    network = build_model(architecture, "nano", 1, projection=False, embedding_dim=256).eval()
    network.load_state_dict({key: rule_tensor(key, value) for key, value in network.state_dict().items()})
    loaded = load(saved(tmp_path, network.state_dict()))
    images = torch.randn(2, 3, 28, 42, generator=torch.Generator().manual_seed(0))
    foreground = network(images).logits.sigmoid()[:, 0]
    probabilities = loaded.model(images).logits.softmax(1)
    assert loaded.info.num_classes == loaded.model.num_classes == 2
    torch.testing.assert_close(probabilities[:, 1], foreground)
    assert "one sigmoid output channel" in loaded.describe()[0]


def test_a_file_without_checksums_says_so(tmp_path: Path) -> None:
    torch.save(unimatch_v2(), path := tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    with pytest.raises(CheckpointError, match="--allow-legacy"):
        load(path)
    assert load(path, allow_legacy=True).describe()[0].endswith("; not verifiable (the file has no checksums)")
    with pytest.raises(CheckpointError, match="--allow-legacy"):  # although its description is cached
        load(path)


def test_objects_beside_the_weights_are_named_and_not_restored(tmp_path: Path) -> None:
    content = unimatch_v2(args=argparse.Namespace(lr=1), save_path=PurePosixPath("exp"), time=datetime(2026, 1, 1))
    loaded = load(saved(tmp_path, content))
    assert "objects not restored: argparse.Namespace, datetime.datetime, pathlib.PurePosixPath" in loaded.describe()[0]
    assert holds(loaded, state("unimatch_v2"))


@pytest.mark.parametrize(
    "content", [unimatch_v2(model_ema=nn.Linear(2, 2)), pixcon(teacher=nn.Linear(2, 2)), {"ema": nn.Linear(2, 2)}]
)
def test_the_student_does_not_stand_for_a_teacher_that_is_an_object(tmp_path: Path, content: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match=r"torch\.nn\.modules\.linear\.Linear"):
        load(saved(tmp_path, content))


def test_a_whole_network_is_told_to_be_saved_as_a_state_dict(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), path := tmp_path / "model.pth")
    with pytest.raises(CheckpointError, match=r"Linear\).*Nothing was run.*model\.state_dict\(\)"):
        load(path)


def test_weights_that_a_bare_state_dict_does_not_name_cannot_be_asked_for(tmp_path: Path) -> None:
    path = saved(tmp_path, state("pixcon"))
    with pytest.raises(CheckpointError, match="one network, without saying which"):
        load(path, weights="student")


def test_plain_safetensors(tmp_path: Path) -> None:
    save_file(state("unimatch_v2"), path := tmp_path / "weights.safetensors")
    assert holds(load(path), state("unimatch_v2"))


def test_hub_address_is_fetched_and_kept_as_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, asked = saved(tmp_path, state("pixcon"), "pixcon_pascal_1_8.pth"), []

    def fetch(repo: str, file: str, *, revision: str | None) -> str:
        asked.append((repo, file, revision))
        return str(path)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fetch)
    loaded = load("hf://psychofict/pixcon-pascal/pixcon_pascal_1_8.pth")
    load("hf://psychofict/pixcon-pascal@v2/sub/pixcon_pascal_1_8.pth")
    assert asked == [
        ("psychofict/pixcon-pascal", "pixcon_pascal_1_8.pth", None),
        ("psychofict/pixcon-pascal", "sub/pixcon_pascal_1_8.pth", "v2"),
    ]
    assert loaded.info.source == "hf://psychofict/pixcon-pascal/pixcon_pascal_1_8.pth"


def test_hub_failures_are_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise OSError("404 Client Error: not found.\nmore lines")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fail)
    with pytest.raises(CheckpointError, match=r"Could not get hf://a/b/c.pth: 404 Client Error: not found\. Check"):
        load("hf://a/b/c.pth")
    with pytest.raises(CheckpointError, match="Expected hf://owner/repo/file"):
        load("hf://only-this")


def test_description_is_two_lines_with_what_was_found(tmp_path: Path) -> None:
    first, second = load(saved(tmp_path, unimatch_v2())).describe()
    assert first.endswith("UniMatch V2 checkpoint, unimatch_v2 nano, 5 classes, without projection head")
    expected = "measuring the EMA teacher, epoch 41, stated mIoU student 86.50%, best EMA mIoU 87.25% at epoch 38"
    assert second == expected


@pytest.mark.parametrize("prefix", ["", "module."])
def test_an_encoder_alone_is_refused(tmp_path: Path, prefix: str) -> None:
    entries = {
        key.removeprefix("backbone."): value for key, value in state("unimatch_v2").items() if "backbone." in key
    }
    with pytest.raises(CheckpointError, match=r"DINOv2 encoder alone .* --pretrained"):
        load(saved(tmp_path, with_prefix(entries, prefix), "dinov2_vits14_pretrain.pth"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "holds a list"),
        ({"epoch": 3, "loss": 0.1}, "keys epoch, loss, which is no known layout"),
        ({}, "no known layout"),
        ({"teacher": {"decay": 0.9}}, "its teacher has the keys decay"),
        ({"layer.weight": torch.zeros(2, 2)}, "layer.weight"),
        ({0: torch.zeros(2)}, "keys 0, which is no known layout"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: Any, message: str) -> None:
    path = saved(tmp_path, content)
    with pytest.raises(CheckpointError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_a_missing_entry_is_named(tmp_path: Path) -> None:
    entries = dict(state("pixcon"))
    del entries["head.0.weight"]
    with pytest.raises(CheckpointError, match=r"head\.0\.weight"):
        load(saved(tmp_path, entries))


def test_a_folder_without_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"holds no checkpoint \(best_ema.pth or latest.pth\)"):
        load(tmp_path)


class Tiny(nn.Module):
    """A user's own network, at stride 4."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(3, 6, 4, stride=4)
        self.classifier = nn.Conv2d(6, CLASSES, 1)

    def forward(self, images: Tensor) -> Tensor:
        assert images.shape[-1] % 4 == images.shape[-2] % 4 == 0
        return self.classifier(self.features(images))


def test_a_users_own_network_can_be_wrapped() -> None:
    module = Tiny()
    loaded = wrap_module(module, CLASSES, name="tiny", feature="features", multiple=4)
    output = loaded.model(torch.zeros(2, 3, 21, 30))
    assert output.logits.shape == (2, CLASSES, 21, 30)
    assert output.fused.shape == (2, 6, 6, 8)
    assert wrap_module(module, CLASSES).info.sha256 == loaded.info.sha256
    assert wrap_module(Tiny(), CLASSES).info.sha256 != loaded.info.sha256
    assert "wrapped Tiny" in loaded.describe()[0]


def test_a_wrapped_network_sees_images_padded_to_its_own_multiple_only() -> None:
    shown = []

    class Spy(Tiny):
        def forward(self, images: Tensor) -> Tensor:
            shown.append(tuple(images.shape[-2:]))
            return super().forward(images)

    loaded = wrap_module(Spy(), CLASSES, feature="features", multiple=4)
    shown.clear()  # it was run once to be wrapped
    logits, fused, covered = predict_logits(loaded.model, torch.randn(1, 3, 21, 30), protocol=loaded.protocol)  # type: ignore[arg-type]
    assert logits.shape[-2:] == (21, 30)
    assert shown == [covered] == [(24, 32)]
    assert fused.shape[-2:] == (6, 8)


def test_a_wrapped_network_that_does_not_fit_says_why() -> None:
    with pytest.raises(ConfigError, match=r"no submodule 'nothing'; .* classifier"):
        wrap_module(Tiny(), CLASSES, feature="nothing")
    with pytest.raises(ConfigError, match=r"gave a tensor \(1, 5, 2, 2\); expected logits \(B, 7, h, w\)"):
        wrap_module(Tiny(), 7).model(torch.zeros(1, 3, 8, 8))
    with pytest.raises(ConfigError, match="gave a list"):
        wrap_module(ListGiver(), 7).model(torch.zeros(1, 3, 8, 8))


class ListGiver(nn.Module):
    def forward(self, images: Tensor) -> list[Tensor]:
        return [images]
