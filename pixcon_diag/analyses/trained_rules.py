"""The rules that are replayed, and notes on checkpoints trained with a rule that a replay does not reproduce."""

from collections.abc import Iterator, Sequence

from pixcon_diag.cache.replay import ReplayedPass
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.hints import hint
from pixcon_train.method.admission import REPLAYED, RULES


def trained_notes(replayed: Sequence[ReplayedPass]) -> Iterator[str]:
    """A sentence for each such rule with the names of its runs, and the reason."""
    for rule in RULES.values():
        names = dict.fromkeys(bank.name for bank in replayed if bank.trained == rule.name)
        if names and rule.no_replay:
            yield f"{', '.join(names)}: trained with `{rule.name}`, which {rule.no_replay}"


def replayed_rules(rules: Sequence[str]) -> tuple[str, ...]:
    """The rules named, each once.

    Raises:
        ConfigError: a rule that is not replayed.
    """
    for rule in rules:
        if rule not in REPLAYED:
            raise ConfigError(
                f"The rule '{rule}' is not replayed{hint(rule, REPLAYED)}. There are: {', '.join(REPLAYED)}."
            )
    return tuple(dict.fromkeys(rules))
