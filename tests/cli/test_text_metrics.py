"""Commands do not pay for transformers, which torchmetrics imports where it is installed."""

import subprocess
import sys
from importlib.util import find_spec

import pytest


@pytest.mark.skipif(find_spec("transformers") is None, reason="transformers is not installed")
def test_torchmetrics_leaves_transformers_out_in_a_program() -> None:
    code = (
        "import sys\n"
        "from pixcon_cli.text_metrics import leave_text_metrics_out\n"
        "leave_text_metrics_out()\n"
        "from pixcon_train.evaluation.iou import SegmentationIoU\n"
        "print('transformers' in sys.modules, len(SegmentationIoU(2).compute().iou))\n"
        "import transformers"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False 2\n"
