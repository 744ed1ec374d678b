"""Names of classes, methods and files that would run, hide, turn or stretch something, on a whole page."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag import DataChoice, RunChoice, Study, StudyOptions
from pixcon_train.core.foreign_text import is_hidden
from tests.browser.opening import NARROW, WIDE, Opener
from tests.cli.diagnose.asking import few_draws, no_drawing
from tests.cli.farm import write_data, write_public

RUN = "window.ran = true"
CLASSES = (
    f"</script><script>{RUN}</script>",
    f"]]>\"'><img src=x onerror='{RUN}'>\u202egnp.exe",
    "long " + 1995 * "w",
)
METHODS = (
    f"'\"><svg onload='{RUN}'>{{{{ 7 * 7 }}}} {2000 * 'm'}",
    f"a\x00b\x1b[2J\udc80\u2066</td><iframe srcdoc='<script>parent.{RUN}</script>'>",
)
IMAGES = (
    f"<img src=x onerror='{RUN}'>.jpg",
    f'"onfocus="{RUN}" autofocus \u202egpj.jpg',
    "tab\x07bell&amp;<b>.jpg",
    f"{180 * 'i'}.jpg",
)


def write_hostile(root: Path) -> dict[str, Any]:
    """A data set and two checkpoints under such names."""
    data = write_data(root / "data")
    lines = []
    for number, name in enumerate(IMAGES):
        (data / f"images/{number}.jpg").rename(data / "images" / name)
        lines.append(f"images/{name}\tmasks/{number}.png\n")
    (data / "val.txt").write_text("".join(lines), encoding="utf-8")
    (data / "farm.yaml").write_text(f"classes: {json.dumps(CLASSES)}\n", encoding="utf-8")
    return {name: [str(write_public(root / f"{number}.pth"))] for number, name in enumerate(METHODS)}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of their report."""
    root = tmp_path_factory.mktemp("hostile")
    methods = write_hostile(root)
    options = StudyOptions(data=DataChoice(str(root / "data/farm.yaml"), root / "data"), run=RunChoice(workers=0))
    with pytest.MonkeyPatch.context() as patch:
        no_drawing(patch)
        few_draws(patch)
        return Study(methods, options=options).report(root / "report", count=1).page


def test_the_file_holds_no_character_that_is_not_seen(hostile: Path) -> None:
    text = hostile.read_bytes().decode("utf-8")
    assert not is_hidden(text) and "⟨U+202E⟩" in text


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_nothing_runs_and_nothing_is_wider_than_the_window(hostile: Path, open_page: Opener, width: int) -> None:
    page = open_page(hostile, width=width)
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in page.locator("main select:visible, header select:visible").all():
        values = control.evaluate("select => [...select.options].map(option => option.value)")
        control.select_option(values[-1])
    page.locator(".tsne-maps canvas").first.focus()
    page.keyboard.press("ArrowRight")
    page.locator(".cosine-matrix td[tabindex='0']").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.ran") is None
    assert page.locator("main iframe, main img[src=x], main svg[onload], main [onfocus]").count() == 0
    assert not is_hidden(page.locator("body").inner_text())


def test_names_stand_there_as_they_are_written(hostile: Path, open_page: Opener) -> None:
    page = open_page(hostile)
    text = re.sub(r"\s+", " ", page.locator("main").inner_text())
    for name in (CLASSES[0], METHODS[0], "⟨U+0000⟩b⟨U+001B⟩[2J⟨U+DC80⟩⟨U+2066⟩</td>", "⟨U+202E⟩gnp.exe"):
        assert name in text


def test_a_saved_table_keeps_the_names_of_the_files_beside_the_page(hostile: Path, open_page: Opener) -> None:
    page = open_page(hostile)
    with page.expect_download() as started:
        page.get_by_role("button", name="Save the table contamination as csv").first.click()
    assert Path(started.value.path()).read_bytes() == (hostile.parent / "contamination.csv").read_bytes()
