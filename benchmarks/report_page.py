"""Time that the report's page takes in a browser: to open, and to follow its threshold slider.

Run: python -m benchmarks.report_page [--repeats 5] [--out report_page.json], or `make bench-check`

Two pages of a synthetic study with images of 500×375 and 21 classes are opened in a headless Chromium: one as a report
has it, and one with 500 images (`report --images 500`). Opening counts from the navigation to the moment at which all
sections have started. The slider's latency counts from its event to the end of the second frame behind it, when the
new numbers and pixels are on the screen. The fastest of the repeats counts, as other load on the machine only adds.
Exits with 1 where a bound is missed.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.chromium import EXECUTABLES, executable
from benchmarks.machine import machine
from benchmarks.synthetic_study import PASCAL, write_page

MEASURED = 600
"""Images measured: those not shown change nothing on the page but counts."""
MANY = 500
OPENING = {"default": 1.5, f"{MANY} images": 4.0}
"""Bounds in seconds."""
SLIDER = 0.05
WAIT = 60_000
SLIDE = """async () => {
  const slider = document.querySelector('#filter input[type=range]');
  const frame = () => new Promise(requestAnimationFrame);
  const times = [];
  for (let stop = 0; stop <= Number(slider.max); stop++) {
    await frame();
    const before = performance.now();
    slider.value = stop;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await frame();
    await frame();
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] / 1000;
}"""
"""Median seconds over all stops."""


@dataclass(frozen=True)
class Row:
    """One measurement."""

    what: str
    megabytes: float
    seconds: float
    bound: float

    @property
    def met(self) -> bool:
        """Whether it is within its bound."""
        return self.seconds < self.bound


def measure(browser: Any, name: str, path: Path, repeats: int) -> Iterator[Row]:
    """Opening and slider of one page."""
    opened, slid = [], []
    for _ in range(repeats):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(WAIT)
        page.add_init_script(
            "new MutationObserver(() => { window.readyAfter ??= document.documentElement?.dataset.ready && "
            "performance.now(); }).observe(document, { attributes: true, subtree: true, childList: true });"
        )
        page.goto(path.resolve().as_uri())
        page.wait_for_selector("html[data-ready]")
        opened.append(page.evaluate("window.readyAfter") / 1000)
        slid.append(page.evaluate(SLIDE))
        page.close()
    size = path.stat().st_size / 1e6
    yield Row(f"{name}: opens", size, min(opened), OPENING[name])
    yield Row(f"{name}: slider follows", size, min(slid), SLIDER)


def main(repeats: int, out: Path) -> int:
    """0 if every bound is met."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("playwright is not installed: pip install '.[dev]'")
        return 1
    browser_path = executable()
    if browser_path is None:
        print(f"No browser: none of {', '.join(EXECUTABLES)} is installed. `make browser` installs Chromium.")
        return 1
    size = replace(PASCAL, images=MEASURED)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        pages = {
            name: write_page(Path(folder) / name, size, images=images)
            for name, images in zip(OPENING, (None, MANY), strict=True)
        }
        browser = driver.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        rows = [row for name, path in pages.items() for row in measure(browser, name, path, repeats)]
        about = machine() | {"chromium": browser.version}
        browser.close()
    print("; ".join(f"{name} {value}" for name, value in about.items()))
    print(f"{'':32}{'MB':>8}{'seconds':>10}{'bound':>8}")
    for row in rows:
        print(f"{row.what:32}{row.megabytes:8.2f}{row.seconds:10.3f}{row.bound:8.2f}  {'' if row.met else 'MISSED'}")
    out.write_text(json.dumps({"machine": about, "rows": [asdict(row) for row in rows]}, indent=2) + "\n")
    return int(not all(row.met for row in rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("report_page.json"))
    arguments = parser.parse_args()
    sys.exit(main(arguments.repeats, arguments.out))
