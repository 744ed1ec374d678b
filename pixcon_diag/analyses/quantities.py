"""Members of a method whose quantities need a confidence."""

from pixcon_diag.passes.predictions import MeasuredGroup, MeasuredPass
from pixcon_train.core.errors import ConfigError


def with_confidence(group: MeasuredGroup) -> list[MeasuredPass]:
    """The members of ``group``, all of which must have a confidence.

    Raises:
        ConfigError: some members are saved label maps alone.
    """
    passes = [member for member in group.members if isinstance(member, MeasuredPass)]
    if len(passes) < len(group.members):
        saved = ", ".join(member.name for member in group.members if not isinstance(member, MeasuredPass))
        raise ConfigError(f"saved label maps hold no confidence ({saved}).")
    return passes
