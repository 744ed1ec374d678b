"""A small sheet."""

import numpy as np

from pixcon_diag.sheets.crops import crop_around
from pixcon_diag.sheets.page import Sheet
from pixcon_diag.sheets.question import Classes, Question

COMPONENTS = ("0-5", "0-9", "0-5", "1-2", "0-9")


def question(name: str, component: str) -> Question:
    region = np.zeros((20, 30), dtype=bool)
    region[4:9, 10:20] = True
    crop = crop_around(np.zeros((20, 30, 3), dtype=np.uint8), region, (5, 12))
    return Question(name, component, 'a, "b"</script>.jpg', Classes("road", "<i>car", ((1, 2, 3), (255, 0, 9))), crop)


def sheet(*, mixed: bool = True) -> Sheet:
    """Five questions, numbered from 1, of three components."""
    questions = [question(str(number), component) for number, component in enumerate(COMPONENTS, 1)]
    return Sheet("abc", "A title", "What to do.", questions, mixed, "answers.csv")
