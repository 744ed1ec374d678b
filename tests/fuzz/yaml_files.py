"""Hostile YAML: configurations, descriptions of data sets, and sweeps; the file's name says which."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from pixcon_train.config.resolve import load_config
from pixcon_train.data.specs import get_spec
from pixcon_train.sweeps.grid import read_sweep
from tests.fuzz.case import Case
from tests.fuzz.texts import changed, odd_files, writes

GOOD = {
    "config.yaml": b"preset: pixcon\nseed: 1\ndata: {dataset: digits, crop: 112}\nschedule:\n  epochs: 2\n  batch: 8\n"
    b"optimizer: {lr: 5e-6}\nbank: {rule: clean, tau: 0.95}\nconsistency: {tau: 0.9}\n",
    "dataset.yaml": b"title: My set\nclasses: [sky, road, 'no', yes]\npalette: [[0,0,0],[1,2,3],[4,5,6],[7,8,9]]\n"
    b"void: 255\nbackground: 0\nval_list: val.txt\n",
    "sweep.yaml": b"name: tab\nbase:\n  preset: pixcon\n  dataset: digits\n  schedule.epochs: 1\ngrid:\n"
    b"  bank.rule: [none, clean]\n  consistency.tau: [0.9, 0.95]\nseeds: [0, 1]\n",
}


def attempt(path: Path) -> str:
    """What the file sets."""
    if path.name == "config.yaml":
        return repr(load_config(path))
    if path.name == "dataset.yaml":
        return repr(get_spec(str(path)))
    return repr([(point.name, point.config) for point in read_sweep(path).points])


def cases(generator: Random) -> Iterator[Case]:
    """See :class:`tests.fuzz.case.Kind`."""
    for name, good in GOOD.items():
        yield Case("a good file", name, writes(good))
        yield from odd_files(name, good)
        for rule, content in {**_documents(), **_values(name)}.items():
            yield Case(rule, name, writes(content))
    while True:
        name = generator.choice(list(GOOD))
        if generator.random() < 0.7:
            yield Case("a changed text", name, writes(changed(GOOD[name], generator)))
        else:
            lines = GOOD[name].split(b"\n")
            value = generator.choice(VALUES)
            place = generator.randrange(len(lines))
            lines[place] = lines[place].partition(b":")[0] + b": " + value
            yield Case(f"the value {value[:30]!a}", name, writes(b"\n".join(lines)))


VALUES = (
    *(b"9" * 10_000, b"-" + b"9" * 4_000, b"0x" + b"f" * 90_000, b"0" + b"7" * 90_000, b"0b" + b"1" * 90_000, b"1e400"),
    *(
        b":".join([b"59"] * 30_000),
        b"0." + b"1" * 90_000,
        b".nan",
        b"-.inf",
        b"2001-99-99",
        b"2001-01-01",
        b"~",
        b"yes",
    ),
    *(b"!!int abc", b"!!float x", b"!!bool x", b"!!timestamp x", b"!!binary AAA", b"!!set {a, b}", b"!!omap [a: 1]"),
    *(b"!!python/object/apply:os.system ['touch $PIXCON_CANARY']", b"!!python/name:os.system", b"!x y", b"!!str [a]"),
    *(
        b"!!map [a]",
        b"!!null x",
        b"!!merge x",
        b"!!int ''",
        b"!!int '+'",
        b"[]",
        b"{}",
        b"[[1]]",
        b"{a: 1}",
        b"'../../x'",
    ),
    *(
        b"'/dev/zero'",
        b"'./nothing.yaml'",
        b'"/a\\0b.yaml"',
        b'"/\\ud800.yaml"',
        b'"\\x1b]0;x\\a"',
        b"/" + b"a" * 5_000,
    ),
)


def _documents() -> dict[str, Any]:
    """Documents that are large, deep or strange, whatever they should set."""
    laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + level)}: &{chr(98 + level)} [{','.join(['*' + chr(97 + level)] * 9)}]\n" for level in range(9)
    )
    maps = "a0: &a0 {k: 1}\n" + "".join(f"a{n + 1}: &a{n + 1} {{x: *a{n}, y: *a{n}}}\n" for n in range(40))
    merged = "a0: &a0 {k: 1}\n" + "".join(f"a{n + 1}: &a{n + 1} {{<<: [*a{n}, *a{n}], k{n}: 1}}\n" for n in range(40))
    return {
        **{"aliases of aliases": laughs.encode(), "aliases of mappings": maps.encode(), "merged": merged.encode()},
        **{
            "a list in itself": b"a: &a [*a]\n",
            "a mapping in itself": b"&a\nseed: *a\n",
            "a merge of itself": b"a: &a {<<: *a}",
        },
        **{"an alias as key": b"&a {*a: 1}", "20,000 merges": b"a: &a {x: 1}\nb: {<<: [" + b"*a," * 20_000 + b"]}\n"},
        "12,000 keys": b"".join(b"k%d: 1\n" % number for number in range(12_000)),
        "keys of one hash": b"".join(b"%d: 1\n" % (number * (2**61 - 1)) for number in range(1, 3_900)),
        "a key 12,000 times": b"seed: 1\n" * 12_000,
        **{f"lists {depth} deep": b"seed: " + b"[" * depth + b"]" * depth for depth in (50, 200, 900, 5_000, 49_000)},
        **{f"mappings {depth} deep": b"{a: " * depth + b"1" + b"}" * depth for depth in (50, 200, 900, 16_000)},
        "blocks 400 deep": b"".join(b" " * level + b"a:\n" for level in range(400)),
        **{"dashes": b"- " * 40_000 + b"x", "questions": b"? " * 40_000 + b"x", "braces": b"{" * 99_000},
        **{"quotes": b"'" * 99_000, "colons": b":" * 99_000, "blanks": b" " * 99_000, "tabs": b"\t" * 99_000},
        **{"line ends": b"\n" * 99_000, "anchors": b"[" + b"&a x," * 15_000 + b"]", "commas": b"[" + b"," * 99_000},
        **{"45,000 values": b"[" + b"x," * 45_000 + b"]", "a block": b"|\n" + b" x\n" * 30_000},
        **{
            "a list as key": b"[a]: 1",
            "a mapping as key": b"{a: 1}: 1",
            "a block as key": b"? - a\n: 1",
            "no key": b"~: 1",
        },
        **{
            "numbers as keys": b"1: a\n1.0: b\ntrue: c",
            "a date as key": b"2001-01-01: 1",
            "NaN as key": b".nan: 1\n.nan: 2",
        },
        **{
            "a surrogate as key": b'"\\ud800\\u2028\\x1b": 1',
            "a merge of text": b"<<: x",
            "a merge of a list": b"<<: [x]",
        },
        **{"two documents": b"seed: 1\n---\nseed: 2\n", "a directive": b"%YAML 9.9\n---\nseed: 1", "a text": b"abc"},
        **{
            "directives": b"%TAG ! !\n" * 3_000,
            "a long key": b"x" * 99_000 + b": 1",
            "a dotted key": b"a." * 30_000 + b"b: 1",
        },
        **{"escapes": b'seed: "' + b"\\" * 49_000 + b'"', "a large file": lambda: b"a: 1\n" * 1_000_000},
    }


def _values(name: str) -> dict[str, bytes]:
    """Values by which a file of one kind could ask for too much."""
    tens = b"".join(b"  a%d: [0,1,2,3,4,5,6,7,8,9]\n" % number for number in range(12))
    base = b"base: {dataset: digits}\ngrid: {bank.rule: [none]}\n"
    kinds = {
        "config.yaml": {
            **{
                "a section that is a number": b"data: 1",
                "a section that is a list": b"data: [1]",
                "no preset": b"preset: {a: 1}",
            },
        },
        "dataset.yaml": {
            "20,000 classes": b"classes: [" + b",".join(b"c%d" % number for number in range(15_000)) + b"]",
            **{"classes of lists": b"classes: [[a], [b]]", "classes in themselves": b"classes: &a [a, *a]"},
            **{"a class of 10,000 digits": b"classes: [" + b"9" * 10_000 + b", b]", "one class": b"classes: a"},
            "colours of no numbers": b"classes: [a,b]\npalette: [[1e400,.nan,3],[1,2,3]]",
        },
        "sweep.yaml": {
            "10^12 runs": b"grid:\n" + tens,
            "15,000 seeds": base + b"seeds: [" + b",".join(b"%d" % number for number in range(15_000)) + b"]",
            "2,000,000 runs": b"base: {dataset: digits}\ngrid:\n  optimizer.lr: ["
            + b",".join(b"%.9f" % (number / 1e9) for number in range(1, 1_500))
            + b"]\n  bank.tau: ["
            + b",".join(b"%.5f" % (number / 1e5) for number in range(1, 1_500))
            + b"]\n",
            **{
                "a name upwards": b"name: ../../x\n" + base,
                "a name of NUL": b'name: "a\\0b"\n' + base,
                "NaN": base + b"seeds: [.nan]",
            },
            **{
                "a grid of a list": b"grid: [[1]]",
                "a grid of a number": b"grid: 1",
                "a value twice": base + b"seeds: [1, 1]",
            },
            **{
                "a long list": b"base: [" + b"1," * 40_000 + b"]",
                "a huge seed": base + b"seeds: [" + b"9" * 4_000 + b"]",
            },
        },
    }
    return dict(kinds[name])
