import pytest

from pixcon_diag.logs.metric_columns import Role, clearness, role_of

ROLES = {
    Role("epoch"): ("epoch", "Epoch", "trainer/epoch"),
    Role("step"): ("Step", "_step", "step", "trainer/global_step", "iter"),
    Role("miou"): (
        *("miou", "mIoU", "val/mIoU", "val_miou", "mIoU (%)", "Student mIoU", "student_miou", "miou_stu", "mean_iou"),
        *("metrics/mIoU", "val_iou", "MulticlassJaccardIndex", "eval/mIoU", "test/miou"),
    ),
    Role("miou", "ema"): ("ema_miou", "EMA mIoU", "eval/mIoU_ema", "miou_tea", "teacher/val/miou"),
    Role("iou", name="road"): ("iou/road", "val/iou/road", "IoU.road", "eval/road_IoU", "iou_road"),
    Role("iou", "ema", "road"): ("iou_ema/road", "ema/iou/road", "eval/road_IoU_ema"),
    Role("iou", name="tv/monitor"): ("val/iou/tv/monitor", "eval/tv/monitor_IoU"),
    Role("iou", name="traffic light"): ("iou/traffic light", "traffic light IoU"),
    Role("loss", name="loss"): ("loss", "train/loss", "train_loss_epoch", "train/loss_all", "total_loss"),
    Role("loss", name="loss_u"): ("train/loss_u", "loss_ub", "unsup_loss"),
    Role("loss", name="val_loss"): ("val_loss", "val/loss"),
    Role("retention"): ("train/mask_ratio", "mask_ratio", "retention", "Mask"),
    Role("threshold"): ("threshold", "tau", "train/conf_thresh"),
    Role("aside"): ("best", "best-stu", "val/best_miou", "miou_max", "run - miou__MIN", "_runtime"),
    None: ("train/miou", "lr", "aAcc", "accuracy", "", "…", "name", "prefix_miouse"),
}


@pytest.mark.parametrize(("role", "column"), [(role, column) for role, columns in ROLES.items() for column in columns])
def test_roles_of_columns(role: Role | None, column: str) -> None:
    assert role_of(column) == role


def test_of_two_columns_of_one_role_the_clearer_is_known() -> None:
    assert clearness("train_loss_epoch") > clearness("train_loss_step")
    assert clearness("val/mIoU") > clearness("val/iou") and clearness("val/mIoU") > clearness("test/mIoU")
