"""People look into the graph of the sample's server."""

from __future__ import annotations

from cartograph.v1 import knowledge_graph_service_pb2 as graph
from tests.integration.real_server import WAIT, RealServer


def test_what_a_text_names_can_be_described_and_walked_to_products(server: RealServer) -> None:
    read = server.graph.LinkEntities(
        graph.LinkEntitiesRequest(text="blakc ink for printnova 2540"), timeout=WAIT
    )
    assert [(each.written, each.read_as) for each in read.corrections] == [("blakc", "black")]
    named = [sense.entity for span in read.spans for sense in span.senses]
    target = next(entity for entity in named if entity.kind == "compatible_target")

    described = server.graph.DescribeEntity(graph.DescribeEntityRequest(entity_id=target.id), timeout=WAIT)
    assert described.entity == target
    assert described.relation == "fits"
    assert 0 < len(described.product_statements) <= 5

    listed = server.graph.ListNeighbors(
        graph.ListNeighborsRequest(entity_id=target.id, relation="fits", page_size=100), timeout=WAIT
    )
    products = {each.node.product_id for each in listed.neighbors if each.node.kind == "product"}
    assert len(products) == target.product_count
    assert {"OFF-0004"} <= products  # PN-25 Black Ink Cartridge, which says that it fits the 2540


def test_a_product_and_its_statements_agree_with_sparql(server: RealServer) -> None:
    iri = "urn:cartograph:product:OFF-0004"
    described = server.graph.DescribeEntity(graph.DescribeEntityRequest(entity_id=iri), timeout=WAIT)
    assert described.entity.label == "PN-25 Black Ink Cartridge"

    told = {
        (each.predicate_id, each.node.id or each.literal.value, each.source)
        for group in described.statement_groups
        for each in group.statements
    }
    query = f"SELECT ?p ?o ?g {{ GRAPH ?g {{ <{iri}> ?p ?o }} }}"
    answer = server.graph.QueryGraph(graph.QueryGraphRequest(query=query), timeout=WAIT)

    found = {tuple(term.iri or term.literal.value for term in row.terms) for row in answer.table.rows}
    assert found <= told  # what is between products may be told beside the RDF
    assert answer.generation_id == described.generation_id
