"""The configuration of a training run: typed, nested, strict. ``pixcon_train/config/resolve.py`` fills it in.

A field without a default has its value from the preset: it is what recipes differ in.
"""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pixcon_train.core.hints import hint
from pixcon_train.method.admission import RULES
from pixcon_train.models.architectures import ARCHITECTURES

Size = Literal["nano", "small", "base", "large", "giant"]

PATCH = 14
"""Edge of a DINOv2 patch in pixels; crops are multiples of it."""


def _one_of(names: Collection[str]) -> AfterValidator:
    """Accepts only ``names``, those of a registry."""

    def known(name: str) -> str:
        if name not in names:
            raise ValueError(f"expected one of {', '.join(names)}{hint(name, names)}")
        return name

    return AfterValidator(known)


class Section(BaseModel):
    """Part of a configuration: unknown keys and values of another type are errors, and nothing changes later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


class DataConfig(Section):
    """Which images, and how they are cropped."""

    dataset: str = "digits"
    """Name of a built-in data set, or path of a data set's YAML file."""
    root: str | None = None
    """Folder that the lists' paths start from; PIXCON_DATA_ROOT where none is given. `digits` makes its own."""
    labeled: str | None = None
    """List of labeled images, one `IMAGE MASK` pair a line; the data set's own where none is given."""
    unlabeled: str | None = None
    """List of unlabeled images; masks beside them never train. The data set's own list where none is given."""
    unlabeled_truth: Literal["auto", "always", "never"] = "auto"
    """Whether to read the masks of the unlabeled list, to measure contamination: `auto` where the bank's rule or the
    noise makes it worth knowing and the list has masks."""
    val: str | None = None
    """List of validation images with masks; the data set's own where none is given."""
    val_limit: int | None = Field(default=None, ge=1)
    """Validate on the first so many images of the list; all of them where none is given."""
    labels: Literal["auto", "index", "shifted", "raw"] = "auto"
    """How masks hold labels: `auto` looks at them. `raw` is ADE20K's official 0..150 with 0 = other."""
    crop: int = Field(ge=PATCH, multiple_of=PATCH)
    """Edge of the square training crop in pixels, a multiple of 14."""
    scale_min: float = Field(default=0.5, gt=0)
    """Least factor of the random scaling of an image's long side."""
    scale_max: float = Field(default=2.0, gt=0)
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
    size: Size
    """Encoder size: `nano` (meant for the CPU), `small`, `base`, `large` or `giant`."""
    pretrained: str = "auto"
    """Encoder weights: `hub`, a `.pth` or `.safetensors` file, `none`; `auto` = `hub`, and `none` for `nano`."""

    @property
    def pretrained_source(self) -> str:
        """`hub`, `none` or a path: ``pretrained`` with `auto` decided."""
        if self.pretrained != "auto":
            return self.pretrained
        return "none" if self.size == "nano" else "hub"


class ScheduleConfig(Section):
    """Length of the run and sizes of the batches."""

    epochs: int = Field(ge=1)
    """Passes over the unlabeled list."""
    batch: int = Field(ge=1)
    """Effective batch: labeled images, and as many unlabeled ones, behind one optimizer step."""
    micro_batch: int | None = Field(default=None, ge=1)
    """Images of each kind in one forward pass of one process; gradients are accumulated up to `batch`."""
    patience: int | None = Field(default=None, ge=1)
    """Stop after so many validations without a better EMA mIoU; never where none is given."""
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
    """Decay biases and norm weights too (UniMatch V2); PixCon's release leaves 1-D parameters out."""
    power: float = Field(default=0.9, ge=0)
    """Exponent of the polynomial decay."""
    warmup: int = Field(default=0, ge=0)
    """Iterations of linear warm-up, from 1/warmup of the rate on; a model trained from scratch needs some."""


class LossConfig(Section):
    """The supervised loss."""

    ohem: bool
    """Online hard example mining (Cityscapes) instead of plain cross-entropy."""
    ohem_threshold: float = Field(default=0.7, gt=0, le=1)
    """Pixels whose probability of the true class is at most this count as hard."""
    ohem_min_kept: int = Field(default=200_000, ge=1)
    """Least number of pixels kept in a batch."""


