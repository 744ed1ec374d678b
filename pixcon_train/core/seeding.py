"""Random generators seeded by several integers: seed, stream, epoch, position."""

import torch

_MASK = 0xFFFFFFFFFFFFFFFF


def seeded(*parts: int) -> torch.Generator:
    """A CPU generator whose state is a function of ``parts``; parts that differ in one number are unrelated."""
    return torch.Generator().manual_seed(mix(*parts))


def uniform(low: float, high: float, generator: torch.Generator) -> float:
    """A number drawn uniformly from [low, high)."""
    return low + (high - low) * torch.rand((), generator=generator).item()


def chance(probability: float, generator: torch.Generator) -> bool:
    """True with ``probability``."""
    return uniform(0, 1, generator) < probability


def mix(*parts: int) -> int:
    """A 63-bit number from ``parts``, as a hash: splitmix64's finaliser over each part in turn."""
    state = 0
    for part in parts:
        state = (state + part + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state >> 1
