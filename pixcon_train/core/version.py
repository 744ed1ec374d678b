"""Version of the package, from which pyproject.toml takes it: a checkout that is not installed has one too."""

VERSION = "0.1.0"
