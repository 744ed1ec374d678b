"""The registry of admission rules, and what follows from it."""

import re
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from pixcon_train.config.schema import BankConfig
from pixcon_train.method.admission import REPLAYED, RULES, AdmissionRule, admit
from pixcon_train.method.candidates import BankSettings, labeled_candidates
from pixcon_train.models.base import ModelOutput

DOCS = Path(__file__).parents[3] / "docs" / "training.md"


def test_rules_by_hand() -> None:
    """Labels 0 1 2 void; predictions 0 0 2 1 with confidences high, high, low, high."""
    logits = torch.tensor([[[9.0, 9, 0, 0], [0, 0, 0, 9], [0, 0, 0.1, 0]]])[:, :, None]
    labels = torch.tensor([[[0, 1, 2, 255]]])
    expected = {"clean": [0, -1, 2, -1], "labeled": [0, 1, 2, -1], "confidence": [0, 0, -1, -1]}
    for rule, admitted in expected.items():
        assert admit(rule, logits, labels, tau=0.95).flatten().tolist() == admitted


def test_labels_weigh_by_their_probability_and_every_other_rule_weighs_alike() -> None:
    assert [name for name, rule in RULES.items() if rule.weigh is not None] == ["soft"]


def test_rules_that_a_replay_reproduces_decide_on_labeled_pixels_by_class_alone() -> None:
    assert REPLAYED == ("clean", "labeled", "confidence")
    for name, rule in RULES.items():
        assert (name in REPLAYED) == (rule.pixels == "labeled" and rule.weigh is None)
        assert (rule.admit is None) == (rule.pixels is None)


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.admit is not None])
def test_only_rules_that_say_so_depend_on_tau(rule: AdmissionRule) -> None:
    assert rule.admit is not None
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(-1, 3, (2, 8, 8), generator=generator)
    evidence = torch.randn(2, 3, 8, 8, generator=generator)
    evidence = evidence if rule.pixels == "labeled" else evidence.softmax(1).amax(1)
    low, high = (rule.admit(labels, evidence, tau) for tau in (0.4, 0.9))
    assert torch.equal(low, high) != rule.uses_tau
    assert low[labels < 0].eq(-1).all()


def test_the_configuration_knows_the_rules_and_suggests_the_nearest() -> None:
    description = BankConfig.model_fields["rule"].description or ""
    assert all(f"`{name}`: {rule.description}" in description for name, rule in RULES.items())
    assert BankConfig(rule="soft", start="at_once").enabled and not BankConfig(rule="none", start="at_once").enabled
    with pytest.raises(ValidationError, match=r"expected one of none, .*pseudo \(did you mean 'clean'\?\)"):
        BankConfig(rule="cleen", start="at_once")


def test_the_documentation_has_a_row_for_every_rule() -> None:
    section = DOCS.read_text(encoding="utf-8").partition("`bank.rule`")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(RULES)


def test_a_toy_rule_is_one_entry_of_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configuration and training step know it at once; it admits everything under class 0, with half the weight."""
    toy = AdmissionRule(
        "toy",
        "Toy",
        "every labeled pixel as class 0",
        "labeled",
        lambda labels, logits, tau: torch.zeros_like(labels),
        weigh=lambda labels, logits: torch.full(labels.shape, 0.5),
    )
    monkeypatch.setitem(RULES, "toy", toy)
    assert BankConfig(rule="toy", start="at_once").enabled
    embedding, labels = torch.randn(1, 8, 4, 4), torch.full((1, 4, 4), 2)
    output = ModelOutput(torch.randn(1, 3, 4, 4), embedding, embedding)
    candidates = labeled_candidates(output, labels, BankSettings("toy"))
    assert candidates.admitted.eq(0).all() and candidates.target.eq(2).all() and candidates.weights.eq(0.5).all()
