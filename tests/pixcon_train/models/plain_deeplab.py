"""DeepLabV3+ of the releases with a ResNet, stated again with functions over a state dict, and weights by rule."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

State = dict[str, Tensor]

BLOCKS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}


@dataclass(frozen=True)
class Plain:
    """The network of a release, given its state dict."""

    state: State
    blocks: tuple[int, int, int, int]
    dilated: tuple[tuple[int, ...], tuple[int, ...]]
    """Dilation of each block's 3×3 convolution in the third stage (its first and the others) and in the fourth."""
    strides: tuple[int, int]
    """Of the third and the fourth stage."""
    rates: tuple[int, int, int]
    ceil: bool = False

    def conv(self, x: Tensor, key: str, *, stride: int = 1, dilation: int = 1) -> Tensor:
        weight = self.state[f"{key}.weight"]
        bias = self.state.get(f"{key}.bias")
        return F.conv2d(x, weight, bias, stride=stride, padding=dilation * (weight.shape[-1] // 2), dilation=dilation)

    def bn(self, x: Tensor, key: str) -> Tensor:
        mean, var, gain, shift = (
            self.state[f"{key}.{name}"][:, None, None] for name in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (var + 1e-5).sqrt() * gain + shift

    def unit(self, x: Tensor, key: str, first: int = 0, dilation: int = 1) -> Tensor:
        return self.bn(self.conv(x, f"{key}.{first}", dilation=dilation), f"{key}.{first + 1}").relu()

    def block(self, x: Tensor, key: str, stride: int, dilation: int) -> Tensor:
        y = self.bn(self.conv(x, f"{key}.conv1"), f"{key}.bn1").relu()
        y = self.bn(self.conv(y, f"{key}.conv2", stride=stride, dilation=dilation), f"{key}.bn2").relu()
        y = self.bn(self.conv(y, f"{key}.conv3"), f"{key}.bn3")
        if f"{key}.downsample.0.weight" in self.state:
            x = self.bn(self.conv(x, f"{key}.downsample.0", stride=stride), f"{key}.downsample.1")
        return (x + y).relu()

    def encode(self, x: Tensor, prefix: str) -> tuple[Tensor, Tensor]:
        x = self.conv(x, f"{prefix}.conv1.0", stride=2)
        x = self.bn(x, f"{prefix}.conv1.1").relu()
        x = self.bn(self.conv(x, f"{prefix}.conv1.3"), f"{prefix}.conv1.4").relu()
        x = self.bn(self.conv(x, f"{prefix}.conv1.6"), f"{prefix}.bn1").relu()
        x = F.max_pool2d(x, 3, 2, 1, ceil_mode=self.ceil)
        low = x
        dilations = ((1,) * 3, (1,) * self.blocks[1], *self._dilations())
        for stage, (stride, dilated) in enumerate(zip((1, 2, *self.strides), dilations, strict=True), start=1):
            for number, dilation in enumerate(dilated):
                x = self.block(x, f"{prefix}.layer{stage}.{number}", stride if number == 0 else 1, dilation)
            low = x if stage == 1 else low
        return low, x

    def _dilations(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        first, others = self.dilated[0]
        return (first, *(others,) * (self.blocks[2] - 1)), self.dilated[1]

    def pyramid(self, x: Tensor, pooling: str, branches: list[str], *, pooling_first: bool) -> Tensor:
        pooled = self.unit(x.mean((2, 3), keepdim=True), pooling, 1).expand(-1, -1, *x.shape[-2:])
        parts = [self.unit(x, key, 0, rate) for key, rate in zip(branches, (1, *self.rates), strict=True)]
        return torch.cat([pooled, *parts] if pooling_first else [*parts, pooled], 1)

    def unimatch_v1(self, images: Tensor) -> Tensor:
        low, high = self.encode(images, "backbone")
        high = self.pyramid(high, "head.b4.gap", [f"head.b{i}" for i in range(4)], pooling_first=False)
        high = self.unit(high, "head.project")
        low = self.unit(low, "reduce")
        fused = self.unit(self.unit(torch.cat([low, sized(high, low)], 1), "fuse"), "fuse", 3)
        return sized(self.conv(fused, "classifier"), images)

    def decoder(self, images: Tensor) -> Tensor:
        low, high = self.encode(images, "encoder")
        high = self.pyramid(
            high, "decoder.aspp.conv1", [f"decoder.aspp.conv{i}" for i in range(2, 6)], pooling_first=True
        )
        low, high = self.unit(low, "decoder.low_conv"), self.unit(high, "decoder.head")
        return torch.cat([low, sized(high, low)], 1)

    def last(self, x: Tensor, key: str, second: int, third: int) -> Tensor:
        return self.conv(self.unit(self.unit(x, key), key, second), f"{key}.{third}")

    def u2pl(self, images: Tensor) -> Tensor:
        return sized(self.last(self.decoder(images), "decoder.classifier", 4, 8), images)

    def representation(self, images: Tensor) -> Tensor:
        return self.last(self.decoder(images), "decoder.representation", 4, 8)

    def augseg(self, images: Tensor) -> Tensor:
        return sized(self.last(self.decoder(images), "decoder.classifier", 3, 6), images)


def sized(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=True)


OS16 = {"strides": (2, 1), "rates": (6, 12, 18)}
OS8 = {"strides": (1, 1), "rates": (12, 24, 36)}
RELEASES: dict[str, dict[str, object]] = {
    "unimatch_v1": {**OS16, "dilated": ((1, 1), (1, 2, 2))},
    "corrmatch": {**OS8, "dilated": ((1, 2), (2, 4, 4))},
    "u2pl": {**OS8, "dilated": ((1, 2), (4, 8, 16)), "ceil": True},
    "augseg": {**OS16, "dilated": ((1, 1), (2, 4, 8)), "ceil": True},
}
"""What each release chose (its own configuration files)."""
