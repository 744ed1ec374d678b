"""What is wrong with a network that has nothing to do with this project?

Trains six convolutions of plain PyTorch on the labeled digit scenes, wraps the network, and diagnoses it like any
checkpoint: findings in words with evidence and remedy, and the images with the largest errors.

Needs nothing. Wrap your own network in place of this one; it takes images normalised as ImageNet's.
Takes one minute of a CPU core.
Prints the findings; saves the worst images, wrong regions outlined, in own-network/.
"""

import argparse

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn.functional import cross_entropy, interpolate
from torchvision.transforms.v2.functional import normalize

import pixcon_diag as pxd


def network(classes: int, width: int = 32) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels, stride, dilation in ((3, 2, 1), (width, 1, 1), (width, 1, 2), (width, 1, 4), (width, 1, 8)):
        layers += [nn.Conv2d(channels, width, 3, stride, dilation, dilation), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(width, classes, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=400, help="training steps [default: 400]")
    parser.add_argument("--images", type=int, help="images to measure on [default: all]")
    given = parser.parse_args()

    labeled = pxd.choose_data(pxd.DataChoice("digits"), split="labeled")
    root, classes = labeled.source.root, labeled.spec.num_classes
    images = torch.stack([torch.tensor(np.asarray(Image.open(root / pair.image))) for pair in labeled.pairs])
    images = normalize(images.permute(0, 3, 1, 2) / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    masks = torch.stack([torch.tensor(np.asarray(Image.open(root / str(pair.mask)))) for pair in labeled.pairs]).long()

    torch.manual_seed(0)
    model = network(classes)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(given.steps):
        chosen = torch.randint(len(images), (8,))
        logits = interpolate(model(images[chosen]), images.shape[-2:], mode="bilinear")
        optimizer.zero_grad()
        cross_entropy(logits, masks[chosen], ignore_index=255).backward()
        optimizer.step()

    mine = pxd.wrap_module(model, classes, name="mine", feature="14", multiple=2)  # 14: the last ReLU
    options = pxd.StudyOptions(data=pxd.DataChoice("digits", limit=given.images), cache="own-network")
    study = pxd.Study({"mine": mine}, options=options)
    print(*study.doctor().summary, sep="\n\n")
    study.qualitative(folder="own-network", count=4).plot().savefig("own-network/worst.png", dpi=200)


if __name__ == "__main__":
    main()
