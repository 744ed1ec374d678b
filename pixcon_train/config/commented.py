"""A configuration as YAML with what each value means beside it."""

from pixcon_train.config.schema import Section
from pixcon_train.core.yaml_files import dump_yaml


def commented_yaml(section: Section, indent: str = "") -> str:
    """``section`` as YAML that ``--config`` reads, each value under a comment that explains it."""
    lines: list[str] = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            about = (type(value).__doc__ or "").strip()
            lines += ["", f"{indent}# {about}", f"{indent}{name}:", commented_yaml(value, indent + "  ").rstrip()]
        else:
            about = " ".join((field.description or "").split())
            lines += [f"{indent}# {about}", indent + dump_yaml({name: value}).rstrip()]
    return "\n".join(lines) + "\n"
