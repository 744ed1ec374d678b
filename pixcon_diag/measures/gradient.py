"""How false positives in the bank change an anchor's gradient (Obs. 3.1, Cor. 3.2, Eqs. 3, 5 and 6)."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor

from pixcon_diag.measures.bank_entries import Entries
from pixcon_diag.measures.gradient_result import COLUMNS, GradientResult
from pixcon_diag.measures.plotting import DrawnMeasurement
from pixcon_train.core.errors import ConfigError, PixConError
from pixcon_train.core.float64 import to_float64

Form = Literal["eq3", "supcon"]
"""``eq3`` – the loss as implemented, the sum over positives inside the logarithm; ``supcon`` – the mean over positives
of log-probabilities, the form for which the count law is derived."""

FORMS: tuple[Form, ...] = get_args(Form)

ROUNDING = 16
"""Times the rounding errors that a part of the gradient has to exceed to have a direction; see
:class:`GradientSplit`."""

PADDING = -1
"""Label of a padding row among the anchors."""

ANCHORS, ENTERED, ENTRY_TRUTH = "anchors", "entries, by the class they were entered under,", "entries, by their truth,"

_CHUNK = 256
"""Anchors at once: bounds memory, as every anchor is compared with every entry."""


class GradientSplit(NamedTuple):
    """−η ∂L/∂z of each anchor in two parts, float64.

    Each is a sum Σ_b c_b b over the bank's entries b with coefficients c_b = w_b − m·v_b, where w_b is the entry's
    weight among the positives of the part (0 for other entries), m = Σ w_b, and v_b its weight in z̄. A sum is exactly
    0 where its norm does not exceed ``ROUNDING`` · (ε₆₄ · m + ε · Σ |c_b|), with ε₆₄ of float64 and ε of the
    embeddings' own type: such a sum is rounding error of weights and embeddings and has no
    direction. This happens for Eq. 3 in a bank of one class, where all entries are positives.
    """

    true: Tensor
    """g_T (A, D), from positives that are of the anchor's class."""
    false: Tensor
    """g_F (A, D), from positives of another class; exactly 0 where there are none (Cor. 3.2)."""
    total: Tensor
    """g_T + g_F (A, D)."""
    rho_f: Tensor
    """(A,) share of the anchor's positives that are false, NaN without positives."""
    mass: Tensor
    """(A,) weight of the false positives among the positives: Σ_{P^F} w."""
    counted: Tensor
    """(A,) bool: whether the anchor has a positive, and so is in A+; both parts are 0 where not."""


def split_gradient(
    anchors: Tensor, labels: Tensor, entries: Entries[Tensor], *, temperature: float, form: Form = "eq3"
) -> GradientSplit:
    """Split the anchors' gradient by the truth of their positives; on the CPU where the device has no float64.

    −η ∂L/∂z = Σ_{p∈P} w_p (p − z̄), z̄ the mean of all held entries under softmax(z·b/η), and w = softmax(z·p/η) over P
    for Eq. 3, w = 1/|P| for SupCon. g_T and g_F are the sums over the true and the false positives: g_T + g_F is the
    gradient itself, for any bank.

    Args:
        anchors: z (A, D), unit norm.
        labels: (A,) int64, −1 for a row that is padding.
        entries: the bank.
        temperature: η.
        form: of the loss.
    """
    precision = torch.finfo(torch.promote_types(anchors.dtype, entries.embeddings.dtype)).eps
    vectors = to_float64(entries.embeddings)
    labels, entries = labels.to(vectors.device), Entries(*(column.to(vectors.device) for column in entries))
    similarity = to_float64(anchors) @ vectors.T / temperature
    positive = (labels[:, None] == entries.labels) & entries.held
    mean = _softmax(similarity, entries.held.expand_as(positive))
    weights = _softmax(similarity if form == "eq3" else torch.zeros_like(similarity), positive)
    wrong = positive & (entries.truth != entries.labels)
    true, false, total = (
        _part(part, mean, vectors, precision) for part in (weights * ~wrong, weights * wrong, weights)
    )
    count = positive.sum(1)
    return GradientSplit(
        true=true,
        false=false,
        total=total,
        rho_f=wrong.sum(1).double() / count,
        mass=(weights * wrong).sum(1),
        counted=count > 0,
    )


