"""Change a module in one place at a time and list the changes that its tests do not notice.

``.venv/bin/python .ci/mutate.py [--slow] [--arithmetic] [--tests TEST ...] [MODULE ...]``, modules being files such as
``pixcon_diag/measures/boundary.py``; without any, all of ``FOLDERS`` that have tests of their own.

mutmut has the rules by which code is changed. pytest collects the tests once; each change is tried in a fork of that
process, which gives the module's functions and constants their changed form and runs the tests until one fails: those
that enter the changed function, or all where the change is in none. The files of the checkout stay as they are. A
change that makes the tests take far longer, or crash, counts as noticed.
"""

import argparse
import contextlib
import gc
import importlib
import itertools
import json
import os
import re
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, FunctionType, MappingProxyType, ModuleType
from typing import Any, NoReturn

import libcst
import pytest
import torch
from libcst.metadata import CodeRange, MetadataWrapper, WhitespaceInclusivePositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_string

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("pixcon_diag/measures", "pixcon_diag/statistics")
MEMORY = 6 * 2**30
"""Bytes that a fork may allocate: a changed size must not take the machine's memory."""

STUCK = 600
"""Seconds on the clock after which a fork is ended in any case."""

UNCHANGED = (
    libcst.Annotation,
    libcst.Decorator,
    libcst.Raise,
    libcst.FormattedString,
    libcst.Import,
    libcst.ImportFrom,
)
"""Code that is not changed: types, decorators, imports, and the words of messages."""

ARITHMETIC = {
    "operator_number",
    "operator_swap_op",
    "operator_augmented_assignment",
    "operator_remove_unary_ops",
    "operator_keywords",
    "operator_if_exp",
}
"""Rules that change a number, an operator, a comparison or a condition; the others leave out arguments, put ``None`` in
the place of values, or change strings."""

WRAPPED = ("__wrapped__", "__func__", "fget", "func")
"""Attributes under which decorated functions, class methods and properties hold the function of the source."""


@dataclass(frozen=True)
class Change:
    """One changed place of a module."""

    line: int
    before: str
    after: str
    function: range
    """Lines of the outermost function around the place; empty outside of functions."""
    code: CodeType
    """The whole module with the change."""


class Places(libcst.CSTVisitor):
    """Collects what may be changed: where it is, its changed form, the lines of the outermost function around it."""

    METADATA_DEPENDENCIES = (WhitespaceInclusivePositionProvider,)

    def __init__(self, rules: Container[str]) -> None:
        super().__init__()
        self.rules = rules
        self.found: list[tuple[CodeRange, libcst.CSTNode, range]] = []
        self.depth, self.function = 0, range(0)

    def on_visit(self, node: libcst.CSTNode) -> bool:
        if isinstance(node, UNCHANGED) or (isinstance(node, libcst.Expr) and isinstance(node.value, libcst.BaseString)):
            return False
        for kind, operator in mutation_operators:
            if isinstance(node, kind) and operator.__name__ in self.rules:
                forms = list(operator(node))[: 1 if operator is operator_string else None]
                place = self.get_metadata(WhitespaceInclusivePositionProvider, node) if forms else None
                self.found += [(place, form, self.function) for form in forms]
        if isinstance(node, libcst.FunctionDef):
            if not self.depth:
                place = self.get_metadata(WhitespaceInclusivePositionProvider, node)
                self.function = range(place.start.line, place.end.line + 1)
            self.depth += 1
        return True

    def on_leave(self, original_node: libcst.CSTNode) -> None:
        # Nodes that on_visit does not enter are left as well; no function is among them.
        if isinstance(original_node, libcst.FunctionDef):
            self.depth -= 1
            self.function = self.function if self.depth else range(0)


def changes(path: Path, rules: Container[str]) -> Iterator[Change]:
    """All changes of a module by some rules that Python compiles, in the order of the text."""
    text = path.read_text(encoding="utf-8")
    starts = [0, *itertools.accumulate(len(line) for line in text.splitlines(keepends=True))]
    wrapper, places = MetadataWrapper(libcst.parse_module(text)), Places(rules)
    wrapper.visit(places)
    for place, form, function in sorted(places.found, key=lambda found: found[0].start.line):
        begin, end = (starts[at.line - 1] + at.column for at in (place.start, place.end))
        after = wrapper.module.code_for_node(form)
        with contextlib.suppress(SyntaxError):
            code = compile(text[:begin] + after + text[end:], str(path), "exec", dont_inherit=True)
            yield Change(place.start.line, text[begin:end], after, function, code)


