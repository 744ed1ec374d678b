"""Take the README's picture of the report's page, in a headless Chromium.

Run: python -m docs.screenshot report docs/report.png
"""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks.chromium import executable

VIEW = "#tau=0.9&view=filter&divider=50"
"""The threshold on the images themselves."""
WIDTH, HEIGHT = 1280, 860


def main(report: Path, target: Path) -> None:
    """Save the images section of the page in ``report`` as it opens, in the light theme."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable(), args=["--no-sandbox", "--disable-gpu"])
        viewport = {"width": WIDTH, "height": HEIGHT}
        page = browser.new_page(viewport=viewport, color_scheme="light", reduced_motion="reduce")
        page.goto((report / "index.html").resolve().as_uri() + VIEW)
        page.wait_for_selector("html[data-ready]")
        page.evaluate("document.getElementById('images').scrollIntoView()")
        page.wait_for_timeout(1500)  # the image is decoded when it comes into view
        taken = page.screenshot()
        browser.close()
    Image.open(BytesIO(taken)).convert("RGB").save(target, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
