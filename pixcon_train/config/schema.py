"""The schema of a training run's configuration: typed, nested, strict; see ``pixcon_train/config/resolve.py``.

Fields without a default are set by the preset: recipes differ in them.
"""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pixcon_train.core.hints import hint
from pixcon_train.core.patch_size import PATCH_SIZE
from pixcon_train.method.admission import RULES
from pixcon_train.models.architectures import ARCHITECTURES
from pixcon_train.models.sizes import ENCODERS, NAMES, SIZES, WEAK


def _one_of(names: Collection[str]) -> AfterValidator:
    """Accepts only ``names``, those of a registry."""

    def known(name: str) -> str:
        if name not in names:
            raise ValueError(f"expected one of {', '.join(names)}{hint(name, names)}")
        return name

    return AfterValidator(known)


class Section(BaseModel):
    """Part of a configuration: frozen; unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


class DataConfig(Section):
    """The images, and how they are cropped."""

    dataset: str = "digits"
    """Name of a built-in data set, or path of a data set's YAML file."""
    root: str | None = None
    """Folder that the lists' paths are relative to; by default PIXCON_DATA_ROOT. `digits` creates its own."""
    labeled: str | None = None
    """List of labeled images, one `IMAGE MASK` pair per line; by default the data set's own."""
    unlabeled: str | None = None
    """List of unlabeled images; their masks, if any, are not trained on. By default the data set's own."""
    unlabeled_truth: Literal["auto", "always", "never"] = "auto"
    """Whether to read the masks of the unlabeled list, to measure contamination: `auto` if the list has masks and the
    bank's rule or the noise can contaminate."""
    val: str | None = None
    """List of validation images with masks; by default the data set's own."""
    val_limit: int | None = Field(default=None, ge=1)
    """Validate on this many first images of the list; by default on all."""
    labels: Literal["auto", "index", "shifted", "raw"] = "auto"
    """How masks encode labels; `auto` detects it. `raw` is ADE20K's official 0..150 with 0 = other."""
    crop: int = Field(ge=PATCH_SIZE)
    """Edge of the square training crop in pixels, a multiple of 14 (DINOv3: of 16)."""
    scale_min: float = Field(default=0.5, gt=0, le=16)
    """Smallest factor of the random scaling of an image's long side."""
    scale_max: float = Field(default=2.0, gt=0, le=16)
    """Largest factor of the random scaling."""
    scale_of: Literal["image", "base"]
    """What is scaled: the image's own long side (UniMatch V2), or the data set's base size (PixCon's release)."""

    @model_validator(mode="after")
    def _ordered_scales(self) -> "DataConfig":
        if self.scale_min > self.scale_max:
            raise ValueError(f"scale_min ({self.scale_min}) is above scale_max ({self.scale_max})")
        return self


class ModelConfig(Section):
    """The network."""

    architecture: Annotated[str, _one_of(ARCHITECTURES)] = Field(
        description=f"Decoder and checkpoint layout: {' or '.join(f'`{name}`' for name in ARCHITECTURES)}."
    )
    size: Annotated[str, _one_of(NAMES)]
    """Encoder size: `nano` (meant for the CPU), `small`, `base`, `large` or `giant`; `nano-2x64` is nano with 2 blocks
    of width 64 (1, 2 or 4 blocks of width 32, 64 or 96)."""
    encoder: Annotated[str, _one_of(ENCODERS)] = Field(
        default="dinov2",
        description=f"{', '.join(f'`{name}`' for name in ENCODERS)} (not `giant`); the last two from a file.",
    )
    pretrained: str = "auto"
    """Encoder weights: `hub`, a `.pth` or `.safetensors` file, `none`; `auto` = `hub`, and `none` for `nano`."""

    @model_validator(mode="after")
    def _known_encoder(self) -> "ModelConfig":
        if self.full_size not in SIZES:
            raise ValueError(f"there is no {self.encoder} of size {self.size}")
        return self

    @property
    def full_size(self) -> str:
        """Name of the size in :data:`SIZES`, such as `small-dinov3`."""
        return self.size + ENCODERS[self.encoder]

    @property
    def pretrained_source(self) -> str:
        """`hub`, `none` or a path: ``pretrained`` with `auto` decided."""
        if self.pretrained != "auto":
            return self.pretrained
        return "none" if self.size in ("nano", *WEAK) else "hub"


class ScheduleConfig(Section):
    """Length of the run and sizes of the batches."""

    epochs: int = Field(ge=1)
    """Passes over the unlabeled list."""
    batch: int = Field(ge=1)
    """Effective batch of an optimizer step: labeled images, and as many unlabeled ones."""
    micro_batch: int | None = Field(default=None, ge=1)
    """Labeled images, and as many unlabeled ones, per forward pass and process; gradients accumulate up to `batch`."""
    patience: int | None = Field(default=None, ge=1)
    """Stop after this many validations without a better EMA mIoU; by default never."""
    validate_every: int = Field(default=1, ge=1)
    """Epochs between validations; the last epoch is always validated."""