def apply(change: Change, module: ModuleType) -> None:
    """Give the functions of a loaded module, and its constants where the change is in one, their changed form."""
    changed = ModuleType(module.__name__)
    changed.__file__ = module.__file__
    original = dict(vars(module))
    sys.modules[module.__name__] = changed  # where dataclasses look for the names of annotations
    exec(change.code, vars(changed))
    sys.modules[module.__name__] = module
    for name, new in vars(changed).items():
        old = original.get(name)
        if getattr(new, "__module__", None) == module.__name__ and isinstance(new, type):
            replace_members(old, new, constants=not change.function)
        elif not replace_function(old, new, module.__name__) and not change.function and name[:2] != "__":
            rebind(name, old, new)


def replace_members(old: Any, new: type, *, constants: bool) -> None:
    """The same for a class."""
    for name, value in vars(new).items():
        before = vars(old).get(name)
        if not replace_function(before, value, new.__module__) and constants and name[:2] != "__":
            with contextlib.suppress(AttributeError, TypeError):
                setattr(old, name, value)


def replace_function(old: Any, new: Any, module: str) -> bool:
    """Whether both are functions of the module, bare or decorated; then the old one does what the new one does."""
    for attribute in WRAPPED:
        if hasattr(new, attribute) and hasattr(old, attribute):
            return replace_function(getattr(old, attribute), getattr(new, attribute), module)
    if not (isinstance(old, FunctionType) and isinstance(new, FunctionType) and new.__module__ == module):
        return False
    old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
    return True


def rebind(name: str, old: object, new: object) -> None:
    """Give a constant its changed value in every module that has imported it."""
    for module in list(sys.modules.values()):
        if name in getattr(module, "__dict__", {}) and vars(module)[name] is old:
            setattr(module, name, new)


@dataclass(frozen=True)
class Outcome:
    """What one fork did."""

    failed: str
    """The test that failed, ``time``, ``crash``, or nothing."""
    seconds: dict[str, float]
    """Duration of each test."""
    entered: dict[str, list[int]]
    """First lines of the module's functions that each test enters; those that fixtures enter are under ``""``."""

    def concerned(self, test: str, change: Change) -> bool:
        """Whether a test enters the changed function; every test where the change is in none."""
        lines = self.entered.get("", []) + self.entered.get(test, [])
        return not change.function or any(line in change.function for line in lines)


