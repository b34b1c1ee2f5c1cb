from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FilterSyntaxError, InvalidArgumentError
from engine.stages.filtering.grammar import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, parse
from engine.stages.filtering.nodes import EVERYTHING, And, Comparison, Node, Not, Operator, Or, Presence

A = Comparison("a", Operator.EQUAL, "1")
B = Comparison("b", Operator.EQUAL, "2")
C = Comparison("c", Operator.EQUAL, "3")


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("", EVERYTHING),
        (" \t\n", EVERYTHING),
        ("a = 1", A),
        ("a=1", A),
        ('a = "1"', A),
        ("a = '1'", A),
        ("(a = 1)", A),
        ("a = 1 AND b = 2 AND c = 3", And((A, B, C))),
        ("a = 1 AND b = 2 OR c = 3", And((A, Or((B, C))))),
        ("a = 1 OR b = 2 AND c = 3", And((Or((A, B)), C))),
        ("a = 1 OR (b = 2 AND c = 3)", Or((A, And((B, C))))),
        ("NOT a = 1 OR b = 2", Or((Not(A), B))),
        ("-a = 1 AND b = 2", And((Not(A), B))),
        ("NOT (a = 1 AND b = 2)", Not(And((A, B)))),
        ("-(NOT a = 1)", Not(Not(A))),
    ],
)
def test_or_binds_tighter_than_and_and_not_tighter_than_both(text: str, node: Node) -> None:
    assert parse(text) == node


@pytest.mark.parametrize("operator", list(Operator))
def test_every_operator_reads_with_and_without_blanks(operator: Operator) -> None:
    assert parse(f"price{operator}5") == parse(f"price {operator} 5") == Comparison("price", operator, "5")


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("black", "black"),
        ("-5.5e3", "-5.5e3"),
        ("2024-01-31", "2024-01-31"),
        ("l'oreal", "l'oreal"),
        ("NOTEBOOK", "NOTEBOOK"),
        ("ANDROID", "ANDROID"),
        ('"AND"', "AND"),
        ('"two words"', "two words"),
        (r'"a \"quoted\" \\ \n\t\' word"', 'a "quoted" \\ \n\t\' word'),
        (r"'it\'s \"'", "it's \""),
        ('"(a = 1)"', "(a = 1)"),
        ('""', ""),
        ("黑色", "黑色"),
    ],
)
def test_values_are_bare_words_or_quoted_texts_with_escapes(literal: str, value: str) -> None:
    assert parse(f"a = {literal}") == Comparison("a", Operator.EQUAL, value)


def test_attribute_keys_are_dotted_and_quoted_where_they_are_not_plain_words() -> None:
    assert parse("attributes.weight_kg:*") == Presence("attributes.weight_kg")
    assert parse('attributes."max speed":*') == Presence("attributes.max speed")
    assert parse(r'attributes."15\" (a.b)":*') == Presence('attributes.15" (a.b)')
    assert parse("attributes.颜色:*") == Presence("attributes.颜色")


def test_nodes_know_where_their_field_stands() -> None:
    node = parse("a = 1 AND  b:*")

    assert isinstance(node, And)
    assert [term.position for term in node.terms if isinstance(term, Comparison | Presence)] == [0, 11]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("brand = ⟨here⟩AND price < 3", "expected a value after =, found AND."),
        ("brand =⟨here⟩", "expected a value after =, found the end of the filter."),
        ("price < ⟨here⟩> 3", "expected a value after <, found >."),
        ("a=⟨here⟩=1", "expected a value after =, found =."),
        ("⟨here⟩AND a = 1", "expected a field name, found AND."),
        ("a = 1 AND⟨here⟩", "expected a field name after AND, found the end of the filter."),
        ("NOT ⟨here⟩NOT a = 1", "expected a field name after NOT, found NOT."),
        ("(⟨here⟩)", "expected a field name after (, found )."),
        ('⟨here⟩"brand" = 3', 'expected a field name, found ".'),
        ("red ⟨here⟩shoes", "words to search for go in query"),
        ("brand = Black ⟨here⟩Forest", "a value of several words or with signs goes in quotes"),
        ("ratio = 16⟨here⟩:9", "a value of several words or with signs goes in quotes"),
        ("a = 1 ⟨here⟩and b = 2", "keywords are written in capitals"),
        ("a = ⟨here⟩*", "stands only alone after :"),
        ("a = H⟨here⟩*", "stands only alone after :"),
        ("(a = 1⟨here⟩", "expected AND, OR or ), found the end of the filter."),
        ("a = 1⟨here⟩)", "expected AND, OR or the end, found )."),
        ("a = 1⟨here⟩, b = 2", "expected AND or OR, found ,"),
        ("attributes⟨here⟩. = 4", "a key that is not a plain word goes in quotes"),
        ('brand = ⟨here⟩"HP', 'the " that opens here is never closed.'),
        ("brand = ⟨here⟩'HP", "the ' that opens here is never closed."),
        ('attributes.⟨here⟩"max = 3', 'the " that opens here is never closed.'),
        (r'a = "C:⟨here⟩\dir"', "a backslash stands only before"),
        (r'attributes."C:⟨here⟩\dir" = 1', "a backslash stands only before"),
    ],
)
def test_syntax_errors_point_at_the_first_character_that_does_not_fit(text: str, problem: str) -> None:
    filter_text = text.replace("⟨here⟩", "")

    with pytest.raises(FilterSyntaxError) as caught:
        parse(filter_text)

    assert caught.value.position == text.index("⟨here⟩")
    assert problem in caught.value.message
    assert text in caught.value.message


def test_half_a_character_is_pointed_at_and_leaves_the_message_printable() -> None:
    with pytest.raises(FilterSyntaxError) as caught:
        parse("a = \ud800")

    assert caught.value.position == 4
    assert caught.value.message.encode()


@pytest.mark.parametrize(
    ("longest", "too_long"),
    [
        ("a = " + "x" * (MAX_LENGTH - 4), "a = " + "x" * (MAX_LENGTH - 3)),
        ("(" * MAX_DEPTH + "a=1" + ")" * MAX_DEPTH, "(" * (MAX_DEPTH + 1) + "a=1" + ")" * (MAX_DEPTH + 1)),
        ("-(" * (MAX_DEPTH // 2) + "a=1" + ")" * (MAX_DEPTH // 2), "NOT (" * 500 + "a=1" + ")" * 500),
        (" OR ".join(["a=1"] * MAX_TERMS), " AND ".join(["a=1"] * (MAX_TERMS + 1))),
    ],
    ids=["length", "brackets", "negations", "terms"],
)
def test_filters_are_bounded(longest: str, too_long: str) -> None:
    parse(longest)
    with pytest.raises(InvalidArgumentError) as caught:
        parse(too_long)

    assert caught.value.field == "filter"


PIECES = [
    "AND",
    "OR",
    "NOT",
    "-",
    "(",
    ")",
    "=",
    "!=",
    "<",
    ":",
    "*",
    '"',
    "'",
    "\\",
    ".",
    ",",
    " ",
    "a",
    "price",
]


_PIECED = st.lists(st.sampled_from(PIECES))


@given(st.one_of(st.text(), st.text(st.characters()), _PIECED.map(" ".join), _PIECED.map("".join)))
def test_any_text_whatever_reads_or_is_refused_at_a_place_inside_it(text: str) -> None:
    try:
        parse(text)
    except FilterSyntaxError as error:
        position = error.position
    else:
        position = 0
    assert 0 <= position <= len(text)