class OptimizerConfig(Section):
    """AdamW and its learning rate: lr · (1 − i/total)^power, encoder at `lr`, everything else at `lr` · `lr_factor`."""

    lr: float = Field(gt=0)
    """Peak learning rate of the encoder."""
    lr_factor: float = Field(default=40.0, gt=0)
    """Learning rate of everything that is not the encoder, as a multiple of `lr`."""
    weight_decay: float = Field(default=0.01, ge=0)
    """AdamW's decoupled weight decay."""
    decay_1d: bool
    """Also decay biases and norm weights (UniMatch V2); PixCon's release excludes 1-D parameters."""
    power: float = Field(default=0.9, ge=0)
    """Exponent of the polynomial decay."""
    warmup: int = Field(default=0, ge=0)
    """Iterations of linear warm-up from 1/warmup of the rate; training from scratch needs some."""


class LossConfig(Section):
    """The supervised loss."""

    ohem: bool
    """Online hard example mining (Cityscapes) instead of plain cross-entropy."""
    ohem_threshold: float = Field(default=0.7, gt=0, le=1)
    """A pixel is hard if its probability of the true class is at most this."""
    ohem_min_kept: int = Field(default=200_000, ge=1)
    """Minimum number of pixels kept in a batch."""


class ThresholdConfig(Section):
    """The threshold of the weak-to-strong branch (paper, appendix B); see `docs/training.md` for formulas."""

    rule: Literal["fixed", "quantile", "dynamic", "dynamic_floor", "per_class", "gate"] = "fixed"
    """`tau`; a quantile of the batch; the running mean confidence, optionally with a floor; one per class; `tau` while
    the retained pixels of held-out images are precise enough, else the floor."""
    quantile: float = Field(default=0.2, ge=0, lt=1)
    """Share of pixels, the least confident ones, that `quantile` excludes."""
    momentum: float = Field(default=0.999, ge=0, lt=1)
    """Momentum of the running means, per step (FreeMatch's value)."""
    minimum: float = Field(default=0.5, ge=0, lt=1)
    """Minimum threshold of `dynamic_floor`, `per_class` and `gate`."""
    beta: float = Field(default=0.9, ge=0, le=1)
    """The floor as a share of the running mean confidence of retained pixels, if that is above `minimum`."""
    held_out: float = Field(default=0.05, gt=0, lt=1)
    """Share of the labeled images (at least one) that `per_class` and `gate` hold out from training for calibration."""
    reserve: bool = False
    """Hold these images out under every rule, the same for every seed: all rules train on the same images, and a fork
    can calibrate on images that its checkpoint did not train on."""
    penalty: float = Field(default=0.05, ge=0)
    """λ_0 of `per_class`: tolerated error rate of the least confident retained pixels, for the most frequent class."""
    rarity: float = Field(default=0.5, ge=0)
    """γ of `per_class`: a rare class tolerates (N_max / N_k)^γ times as much."""
    delta: float = Field(default=0.05, gt=0, lt=1)
    """δ of `per_class`: probability that Hoeffding's bound is too low."""


class NoiseConfig(Section):
    """Teacher noise: retained pseudo-labels replaced by wrong ones, to probe a bank at high contamination (Sec. 5)."""

    rate: float = Field(default=0.0, ge=0, le=1)
    """Probability that a retained pseudo-label is replaced; 0 for no noise."""
    kind: Literal["uniform", "confusion", "regions"] = "uniform"
    """By another class uniformly at random, by the student's confusions on labeled pixels, or whole regions at once."""


class ConsistencyConfig(Section):
    """The weak-to-strong branch."""

    tau: float = Field(default=0.95, ge=0, le=1)
    """A pseudo-label is used where the teacher's confidence is at least this (paper, Sec. 3.1)."""
    dropout: Literal["encoder", "fused"]
    """Where complementary dropout acts: on the four encoder features (UniMatch V2) or on the fused one (PixCon)."""
    cutmix: float = Field(default=0.5, ge=0, le=1)
    """Probability of a CutMix box in a strong view."""
    weighting: Literal["none", "confidence", "boundary", "both"] = "none"
    """Weight of a retained pixel in the loss (paper, Sec. 3.4): 1, its confidence, more near a boundary, or both."""
    boundary_width: int = Field(default=3, ge=1)
    """Distance in pixels to another pseudo-label within which a pixel is near a boundary."""
    boundary_factor: float = Field(default=2.0, gt=0)
    """Weight of a pixel near a boundary."""
    threshold: ThresholdConfig = ThresholdConfig()
    noise: NoiseConfig = NoiseConfig()