class Trials:
    """A pytest plugin that tries the changes instead of running the collected tests."""

    def __init__(self, paths: Sequence[Path], extra: Sequence[Path], rules: Container[str]) -> None:
        self.paths, self.extra, self.rules = paths, extra, rules
        self.failed = ""
        self.seconds: dict[str, float] = {}
        self.entered: dict[str, list[int]] = {}
        self.called = ""
        self.rows: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        if report.failed:
            self.failed = report.nodeid

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        self.called = item.nodeid
        try:
            return (yield)
        finally:
            self.called = ""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for path in self.paths:
            own = {tests_of(path), *self.extra}
            self.try_module(path, [item for item in session.items if item.path in own])
        print(f"\n{'module':48}{'changes':>8}{'noticed':>8}{'by time':>8}{'unnoticed':>10}", *self.rows, sep="\n")
        return True

    def try_module(self, path: Path, items: list[pytest.Item]) -> None:
        """Try every change of one module and print those that no test notices."""
        importlib.import_module("pixcon_figures.drawing")  # or a fixture of the session imports it in every fork
        module = importlib.import_module(module_name(path))
        gc.freeze()  # forks share what no collection touches
        usual = self.fork(items, None, module)
        if usual.failed or not items:
            raise pytest.UsageError(f"The tests of {path} fail without a change: {usual.failed or 'there are none'}.")
        items = sorted(items, key=lambda item: usual.seconds[item.nodeid])
        name, tried, noticed, slow = str(path.relative_to(ROOT)), 0, 0, 0
        for change in changes(path, self.rules):
            concerned = [item for item in items if usual.concerned(item.nodeid, change)]
            done = self.fork(concerned, change, module, usual.seconds)
            tried, noticed, slow = tried + 1, noticed + bool(done.failed), slow + (done.failed == "time")
            items.sort(key=lambda item: item.nodeid != done.failed)  # what notices one change notices the next
            if not done.failed:
                print(f"{name}:{change.line}\n- {change.before}\n+ {change.after}", flush=True)
        self.rows.append(f"{name:48}{tried:8}{noticed:8}{slow:8}{tried - noticed:10}")
        print(self.rows[-1], flush=True)

    def fork(
        self,
        items: Sequence[pytest.Item],
        change: Change | None,
        module: ModuleType,
        usual: Mapping[str, float] = MappingProxyType({}),
    ) -> Outcome:
        """Run tests in a fork until one fails; ``usual`` is how many seconds each takes without a change."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            self.run(items, change, module, usual, writer)
        os.close(writer)
        stuck = threading.Timer(STUCK, os.kill, (child, signal.SIGKILL))
        stuck.start()
        with os.fdopen(reader, encoding="utf-8") as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        stuck.cancel()
        if os.WIFSIGNALED(status):
            return Outcome("time" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else "crash", {}, {})
        return Outcome(**json.loads(said))

    def run(
        self,
        items: Sequence[pytest.Item],
        change: Change | None,
        module: ModuleType,
        usual: Mapping[str, float],
        writer: int,
    ) -> NoReturn:
        """What the fork does: it says what failed, and leaves without the end of the parent's session."""
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        try:
            if change:
                apply(change, module)
            else:
                sys.settrace(self.note_functions_of(str(module.__file__)))
            for item, following in itertools.zip_longest(items, items[1:]):
                if not self.failed:
                    limit = int(time.process_time() + 5 * usual.get(item.nodeid, STUCK)) + 3
                    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        except BaseException as error:  # the module does not load, or a test ends the process
            self.failed = repr(error)
        os.write(writer, json.dumps(vars(Outcome(self.failed, self.seconds, self.entered))).encode())
        os._exit(0)

    def note_functions_of(self, path: str) -> Callable[[FrameType, str, object], None]:
        """A trace function that notes which functions of a file are entered."""

        def note(frame: FrameType, event: str, argument: object) -> None:
            lines = self.entered.setdefault(self.called, [])
            if frame.f_code.co_filename == path and frame.f_code.co_firstlineno not in lines:
                lines.append(frame.f_code.co_firstlineno)

        return note


def module_name(path: Path) -> str:
    """The name under which a file of the checkout is imported."""
    return re.sub(r"^(cli|figures)\.", r"pixcon_\1.", ".".join(path.relative_to(ROOT).with_suffix("").parts))


def tests_of(path: Path) -> Path:
    """The file of tests of a module; the tests of a measurement are those of its result too."""
    folder = ROOT / "tests" / path.relative_to(ROOT).parent
    own = folder / f"test_{path.stem}.py"
    return own if own.exists() else folder / f"test_{path.stem.removesuffix('_result')}.py"


def main(arguments: Sequence[str]) -> int:
    """Try the changes of the modules that are named; 0 if the tests could be run."""
    parser = argparse.ArgumentParser(description="Change a module in one place at a time; see what its tests notice.")
    parser.add_argument("modules", nargs="*", type=Path, help="files, such as pixcon_diag/measures/boundary.py")
    parser.add_argument("--tests", action="append", default=[], type=Path, help="tests besides the module's own")
    parser.add_argument("--slow", action="store_true", help="run tests marked slow too")
    parser.add_argument("--arithmetic", action="store_true", help="change numbers, operators and conditions alone")
    options = parser.parse_args(arguments)
    modules = options.modules or [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.py"))]
    paths = [path for path in map(Path.resolve, modules) if options.modules or tests_of(path).exists()]
    extra = [path.resolve() for path in options.tests]
    rules = ARITHMETIC if options.arithmetic else {operator.__name__ for _, operator in mutation_operators}
    torch.set_num_threads(1)  # no thread is lost when the process forks
    files = sorted({str(path) for path in (*map(tests_of, paths), *extra)})
    flags = ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:terminalreporter"]
    chosen = [] if options.slow else ["-m", "not slow"]
    with tempfile.TemporaryDirectory() as folder:  # without a folder of its own each fork would look for a free one
        flags += ["--basetemp", f"{folder}/tests"]
        return int(pytest.main([*flags, *chosen, *files], plugins=[Trials(paths, extra, rules)]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
