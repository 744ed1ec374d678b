"""What the analyses need to turn the members of a method into comparable quantities."""

from pixcon_diag.passes.measured import MeasuredGroup, MeasuredPass
from pixcon_train.core.errors import ConfigError


def with_confidence(group: MeasuredGroup) -> list[MeasuredPass]:
    """The members of ``group``, each of which is a pass of a network.

    Raises:
        ConfigError: some are saved label maps.
    """
    passes = [member for member in group.members if isinstance(member, MeasuredPass)]
    if len(passes) < len(group.members):
        saved = ", ".join(member.name for member in group.members if not isinstance(member, MeasuredPass))
        raise ConfigError(f"saved label maps hold no confidence and no feature ({saved}).")
    return passes
