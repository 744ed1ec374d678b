"""Tests in a browser; a package, so that pytest closes the browser behind the last of them."""
