"""CutMix boxes and complementary dropout: bounds, chances, by hand."""

import pytest
import torch

from pixcon_train.method.perturbations import (
    AREA,
    ASPECT,
    box_masks,
    complementary_scale,
    cutmix,
    draw_boxes,
    encoder_dropout,
    fused_dropout,
)


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_boxes_lie_inside_and_keep_area_and_aspect() -> None:
    edge = 518
    boxes = draw_boxes(400, edge, probability=1.0, generator=_generator()).double()
    top, left, height, width = boxes.unbind(1)
    assert (boxes >= 0).all()
    assert (top + height <= edge).all()
    assert (left + width <= edge).all()
    area, aspect = height * width / edge**2, height / width
    assert ((area > AREA[0] * 0.97) & (area <= AREA[1])).all()  # edges are rounded down
    assert ((aspect > ASPECT[0] * 0.97) & (aspect < ASPECT[1] * 1.03)).all()


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_boxes_come_with_their_probability(probability: float) -> None:
    boxes = draw_boxes(1000, 112, probability=probability, generator=_generator())
    share = (boxes[:, 2] > 0).double().mean().item()
    assert abs(share - probability) <= 4 * (probability * (1 - probability) / 1000) ** 0.5


def test_boxes_are_a_function_of_the_generator() -> None:
    first, again = (draw_boxes(9, 70, probability=0.5, generator=_generator()) for _ in range(2))
    assert torch.equal(first, again)


def test_a_box_is_filled_from_the_batch_in_reverse_order() -> None:
    inside = box_masks(torch.tensor([[0, 1, 1, 2], [0, 0, 0, 0], [1, 0, 1, 1]]), (2, 3))
    batch = torch.tensor([1, 2, 3])[:, None, None].expand(-1, 2, 3)
    expected = [[[1, 3, 3], [1, 1, 1]], [[2, 2, 2], [2, 2, 2]], [[3, 3, 3], [1, 3, 3]]]
    assert cutmix(batch, inside).tolist() == expected
    assert cutmix(batch[:, None].expand(-1, 4, -1, -1), inside)[:, 2].tolist() == expected


def test_views_of_a_dropped_pair_are_complementary() -> None:
    scale = encoder_dropout(6, 50, generator=_generator())
    first, second = scale.chunk(2)
    assert torch.equal(first + second, torch.full((6, 50), 2.0))
    undropped = (first == 1).all(1)
    assert undropped.sum() == 3
    assert set(first[~undropped].unique().tolist()) == {0.0, 2.0}


def test_the_fused_form_has_one_mask_for_the_batch_and_drops_every_pair() -> None:
    first, second = fused_dropout(50, batch=4, generator=_generator()).chunk(2)
    assert torch.equal(first, first[:1].expand(4, -1))
    assert torch.equal(second, 2 - first)
    assert set(first.unique().tolist()) == {0.0, 2.0}


def test_scales_by_hand() -> None:
    scale = complementary_scale(torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([1]))
    assert scale.tolist() == [[2, 0], [1, 1], [0, 2], [1, 1]]
