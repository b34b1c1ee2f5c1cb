"""Texts that break programs, and filters and orders that may be right or nearly are."""

from __future__ import annotations

import base64
import json
from random import Random

_ODD = (
    *(
        "",
        " ",
        "\t\n",
        "\0",
        "a\0b",
        "\x1b[31m",
        "\x7f",
        "*",
        "%s%n",
        "../../etc/passwd",
        "/",
        "\\",
        "'",
        '"',
        "``",
    ),
    *(
        "true",
        "null",
        "nan",
        "-1",
        "1e999",
        "0x10",
        "<b>&amp;</b>",
        "${HOME}",
        "a" * 5_000,
        "墨" * 1_001,
        "(" * 600,
    ),
    *(
        "\ud800",
        "\udfff",
        "\uffff",
        "\u202eevil",
        "\ufeff",
        "e\u0301" * 50,
        "\U0001f58b\ufe0f",
        "ﬁ",
        "İ",
        "ß",
        "ǅ",
    ),
    *(
        "AND",
        "NOT",
        "OR",
        "SELECT * { ?s ?p ?o }",
        "ASK {",
        "urn:x",
        "http://[",
        "a b c d e f g h",
        "ink " * 300,
    ),
)
_PIECES = (
    *("AND", "OR", "NOT", "-", "(", ")", "=", "!=", "<", "<=", ">", ":", ":*", '"', "'", "\\", ".", ",", "*"),
    *(
        "a",
        "1",
        "ink",
        "price",
        "brand",
        "attributes",
        "attributes.color",
        '"x y"',
        "2024-01-31",
        "1e999",
        "墨",
        "\0",
    ),
)
_FIELDS = (
    *("id", "title", "brand", "category", "price", "currency", "availability", "date_released"),
    *("attributes.color", "attributes.nothing", 'attributes."max speed"', "color", "Price"),
)
_OPERATORS = ("=", "!=", "<", "<=", ">", ">=", ":")
_LITERALS = (
    *(
        "10",
        "-1",
        "1e3",
        "1e999",
        '"Inko"',
        "black",
        '"black ink"',
        "in_stock",
        "2024-01-31",
        '"2024-02-31"',
        "true",
    ),
    *('"Office > Ink"', '""', "EUR", '"\\n"', "墨水", '"' + "x" * 3_900 + '"', "9" * 400),
)

_TOKENS = ("[" * 1_400, '["g","f",1]', f'["g","f",1{"0" * 1_000}]', "null", '{"a":1,"b":2,"c":3}', "[1,2,3]")


def odd_text(random: Random) -> str:
    if random.random() < 0.5:
        return random.choice(_ODD)
    return "".join(chr(random.choice((random.randrange(128), random.randrange(0x11_0000)))) for _ in range(8))


def filter_text(random: Random) -> str:
    """Two of three follow the grammar."""
    if random.random() < 0.33:
        return random.choice((" ", "")).join(random.choices(_PIECES, k=random.randrange(16)))
    return _term(random, 4)


def order_text(random: Random) -> str:
    keys = [
        f"{random.choice((*_FIELDS, 'score'))} {random.choice(('', 'asc', 'desc', 'down'))}"
        for _ in range(random.choice((1, 1, 2, 3, 9)))
    ]
    return random.choice((",", ", ", ";", ",,")).join(keys)


def token_text(random: Random) -> str:
    """JSON in base64, as page tokens are, but hardly ever that of one."""
    content = random.choice(_TOKENS)
    if random.random() < 0.3:
        content = json.dumps([odd_text(random)[:100], "f", random.choice((-1, 0, 1, 2**70))])
    text = base64.urlsafe_b64encode(content.encode()).decode()
    return text.rstrip("=") if random.random() < 0.8 else text


def _term(random: Random, depth: int) -> str:
    kind = random.randrange(6) if depth else 0
    if kind < 3:
        field, literal = random.choice(_FIELDS), random.choice(_LITERALS)
        return f"{field}:*" if random.random() < 0.1 else f"{field} {random.choice(_OPERATORS)} {literal}"
    if kind == 3:
        return f"NOT ({_term(random, depth - 1)})"
    joined = random.choice((" AND ", " OR ")).join(
        _term(random, depth - 1) for _ in range(random.randint(2, 3))
    )
    return f"({joined})" if random.random() < 0.5 else joined
