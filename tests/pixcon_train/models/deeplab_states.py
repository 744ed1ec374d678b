"""State dicts of the releases with a ResNet: keys and shapes listed by hand, weights by rule."""

from functools import cache

import torch
from torch import Tensor

from tests.pixcon_train.models.plain_deeplab import BLOCKS
from tests.reference import rule_tensor

State = dict[str, Tensor]


class _Lister:
    """Collects entries under their keys."""

    def __init__(self) -> None:
        self.shapes: dict[str, tuple[int, ...]] = {}

    def conv(self, key: str, inputs: int, outputs: int, kernel: int, *, bias: bool = False) -> None:
        self.shapes[f"{key}.weight"] = (outputs, inputs, kernel, kernel)
        if bias:
            self.shapes[f"{key}.bias"] = (outputs,)

    def bn(self, key: str, channels: int) -> None:
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.shapes[f"{key}.{name}"] = (channels,)
        self.shapes[f"{key}.num_batches_tracked"] = ()

    def unit(self, key: str, inputs: int, outputs: int, kernel: int, first: int = 0, *, bias: bool = False) -> None:
        self.conv(f"{key}.{first}", inputs, outputs, kernel, bias=bias)
        self.bn(f"{key}.{first + 1}", outputs)

    def resnet(self, prefix: str, size: str) -> None:
        for number, (inputs, outputs) in zip((0, 3), ((3, 64), (64, 64)), strict=True):
            self.unit(f"{prefix}.conv1", inputs, outputs, 3, number)
        self.conv(f"{prefix}.conv1.6", 64, 128, 3)
        self.bn(f"{prefix}.bn1", 128)
        inputs = 128
        for stage, blocks in enumerate(BLOCKS[size]):
            width = 64 * 2**stage
            for number in range(blocks):
                key = f"{prefix}.layer{stage + 1}.{number}"
                self.conv(f"{key}.conv1", inputs, width, 1)
                self.bn(f"{key}.bn1", width)
                self.conv(f"{key}.conv2", width, width, 3)
                self.bn(f"{key}.bn2", width)
                self.conv(f"{key}.conv3", width, 4 * width, 1)
                self.bn(f"{key}.bn3", 4 * width)
                if number == 0:
                    self.conv(f"{key}.downsample.0", inputs, 4 * width, 1)
                    self.bn(f"{key}.downsample.1", 4 * width)
                inputs = 4 * width

    def last(self, key: str, inputs: int, outputs: int, second: int, third: int) -> None:
        self.unit(key, inputs, 256, 3, bias=True)
        self.unit(key, 256, 256, 3, second, bias=True)
        self.conv(f"{key}.{third}", 256, outputs, 1, bias=True)

    def state(self) -> State:
        """The weights, scaled so that the signal neither grows nor vanishes."""
        return {key: _value(key, shape).clone() for key, shape in self.shapes.items()}


@cache
def _value(key: str, shape: tuple[int, ...]) -> Tensor:
    if not shape:
        return torch.tensor(100)
    ruled = rule_tensor(key, torch.empty(shape))
    spread = ruled / ruled.std().clamp_min(1e-6) if ruled.numel() > 1 else ruled
    if key.endswith("running_var"):
        return 0.5 + spread.abs()
    if len(shape) == 4:
        return spread * (2 / (shape[1] * shape[2] * shape[3])) ** 0.5
    return 1 + 0.1 * spread if key.endswith("weight") else 0.1 * spread


def unimatch_v1(size: str = "resnet50", classes: int = 21) -> State:
    """UniMatch V1's, of a network in :class:`torch.nn.parallel.DistributedDataParallel` without ``module.``."""
    keys = _Lister()
    keys.resnet("backbone", size)
    keys.unit("head.b0", 2048, 256, 1)
    for branch in (1, 2, 3):
        keys.unit(f"head.b{branch}", 2048, 256, 3)
    keys.unit("head.b4.gap", 2048, 256, 1, 1)
    keys.unit("head.project", 1280, 256, 1)
    keys.unit("reduce", 256, 48, 1)
    keys.unit("fuse", 304, 256, 3)
    keys.unit("fuse", 256, 256, 3, 3)
    keys.conv("classifier", 256, classes, 1, bias=True)
    return keys.state()


def beyond_pixels(size: str = "resnet50", classes: int = 21) -> State:
    """UniMatch V1's with a patch classifier, which inference does not use."""
    keys = _Lister()
    keys.unit("convolution_prantik", 256, 64, 3)
    keys.conv("classifier_prantik_1", 64, classes, 1, bias=True)
    keys.conv("classifier_prantik_2", 64, classes, 1, bias=True)
    return unimatch_v1(size, classes) | keys.state()


def corrmatch(size: str = "resnet50", classes: int = 21) -> State:
    """UniMatch V1's with the correlation branch, which inference does not use."""
    keys = _Lister()
    keys.unit("proj", 256, 256, 1, bias=True)
    keys.conv("corr.conv1", 256, 256, 1, bias=True)
    keys.conv("corr.conv2", 256, 256, 1, bias=True)
    return unimatch_v1(size, classes) | keys.state()


def _decoder(low: int, head: int, size: str) -> _Lister:
    keys = _Lister()
    keys.resnet("encoder", size)
    keys.unit("decoder.low_conv", 256, low, 1, bias=True)
    keys.unit("decoder.aspp.conv1", 2048, 256, 1, 1)
    keys.unit("decoder.aspp.conv2", 2048, 256, 1)
    for branch in (3, 4, 5):
        keys.unit(f"decoder.aspp.conv{branch}", 2048, 256, 3)
    keys.unit("decoder.head", 1280, 256, head)
    return keys


def u2pl(size: str = "resnet50", classes: int = 21) -> State:
    """U²PL's, with the auxiliary head of Cityscapes, which inference does not use."""
    keys = _decoder(256, 3, size)
    keys.last("decoder.classifier", 512, classes, 4, 8)
    keys.last("decoder.representation", 512, 256, 4, 8)
    keys.unit("auxor.aux", 1024, 256, 3, bias=True)
    return keys.state()


def augseg(size: str = "resnet50", classes: int = 21) -> State:
    """AugSeg's."""
    keys = _decoder(48, 1, size)
    keys.last("decoder.classifier", 304, classes, 3, 6)
    return keys.state()


STATES = {"unimatch_v1": unimatch_v1, "corrmatch": corrmatch, "u2pl": u2pl, "augseg": augseg}