class ContaminationGradient(DrawnMeasurement):
    r"""How much of the anchors' gradient comes from false positives, for both forms of the loss, per class and overall.

    Means over anchors of the share ρ_F of false positives, of their weight, of cos(g_F, g_T) and of the angle by which
    g_F deflects the update from g_T; E‖g_F‖ / E‖g_T‖ beside the count law ρ_F / (1 − ρ_F) of Obs. 3.1, which assumes
    that true and false positives weigh the same.

    The state is float64 sums (2, K, columns), one row a form and class: updates and processes add up.

    Args:
        num_classes: K.
        temperature: η.

    Raises:
        ConfigError: the temperature is not positive.

    Example:
        >>> bank = Entries(torch.eye(3), torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1]), torch.ones(3).bool())
        >>> metric = ContaminationGradient(num_classes=2, temperature=0.1)
        >>> metric.update(torch.tensor([[0.5, 0.5, 0.5**0.5]]), torch.tensor([0]), bank)
        >>> overall = metric.compute().supcon.overall
        >>> overall.rho_f, overall.law, round(overall.ratio, 6)
        (0.5, 1.0, 1.0)
    """

    command = "gradient"
    higher_is_better = None
    sums: Tensor

    def __init__(self, num_classes: int, *, temperature: float = 0.1) -> None:
        super().__init__(num_classes, void=PADDING, maps=(ANCHORS, ENTERED, ENTRY_TRUTH))
        if not temperature > 0:
            raise ConfigError(f"Expected a temperature eta > 0, got {temperature}. The paper's is 0.1.")
        self.temperature = temperature
        shape = (len(FORMS), num_classes, len(COLUMNS))
        self.add_state("sums", torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")

    @torch.no_grad()
    def update(self, anchors: Tensor, labels: Tensor, entries: Entries[Tensor]) -> None:
        """Add some anchors against a bank.

        Args:
            anchors: z (A, D), floating point, unit norm; not themselves in the bank.
            labels: (A,) integer in [0, K), −1 for a row that is padding.
            entries: the bank; of held entries labels and truth are in [0, K).

        Raises:
            ValueError: the shapes or types do not fit.
        """
        _check(anchors, labels, entries)
        entries = entries._replace(labels=entries.labels.long(), truth=entries.truth.long())
        known = self.classes_only(ENTRY_TRUTH, entries.truth, entries.held)
        entries = entries._replace(held=self.classes_only(ENTERED, entries.labels, known))
        labels = labels.long()
        labels = labels.where(self.classes_only(ANCHORS, labels, labels != PADDING), PADDING)
        for part, group in zip(anchors.split(_CHUNK), labels.split(_CHUNK), strict=True):
            for index, form in enumerate(FORMS):
                split = split_gradient(part, group, entries, temperature=self.temperature, form=form)
                columns = torch.stack(list(_quantities(split)), 1) * split.counted[:, None]
                self.sums[index].index_add_(0, group.clamp(min=0).to(self.sums.device), columns)

    def drawn_with(self) -> dict[str, Any]:
        """Also that the bank is the caller's, and that there is no sweep."""
        return super().drawn_with() | {"rule": "bank", "sweep": {}}

    def compute(self) -> GradientResult:
        """The split so far; NaN where no anchor has a positive.

        Raises:
            PixConError: an embedding was not finite, or a label was no class.
        """
        self.refuse_strays()
        if not bool(self.sums.isfinite().all()):
            raise PixConError("Some embeddings are NaN or infinite. Does the checkpoint hold a network that diverged?")
        return GradientResult.from_sums(dict(zip(FORMS, self.sums.cpu().numpy(), strict=True)))


def _check(anchors: Tensor, labels: Tensor, entries: Entries[Tensor]) -> None:
    """Raise ValueError where shapes or types do not fit."""
    rows = {len(column) for column in entries}
    if anchors.ndim != 2 or labels.shape != anchors.shape[:1] or len(rows) != 1:
        raise ValueError(
            f"Expected anchors (A, D), labels (A,) and entries of one length, got {tuple(anchors.shape)}, "
            f"{tuple(labels.shape)} and {sorted(rows)}."
        )
    for name, classes in (("anchors' labels", labels), ("entries' labels", entries.labels), ("truth", entries.truth)):
        if classes.is_floating_point():
            raise ValueError(f"Expected class indices (integers) as {name}, got {classes.dtype}.")


def _part(weights: Tensor, mean: Tensor, vectors: Tensor, precision: float) -> Tensor:
    """Σ w_p (p − z̄) over some positives (A, D); exactly 0 where it is no more than rounding.

    Args:
        weights: w (A, M), 0 for what is not among them.
        mean: weights of z̄ (A, M).
        vectors: (M, D) float64.
        precision: relative rounding error of the embeddings.
    """
    mass = weights.sum(1)
    coefficients = weights - mass[:, None] * mean
    total = coefficients @ vectors
    double = torch.finfo(torch.float64).eps
    rounding = ROUNDING * (double * mass + precision * coefficients.abs().sum(1))
    return torch.where((total.norm(dim=1) <= rounding)[:, None], 0.0, total)  # NaN stays


def _softmax(logits: Tensor, among: Tensor) -> Tensor:
    """Softmax over the entries ``among`` of each row, exactly 0 elsewhere; all 0 where a row has none."""
    weights = logits.masked_fill(~among, -torch.inf).softmax(1)
    return torch.where(among, weights, 0.0)  # softmax gives NaN in a row without any


def _quantities(split: GradientSplit) -> Iterator[Tensor]:
    """The columns of :data:`COLUMNS`, each (A,) float64; an undefined value adds 0 to its sum."""
    norm_true, norm_false = split.true.norm(dim=1), split.false.norm(dim=1)
    unit = split.true / norm_true.clamp(min=torch.finfo(torch.float64).tiny)[:, None]
    along = (split.false * unit).sum(1)
    across = (split.false - along[:, None] * unit).norm(dim=1)
    has_angle = (norm_true > 0) & (split.total.norm(dim=1) > 0)
    has_cosine = (norm_true > 0) & (norm_false > 0)
    yield torch.ones_like(norm_true)
    yield split.rho_f.nan_to_num()
    yield split.mass
    yield norm_true
    yield norm_false
    yield torch.where(has_cosine, along / norm_false, 0.0)
    yield has_cosine.double()
    yield torch.where(has_angle, torch.atan2(across, norm_true + along), 0.0)  # exact for small angles, unlike acos
    yield has_angle.double()
