"""Names of concepts, and circles among them, held against networkx."""

from itertools import pairwise
from pathlib import Path

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DataError
from index_builder.graph.ontologies.ontology import Concept, Ontology, check_acyclic, language_of

PLACE = st.integers(0, 11)


def ontology(count: int, broader: list[tuple[int, int]]) -> Ontology:
    return Ontology("letters", [Concept(f"urn:{n}", {"en": f"<{n}>"}) for n in range(count)], sorted(broader))


@given(st.sets(st.tuples(PLACE, PLACE), max_size=20))
def test_a_circle_is_found_exactly_when_there_is_one_and_its_steps_are_statements(
    broader: set[tuple[int, int]],
) -> None:
    given_graph = ontology(12, list(broader))
    if networkx.is_directed_acyclic_graph(networkx.DiGraph(sorted(broader))):
        check_acyclic(Path("letters.ttl"), given_graph)
        return

    with pytest.raises(DataError) as caught:
        check_acyclic(Path("letters.ttl"), given_graph)

    named = str(caught.value).split("circle: ")[1].split(". Remove")[0].split(" → ")
    assert named[0] == named[-1]
    if not any("more" in step for step in named):
        places = [int(step.strip("<>")) for step in named]
        assert set(pairwise(places)) <= broader


def test_of_a_long_circle_both_ends_are_named() -> None:
    ring = [(place, (place + 1) % 12) for place in range(12)]
    with pytest.raises(DataError, match=r"<0> → <1> → <2> → <3> → \(5 more\) → <9> → <10> → <11> → <0>"):
        check_acyclic(Path("letters.ttl"), ontology(12, ring))


def test_a_chain_as_deep_as_ten_thousand_concepts_is_no_trouble() -> None:
    check_acyclic(Path("letters.ttl"), ontology(10_000, list(pairwise(range(10_000)))))


@pytest.mark.parametrize(
    ("preferred", "label"),
    [
        ({"de": "Sofa", "en-gb": "settee", "en": "couch"}, "couch"),
        ({"de": "Sofa", "en-gb": "settee"}, "settee"),
        ({"fr": "canapé", "de": "Sofa"}, "Sofa"),  # no English: the first tag in order
        ({}, "urn:sofa"),
    ],
)
def test_the_label_is_english_where_there_is_one(preferred: dict[str, str], label: str) -> None:
    assert Concept("urn:sofa", preferred).label == label


def test_simplified_chinese_goes_before_traditional() -> None:
    assert Concept("urn:mouse", {"zh-hant": "滑鼠", "zh-hans": "鼠标"}).chinese == "鼠标"
    assert Concept("urn:mouse", {"zh-tw": "滑鼠"}).chinese == "滑鼠"
    assert Concept("urn:mouse", {"en": "mouse"}).chinese == ""


def test_text_without_a_language_tag_is_chinese_by_its_script() -> None:
    assert (language_of("沙发", ""), language_of("sofa", ""), language_of("sofa", "EN")) == ("zh", "", "en")


def test_of_concepts_with_one_name_the_first_answers_to_it() -> None:
    twice = Ontology("words", [Concept("urn:1", {"en": "Pens"}), Concept("urn:2", {"en": "PENS"})], [])
    assert twice.by_name() == {"pens": 0}


def test_a_path_leads_from_the_broadest_down_by_the_first_broader_concept() -> None:
    given_graph = ontology(4, [(3, 1), (3, 2), (1, 0)])
    assert given_graph.path(3, given_graph.parents()) == (0, 1, 3)