class ThresholdConfig(Section):
    """What decides the threshold of the weak-to-strong branch (paper, appendix B); `docs/training.md` has formulas."""

    rule: Literal["fixed", "quantile", "dynamic", "dynamic_floor", "per_class"] = "fixed"
    """`tau` throughout; a quantile of the batch; the running mean confidence, also with a floor; one for each class."""
    quantile: float = Field(default=0.2, ge=0, lt=1)
    """Share of the least confident pixels that `quantile` leaves out."""
    momentum: float = Field(default=0.999, ge=0, lt=1)
    """Of the running means, per step (FreeMatch's value)."""
    minimum: float = Field(default=0.5, ge=0, lt=1)
    """Least threshold of `dynamic_floor` and `per_class`."""
    beta: float = Field(default=0.9, ge=0, le=1)
    """The floor as a share of the running mean confidence of retained pixels, where that is above `minimum`."""
    held_out: float = Field(default=0.05, gt=0, lt=1)
    """Share of the labeled images (at least one) that `per_class` holds out from training to calibrate on."""
    penalty: float = Field(default=0.05, ge=0)
    """λ_0 of `per_class`: the error rate that the last pixels let in may have, for the most frequent class."""
    rarity: float = Field(default=0.5, ge=0)
    """γ of `per_class`: how much more a rare class may have, (N_max / N_k)^γ times."""
    delta: float = Field(default=0.05, gt=0, lt=1)
    """δ of `per_class`: probability that Hoeffding's bound is too low."""


class NoiseConfig(Section):
    """Teacher noise: retained pseudo-labels replaced by wrong ones, to probe a bank at high contamination (Sec. 5)."""

    rate: float = Field(default=0.0, ge=0, le=1)
    """Probability that a retained pseudo-label is replaced; 0 for no noise."""
    kind: Literal["uniform", "confusion"] = "uniform"
    """By any other class alike, or by those that the student mistakes it for on labeled pixels."""


class ConsistencyConfig(Section):
    """The weak-to-strong branch."""

    tau: float = Field(default=0.95, ge=0, le=1)
    """A pseudo-label is used where the teacher's confidence is at least this (paper, Sec. 3.1)."""
    dropout: Literal["encoder", "fused"]
    """Where complementary dropout acts: the four encoder features (UniMatch V2) or the fused feature (PixCon)."""
    cutmix: float = Field(default=0.5, ge=0, le=1)
    """Probability of a CutMix box in a strong view."""
    weighting: Literal["none", "confidence", "boundary", "both"] = "none"
    """Weight of a retained pixel in the loss (paper, Sec. 3.4): 1, its confidence, more near a boundary, or both."""
    boundary_width: int = Field(default=3, ge=1)
    """Pixels from another pseudo-label within which a pixel is near a boundary."""
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
    weight: float = Field(default=0.1, ge=0)
    """λ_pix of Eq. 4."""
    tau: float = Field(default=0.95, ge=0, le=1)
    """Confidence that the rules `confidence` and `pseudo` ask for."""
    start: Literal["at_once", "all_classes"]
    """The loss counts from the first entry on, or (paper, Sec. 3.2) once every class has an entry."""

    @property
    def enabled(self) -> bool:
        """Whether there is a bank."""
        return RULES[self.rule].pixels is not None


class EvaluationConfig(Section):
    """Validation during training."""

    protocol: Literal["auto", "unimatch-v2", "pixcon"] = "auto"
    """How an image is brought to a multiple of 14; `auto` = what belongs to the architecture."""
    absent: Literal["skip", "zero"] = "skip"
    """A class in neither target nor prediction is left out of the mIoU that chooses the best epoch, or counts 0 there
    (UniMatch V2). The log has both."""


class RuntimeConfig(Section):
    """How the machine is used; nothing here is part of the recipe."""

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
    workers: int | None = Field(default=None, ge=0)
    """Data loader processes for each training process; none given: CPU cores less one, at most 8."""
    log_every: int = Field(default=20, ge=1)
    """Iterations between log records of the step; the only points where the host waits for the device."""
    save_every: int | None = Field(default=None, ge=1)
    """Iterations between saves of `latest` within an epoch; only at its end where none is given."""


class TrainConfig(Section):
    """Everything that decides a run, beside the data and the version of this package.

    Example:
        >>> from pixcon_train import load_config
        >>> load_config(preset="pixcon", values={"bank.rule": "labeled"}).bank.rule
        'labeled'
    """

    preset: str
    """The preset the other values started from."""
    seed: int = Field(default=0, ge=0)
    """Seed of every random draw, beside the epoch or iteration and the position."""
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
    runtime: RuntimeConfig = RuntimeConfig()

    @model_validator(mode="after")
    def _whole_accumulation(self) -> "TrainConfig":
        micro = self.schedule.micro_batch
        if micro is not None and self.schedule.batch % micro:
            raise ValueError(f"schedule.batch ({self.schedule.batch}) is no multiple of micro_batch ({micro})")
        return self
