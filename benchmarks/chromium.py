"""The browser in which the report's page is tried, timed and photographed."""

import shutil

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome")


def executable() -> str | None:
    """Path of the first of :data:`EXECUTABLES` that is installed; None without any."""
    return next((path for name in EXECUTABLES if (path := shutil.which(name))), None)