class BankConfig(Section):
    """The contrastive branch and its per-class bank (paper, Sec. 3.2)."""

    rule: Annotated[str, _one_of(RULES)] = Field(
        description="Admission rule: "
        + "; ".join(f"`{rule.name}`: {rule.description}" for rule in RULES.values())
        + "."
    )
    size: int = Field(default=256, ge=1)
    """Entries per class, N."""
    cap: int = Field(default=64, ge=1)
    """Anchors per class and iteration, m."""
    max_anchors: int = Field(default=1024, ge=1)
    """Anchors in the loss per iteration."""
    dim: int = Field(default=256, ge=1)
    """Dimension of the embedding, D."""
    temperature: float = Field(default=0.1, gt=0)
    """η of Eq. 3."""
    form: Literal["eq3", "supcon"] = "eq3"
    """The loss: Eq. 3, with the sum over positives inside the logarithm, or SupCon, the mean of their
    log-probabilities."""
    weight: float = Field(default=0.1, ge=0)
    """λ_pix of Eq. 4."""
    tau: float = Field(default=0.95, ge=0, le=1)
    """Minimum confidence of the rules `confidence` and `pseudo`."""
    start: Literal["at_once", "all_classes"]
    """The loss is used from the first entry on, or (paper, Sec. 3.2) once every class has an entry."""

    @property
    def enabled(self) -> bool:
        """Whether there is a bank."""
        return RULES[self.rule].pixels is not None


class EvaluationConfig(Section):
    """Validation during training."""

    protocol: Literal["auto", "unimatch-v2", "pixcon"] = "auto"
    """How an image is brought to a multiple of 14; `auto` = the architecture's protocol."""
    absent: Literal["skip", "zero"] = "skip"
    """A class in neither target nor prediction is excluded from the mIoU that selects the best epoch, or counts 0
    (UniMatch V2). The log has both."""


class RuntimeConfig(Section):
    """Hardware and logging options, which are not part of the recipe."""

    device: str = "auto"
    """`auto`, `cpu`, `cuda` or `mps`."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Arithmetic of the forward pass: `fp32`, `bf16` or `fp16`; weights stay fp32."""
    channels_last: bool = False
    """Memory format of images and convolution weights."""
    compile: bool = False
    """torch.compile student and teacher."""
    activation_checkpointing: bool = False
    """Recompute the encoder's activations in the backward pass: less memory, more time."""
    workers: int | None = Field(default=None, ge=0, le=256)
    """Data loader processes per training process; by default the CPU cores less one, at most 8."""
    log_every: int = Field(default=20, ge=1)
    """Iterations between log records of steps; the host syncs with the device only there."""
    save_every: int | None = Field(default=None, ge=1)
    """Iterations between saves of `latest` within an epoch; by default only at its end."""
    keep_every: int | None = Field(default=None, ge=1)
    """Epochs between states that are kept as `epoch_N.pth`, to fork from and to measure; by default none."""


class ForkConfig(Section):
    """The checkpoint whose training a run continues under its own configuration; see `docs/training.md`."""

    checkpoint: str | None = None
    """Checkpoint of a finished epoch of another run (its `epoch_N.pth`, `latest.pth`); by default none."""
    keep_bank: bool = False
    """Whether to keep the entries of its bank, for a fork that does not change `bank`; by default the bank is empty."""


class TrainConfig(Section):
    """The complete configuration of a run.

    Example:
        >>> from pixcon_train import load_config
        >>> load_config(preset="pixcon", values={"bank.rule": "labeled"}).bank.rule
        'labeled'
    """

    preset: str
    """The preset that the other values start from."""
    seed: int = Field(default=0, ge=0)
    """Seed of every random draw, combined with the epoch or iteration and the position."""
    ema_decay: float = Field(default=0.996, ge=0, lt=1)
    """Ceiling γ of the teacher's decay min(1 − 1/(i+1), γ)."""
    data: DataConfig
    model: ModelConfig
    schedule: ScheduleConfig
    optimizer: OptimizerConfig
    loss: LossConfig
    consistency: ConsistencyConfig
    bank: BankConfig
    evaluation: EvaluationConfig = EvaluationConfig()
    fork: ForkConfig = ForkConfig()
    runtime: RuntimeConfig = RuntimeConfig()

    @model_validator(mode="after")
    def _whole_patches(self) -> "TrainConfig":
        unit = SIZES[self.model.full_size].patch_size
        if self.data.crop % unit:
            near = max(unit, round(self.data.crop / unit) * unit)
            raise ValueError(
                f"data.crop ({self.data.crop}) is no multiple of {unit}, the patch of {self.model.encoder}; {near} is"
            )
        return self

    @model_validator(mode="after")
    def _whole_accumulation(self) -> "TrainConfig":
        micro = self.schedule.micro_batch
        if micro is not None and self.schedule.batch % micro:
            raise ValueError(f"schedule.batch ({self.schedule.batch}) is no multiple of micro_batch ({micro})")
        return self

    @model_validator(mode="after")
    def _whole_fork(self) -> "TrainConfig":
        if self.fork.keep_bank and self.fork.checkpoint is None:
            raise ValueError("fork.keep_bank needs fork.checkpoint, whose bank is to be kept")
        return self
