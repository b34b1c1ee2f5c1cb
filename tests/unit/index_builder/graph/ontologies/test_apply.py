"""An ontology lends names and broader concepts to the nodes that bear its concepts' names."""

import pytest

from engine.types import EntityKind, Product, ProductId
from index_builder.graph.draft import Draft, Edge, Node
from index_builder.graph.facts import extract
from index_builder.graph.ontologies.apply import VALUE_KINDS, MergeReport, apply_ontology
from index_builder.graph.ontologies.ontology import Concept, Ontology
from index_builder.graph.vocabulary import SourceGraph, Term, node_iri, ontology_graph

GRAPH = ontology_graph("crafts")
KNIT, YARN, MERINO, WOOL, DOG = range(5)
CRAFTS = Ontology(
    "crafts",
    [
        Concept("urn:c/knit", {"en": "Knitting", "zh": "编织"}),
        Concept("urn:c/yarn", {"en": "Yarns", "zh": "纱线"}, {"en": ("Knitting wool",)}),
        Concept("urn:c/merino", {"en": "Merino"}),
        Concept("urn:c/wool", {"en": "Wool", "zh": "羊毛"}),
        Concept("urn:c/dog", {"en": "Dogs"}),
    ],
    [(YARN, KNIT), (MERINO, WOOL)],
)
YARN_TYPE = node_iri("type", "yarn")


def crafts_shop() -> Draft:
    return extract(
        [
            Product(
                id=ProductId("1"),
                title="Soft Merino",
                attributes={"product_type": "Yarn", "material": "Merino", "label": "Dogs"},
            ),
            Product(id=ProductId("2"), title="Thick One", attributes={"product_type": "Yarn"}),
        ]
    )


def node_of(draft: Draft, concept: str) -> Node:
    return draft.nodes[node_iri("concept", "crafts", concept)]


def test_a_node_with_a_concepts_name_gains_its_other_names() -> None:
    draft = crafts_shop()
    apply_ontology(draft, CRAFTS)

    names = draft.nodes[YARN_TYPE].names
    assert (names["yarn"], names["纱线"], names["knitting wool"]) == (1.0, 0.85, 0.85)
    assert Edge(YARN_TYPE, Term.EXACT_MATCH, "urn:c/yarn", SourceGraph.ALIGNMENT) in draft.edges


def test_the_broader_concept_becomes_a_node_above_it_in_the_ontologys_own_graph() -> None:
    draft = crafts_shop()
    report = apply_ontology(draft, CRAFTS)

    knit = node_of(draft, "urn:c/knit")
    assert (knit.kind, knit.source, knit.rows, knit.label) == (EntityKind.CATEGORY, GRAPH, [], "Knitting")
    assert knit.names["编织"] == 0.5
    assert Edge(YARN_TYPE, Term.BROADER, knit.iri, GRAPH) in draft.edges
    # yarn, merino and the value "Dogs" bear names; 纱线 and "knitting wool" are new to yarn;
    # Knitting and Wool came in above yarn and merino, and no product hangs on Wool but through merino.
    assert report == MergeReport(nodes=3, names=2, broader_nodes=2, broader_edges=2)


def test_the_catalogues_own_node_stands_for_a_broader_concept_it_names() -> None:
    draft = extract(
        [
            Product(id=ProductId("1"), title="One", attributes={"material": "Merino"}),
            Product(id=ProductId("2"), title="Two", attributes={"material": "Wool"}),
        ]
    )
    apply_ontology(draft, CRAFTS)

    merino, wool = node_iri("material", "merino"), node_iri("material", "wool")
    assert Edge(merino, Term.BROADER, wool, GRAPH) in draft.edges
    assert not [iri for iri in draft.nodes if "concept" in iri]


def test_kinds_that_are_not_asked_for_stay_as_they_are() -> None:
    draft = crafts_shop()
    apply_ontology(draft, CRAFTS, VALUE_KINDS)
    assert "纱线" not in draft.nodes[YARN_TYPE].names


def test_no_circle_is_made_where_the_catalogue_says_the_opposite() -> None:
    draft = extract(
        [
            Product(id=ProductId("1"), title="One", category=("Merino", "Wool")),
        ]
    )
    apply_ontology(draft, CRAFTS)
    broader = {(edge.subject, edge.object) for edge in draft.edges if edge.predicate is Term.BROADER}
    assert broader == {(node_iri("category", "merino", "wool"), node_iri("category", "merino"))}


@pytest.mark.parametrize(("others", "ties"), [(4, 1), (5, 0)])
def test_one_value_of_many_that_is_a_concept_by_name_is_so_by_chance(others: int, ties: int) -> None:
    """A "wool" with 4 other values of its attribute is a fifth of them, with 5 less."""
    values = ["Wool", *(f"place {number}" for number in range(others))]
    draft = extract([Product(id=ProductId(v), title="A", attributes={"stands_on": v}) for v in values])
    assert apply_ontology(draft, CRAFTS).nodes == ties


def test_a_concept_above_nearly_everything_says_nothing_and_stays_out() -> None:
    """Of 61 concepts 59 lie below "Thing", 1 of them below "Garment"."""
    concepts = [Concept(f"urn:{n:02}", {"en": f"word{n}"}) for n in range(58)]
    concepts += [Concept("urn:coat", {"en": "coat"}), Concept("urn:garment", {"en": "garment"})]
    concepts += [Concept("urn:thing", {"en": "thing"})]
    broader = [(place, 60) for place in range(58)] + [(58, 59), (59, 60)]
    draft = extract([Product(id=ProductId("1"), title="A", attributes={"product_type": "coat"})])

    apply_ontology(draft, Ontology("words", concepts, broader))

    assert {node.label for node in draft.nodes.values()} == {"coat", "garment"}


def test_the_same_draft_and_ontology_give_the_same_graph() -> None:
    one, other = crafts_shop(), crafts_shop()
    assert apply_ontology(one, CRAFTS) == apply_ontology(other, CRAFTS)
    assert sorted(one.edges) == sorted(other.edges)
    assert one.nodes == other.nodes
