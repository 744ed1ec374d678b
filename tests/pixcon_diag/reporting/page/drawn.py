"""Charts read back from the page's HTML."""

import re
from html import unescape
from xml.etree import ElementTree


def svgs(html: str) -> list[ElementTree.Element]:
    """The drawings of some HTML, in order; attributes without quotes get them, as XML demands."""
    drawings = re.findall(r"<svg .*?</svg>", html, re.DOTALL)
    return [ElementTree.fromstring(re.sub(r"(\s[\w-]+)=([^\s\"'>/]+)", r'\1="\2"', text)) for text in drawings]


def chart(html: str, title: str) -> ElementTree.Element:
    """The chart below a caption."""
    (text,) = re.findall(
        rf"<figure class=chart><figcaption>{re.escape(title)}</figcaption>.*?</figure>", html, re.DOTALL
    )
    return svgs(text)[0]


def series(svg: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """The series of a chart by name."""
    return {found.attrib["data-series"]: found for found in svg.iter("g") if "data-series" in found.attrib}


def places(element: ElementTree.Element) -> list[tuple[float, float]]:
    """Where the marks of a series stand."""
    found = (
        re.fullmatch(r"translate\((\S+) (\S+)\)", path.attrib["transform"])
        for path in element.iter("path")
        if "mark" in path.attrib["class"]
    )
    return [(float(place[1]), float(place[2])) for place in found if place]


def paths(element: ElementTree.Element, kind: str) -> list[str]:
    """The outlines of one kind."""
    return [path.attrib["d"] for path in element.iter("path") if kind in path.attrib["class"].split()]


def titles(element: ElementTree.Element) -> list[str]:
    """What hovering over the marks shows."""
    return [unescape(title.text or "") for title in element.iter("title")]


def texts(element: ElementTree.Element) -> list[str]:
    """The texts of a drawing."""
    return [text.text or "" for text in element.iter("text")]
