# SPDX-License-Identifier: Apache-2.0
"""The Query protocol: forms decoded against the shape of an action, answers written as XML.

A shape maps a parameter's name to a Field. A field's kind is a function that reads one value, a
ListOf (`Name.1`, `Name.2` …) or another shape (`Name.Member`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, List, Mapping, Sequence, Tuple, Union
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape, quoteattr

from .errors import ApiError, invalid_value

# Elements in order; a value is text, a number, a boolean, or elements again.
Elements = Sequence[Tuple[str, Any]]
Shape = Mapping[str, "Field"]
Kind = Union[Callable[[str, str], Any], "ListOf", Shape]

_BAD_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class ListOf:
    """A numbered list whose items are of one kind."""

    item: Kind


@dataclass(frozen=True)
class Field:
    """A parameter of a shape."""

    kind: Kind
    required: bool = False


def text(name: str, value: str) -> str:
    """Reads text; what XML cannot carry back is refused."""
    if _NOT_XML.search(value):
        raise invalid_value(name, ascii(value)[1:-1], "It holds a character that is not allowed.")
    return value


def integer(name: str, value: str) -> int:
    """Reads a decimal number of 32 bits."""
    if not re.fullmatch(r"-?[0-9]{1,10}", value) or not -2**31 <= int(value) < 2**31:
        raise invalid_value(name, ascii(value)[1:-1], "It is not an integer.")
    return int(value)


def boolean(name: str, value: str) -> bool:
    """Reads true or false."""
    if value.lower() not in ("true", "false"):
        raise invalid_value(name, ascii(value)[1:-1], "It is neither true nor false.")
    return value.lower() == "true"


def parse_form(body: bytes) -> Dict[str, str]:
    """Reads application/x-www-form-urlencoded; each name may occur once."""
    if not body:
        return {}
    if _BAD_PERCENT.search(body):
        raise ApiError("MalformedQueryString", "The query string contains a syntax error")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True,
                          errors="strict")
    except ValueError:
        raise ApiError("MalformedQueryString",
                       "The query string contains a syntax error") from None
    form: Dict[str, str] = {}
    for name, value in pairs:
        if name in form:
            raise ApiError("MalformedQueryString", f"The parameter {name} is given twice")
        form[name] = value
    return form


def decode(form: Mapping[str, str], shape: Shape) -> Dict[str, Any]:
    """Turns a form into nested values; what was not sent is absent.

    Raises UnknownParameter, MissingParameter or InvalidParameterValue.
    """
    return _decode_shape([(name.split("."), value) for name, value in form.items()], shape, "")


_Pairs = List[Tuple[List[str], str]]


def _decode_shape(pairs: _Pairs, shape: Shape, prefix: str) -> Dict[str, Any]:
    values: Dict[str, Any] = {}
    for name, members in _group(pairs).items():
        if name not in shape:
            raise _unknown((prefix + name).rstrip("."))
        values[name] = _decode_kind(members, shape[name].kind, prefix + name)
    for name, field in shape.items():
        if field.required and values.get(name) in (None, "", []):
            raise ApiError("MissingParameter",
                           f"The request must contain the parameter {prefix + name}")
    return values


def _decode_kind(pairs: _Pairs, kind: Kind, name: str) -> Any:
    if isinstance(kind, ListOf):
        groups = _group(pairs)
        for index in groups:
            if not re.fullmatch(r"[1-9][0-9]{0,5}", index):
                raise _unknown(f"{name}.{index}" if index else name)
        return [_decode_kind(groups[i], kind.item, f"{name}.{i}") for i in sorted(groups, key=int)]
    if isinstance(kind, Mapping):
        return _decode_shape(pairs, kind, name + ".")
    for path, _ in pairs:
        if path:
            raise _unknown(".".join([name] + path))
    return kind(name, pairs[0][1])


def _group(pairs: _Pairs) -> Dict[str, _Pairs]:
    """Sorts pairs by the first part of their names; a name that has ended is ""."""
    groups: Dict[str, _Pairs] = {}
    for path, value in pairs:
        groups.setdefault(path[0] if path else "", []).append((path[1:], value))
    return groups


def _unknown(name: str) -> ApiError:
    return ApiError("UnknownParameter", f"The parameter {name} is not recognized")


class Written(str):
    """Elements that have been written before."""


def item_text(elements: Elements) -> Written:
    """The XML of what an item holds, to be put into documents later."""
    return Written("".join(_xml_lines(elements, 3)))


def xml_document(name: str, elements: Elements, namespace: str = "") -> bytes:
    """An XML document whose root is `name`."""
    attribute = f" xmlns={quoteattr(namespace)}" if namespace else ""
    body = "".join(_xml_lines(elements, 1))
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<{name}{attribute}>\n'
            f"{body}</{name}>").encode()


def _xml_lines(elements: Elements, depth: int) -> Iterable[str]:
    pad = "    " * depth
    for name, value in elements:
        if isinstance(value, Written):
            yield f"{pad}<{name}>\n{value}{pad}</{name}>\n"
        elif isinstance(value, (list, tuple)):
            yield f"{pad}<{name}>\n" if value else f"{pad}<{name}/>\n"
            yield from _xml_lines(value, depth + 1)
            yield f"{pad}</{name}>\n" if value else ""
        else:
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            shown = escape(_NOT_XML.sub("\ufffd", shown), {"\r": "&#13;"})
            yield f"{pad}<{name}>{shown}</{name}>\n"
