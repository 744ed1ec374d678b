"""Small networks of other code, and folders and files that hold them."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

NAMES = ("grass", "sky", "cow")

CODE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.head = nn.Conv2d(6, classes, 1)
        self.auxiliary = nn.Conv2d(6, classes, 1)
        generator = torch.Generator().manual_seed(1)
        for parameter in self.parameters():
            parameter.data.copy_(torch.randn(parameter.shape, generator=generator))

    def forward(self, images):
        feature = self.stem(images).relu()
        return {"out": self.head(feature), "aux": self.auxiliary(feature)}

def build():
    return Net()

def permuted():
    net = Net()
    order = [2, 0, 1]
    for parameter in net.head.parameters():
        parameter.data = parameter.data[order]
    net.class_names = [("grass", "sky", "cow")[index].upper() for index in order]
    return net

def needy(classes):
    return Net(classes)

def broken():
    raise RuntimeError("no such option")

def text():
    return "a network"
"""
"""A file of a user's code."""


def write_code(folder: Path) -> str:
    """Write the file; its path."""
    file = folder / "net.py"
    file.write_text(CODE)
    return str(file)


def own_network(file: str, factory: str = "build") -> nn.Module:
    """The network of the file, built apart from the product's code."""
    names: dict[str, Any] = {}
    exec(Path(file).read_text(), names)
    network: nn.Module = names[factory]()
    return network.eval()


def segformer(folder: Path, names: tuple[str, ...] = NAMES, size: int | None = 48) -> nn.Module:
    """Write a small SegFormer with its preprocessor as ``save_pretrained`` does."""
    from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessor

    torch.manual_seed(0)
    config = SegformerConfig(
        num_encoder_blocks=2,
        depths=[1, 1],
        sr_ratios=[4, 2],
        hidden_sizes=[8, 16],
        patch_sizes=[7, 3],
        strides=[4, 2],
        num_attention_heads=[1, 2],
        mlp_ratios=[2, 2],
        decoder_hidden_size=16,
        id2label=dict(enumerate(names)),
        label2id={name: index for index, name in enumerate(names)},
    )
    network: nn.Module = SegformerForSemanticSegmentation(config).eval()
    network.save_pretrained(folder)
    mean, std = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]
    shape = {"height": size, "width": size} if size else None
    SegformerImageProcessor(do_resize=bool(size), size=shape, image_mean=mean, image_std=std).save_pretrained(folder)
    return network


def unet(folder: Path) -> nn.Module:
    """Write a small U-Net as ``save_pretrained`` does."""
    import segmentation_models_pytorch as smp

    torch.manual_seed(0)
    network: nn.Module = smp.Unet(
        "resnet18", encoder_weights=None, classes=3, encoder_depth=3, decoder_channels=(16, 8, 8)
    ).eval()
    network.save_pretrained(folder)
    return network


def linknet(folder: Path) -> nn.Module:
    """Write a small LinkNet, which takes multiples of 8 pixels alone."""
    import segmentation_models_pytorch as smp

    torch.manual_seed(0)
    network: nn.Module = smp.Linknet("resnet18", encoder_weights=None, classes=3, encoder_depth=3).eval()
    network.save_pretrained(folder)
    return network
