"""Embeddings of decoder features, as the memory bank holds them."""

import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.checkpoints.wrapped_module import WrappedModule


@torch.no_grad()
def embed(checkpoint: LoadedCheckpoint, features: Tensor) -> Tensor:
    """Unit-norm embeddings (M, D) of decoder features (M, C), by the projection head if there is one (Eq. 1)."""
    if not checkpoint.info.projection:
        return F.normalize(features.float(), dim=1)
    model = checkpoint.model
    assert not isinstance(model, WrappedModule)  # no projection head
    device = next(model.parameters()).device
    projected = model.project(features.to(device)[:, :, None, None])
    return projected[:, :, 0, 0].float().to(features.device)
