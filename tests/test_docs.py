"""What README and docs name is there: commands, options, make's targets, Python names, links, pages of the site."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
import yaml

from pixcon_cli import diag, train
from pixcon_diag.analyses.registry import ANALYSES
from pixcon_diag.findings.rules import RULES

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples/README.md"]
PROGRAMS = {"pixcon-diag": diag.main, "pixcon-train": train.main}
CALL = re.compile(r"(pixcon-diag|pixcon-train) ([a-z][a-z-]*)([^`|&;#)\n]*)")
"""Program, command, and what follows on the line."""


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """Contents of the page's fenced blocks in ``language``."""
    return re.findall(rf"^```{language}\n(.*?)^```", text(page), re.MULTILINE | re.DOTALL)


def code(page: Path) -> str:
    """Shell blocks, continued lines joined, and inline code, one per line."""
    prose = re.sub(r"^```.*?^```", "", text(page), flags=re.MULTILINE | re.DOTALL)
    shell = "\n".join(blocks(page, "sh")).replace("\\\n", " ")
    return "\n".join([shell, *(span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", prose))])


def missing_commands(page: Path) -> Iterator[str]:
    for program, name, rest in CALL.findall(code(page)):
        command = PROGRAMS[program].commands.get(name)
        if command is None:
            yield f"{page.name}: {program} {name}"
            continue
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        yield from (
            f"{page.name}: {program} {name} {option}"
            for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest)
            if option not in known | {"--help"}
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_exist(page: Path) -> None:
    assert list(missing_commands(page)) == []


def test_a_planted_command_and_option_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`pixcon-diag contaminate x`\n```sh\npixcon-diag tsne \\\n  --alined\n```\n")
    assert list(missing_commands(page)) == [
        "page.md: pixcon-diag tsne --alined",
        "page.md: pixcon-diag contaminate",
    ]


def test_every_command_is_documented() -> None:
    pages = "\n".join(map(text, PAGES))
    commands = text(ROOT / "docs/commands.md")
    assert [name for name in diag.main.commands if not re.search(rf"`{name}\b", commands)] == []
    assert [name for name in train.main.commands if f"pixcon-train {name}" not in pages] == []
    assert all(isinstance(program, click.Group) for program in PROGRAMS.values())


def test_targets_of_make_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"\bmake ([a-z]+(?:-[a-z]+)?)", code(page))}
    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text(page))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_import_what_exists(page: Path) -> None:
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    import_module(alias.name)
            if isinstance(node, ast.ImportFrom) and node.module:
                module = import_module(node.module)
                assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == [], node.module


def test_every_page_is_in_the_site_s_navigation() -> None:
    named = set(re.findall(r"[\w-]+\.md", str(yaml.safe_load(text(ROOT / "mkdocs.yml"))["nav"])))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - named == set()


@pytest.mark.parametrize("package", ["pixcon_diag", "pixcon_train"])
def test_the_api_page_has_every_public_name(package: str) -> None:
    documented = set(re.findall(rf"^::: {package}\.(\w+)$", text(ROOT / "docs/api.md"), re.MULTILINE))
    assert documented == set(import_module(package).__all__) - {"__version__"}


def test_the_tables_of_commands_are_those_of_the_registry() -> None:
    commands = [analysis for analysis in ANALYSES if analysis.command]
    for page, shown in (
        ("README.md", [(analysis.name, analysis.summary.removesuffix(".")) for analysis in commands]),
        ("docs/commands.md", [(analysis.name, analysis.question.removesuffix(".")) for analysis in commands]),
    ):
        rows = re.findall(r"^\| `([a-z-]+)` \| (.*?) \|", text(ROOT / page), re.MULTILINE)
        assert [row for row in shown if row not in rows] == [], page


def test_the_table_of_rules_is_that_of_the_code() -> None:
    rows = [line for line in text(ROOT / "docs/decisions.md").splitlines() if line.startswith("| `")]
    expected = [f"| `{r.name}` | {r.threshold} | {r.evidence} | {r.remedy} | `{r.analysis}` |" for r in RULES]
    assert [row for row in expected if row not in rows] == []
    assert {rule.analysis for rule in RULES} <= set(diag.main.commands)
