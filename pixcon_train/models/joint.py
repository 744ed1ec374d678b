"""The student's forward pass of a training step."""

from typing import Literal

import torch
from torch import Tensor, nn

from pixcon_train.models.base import ModelOutput, SegmentationModel


class JointForward(nn.Module):
    """One pass of the labeled images and the strong views through a student, with the results of two passes.

    The encoder has neither batch norm nor dropout in its blocks, so images do not affect each other in it and it runs
    once. The decoder runs once for each part, since batch statistics and dropout are those of the part.
    """

    def __init__(self, student: SegmentationModel) -> None:
        super().__init__()
        self.student = student

    def forward(
        self,
        images: Tensor,
        views: Tensor,
        *,
        embed: Literal["labeled", "unlabeled"] | None = None,
        encoder_scale: Tensor | None = None,
        fused_scale: Tensor | None = None,
    ) -> tuple[ModelOutput, ModelOutput]:
        """Outputs for the labeled images and for the views.

        Args:
            images: labeled images (B, 3, H, W).
            views: strong views (2·B, 3, H, W).
            embed: which of them to embed, ``labeled`` or ``unlabeled``; None for neither.
            encoder_scale, fused_scale: factors on the views' features, as in :meth:`SegmentationModel.forward`.
        """
        size, parts = images.shape[-2:], [len(images), len(views)]
        features = [feature.split(parts) for feature in self.student.encoder(torch.cat([images, views]))]
        labeled, strong = ([parts[index] for parts in features] for index in (0, 1))
        return (
            self.student.decode(labeled, size, embed=embed == "labeled"),
            self.student.decode(
                strong,
                size,
                embed=embed == "unlabeled",
                encoder_scale=encoder_scale,
                fused_scale=fused_scale,
            ),
        )
