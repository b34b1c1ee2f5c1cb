import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builder.graph.compatibility import expand_list, targets_of


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("MF9170/9130/8450", ("MF9170", "MF9130", "MF8450")),
        ("AB-1710/20/30", ("AB-1710", "AB-1720", "AB-1730")),
        ("X544n/dn/dw", ("X544n", "X544dn", "X544dw")),
        ("HL 2520/2520i", ("HL 2520", "HL 2520i")),
        ("LQ 1000/1050+/1600K", ("LQ 1000", "LQ 1050+", "LQ 1600K")),
        ("PSC 3820/815", ("PSC 3820", "PSC 815")),
        ("Pro 5000, 5500", ("Pro 5000", "Pro 5500")),
        ("IR6800/LBP5200", ("IR6800", "LBP5200")),
        ("TV/Monitor", ("TV/Monitor",)),
        ("iPod", ("iPod",)),
    ],
)
def test_a_list_inside_a_name_is_told_apart(written: str, meant: tuple[str, ...]) -> None:
    assert expand_list(written) == meant


def test_a_compatibility_statement_names_each_model_of_a_slash_list() -> None:
    assert targets_of("Inko LX 200/250n") == ("Inko LX 200", "Inko LX 250n")


@given(st.text(max_size=40))
def test_any_text_gives_at_least_one_name_and_none_twice(text: str) -> None:
    names = expand_list(text)
    assert names
    assert len(set(names)) == len(names)
