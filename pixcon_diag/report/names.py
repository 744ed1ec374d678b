"""Names of groups as parts of file names."""


def file_part(name: str) -> str:
    """``name`` with every character that a file's name should not have replaced."""
    return "".join(character if character.isalnum() or character in "-_." else "-" for character in name)
