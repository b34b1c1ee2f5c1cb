from __future__ import annotations

import pytest

from engine.browsing.browser import GraphBrowser
from engine.errors import InvalidArgumentError, NotFoundError, StalePageTokenError
from engine.graph_values import Neighbour, NeighboursRequest
from engine.paging import PageToken
from tests.small_graph import BLACK, CATALOGUE, INKO, JET_BLACK, LX300, ROOT, SHELF, SIMILARITY, TAGGER

P0, P1, P2, P3 = (f"{ROOT}product:P%20{number}" for number in range(4))


def ends(neighbours: tuple[Neighbour, ...]) -> list[tuple[str, str, bool]]:
    return [(each.relation, each.node.iri, each.outgoing) for each in neighbours]


def test_neighbours_are_entities_and_then_the_products_that_hang_on_it(browser: GraphBrowser) -> None:
    page = browser.neighbours(NeighboursRequest(BLACK))

    assert ends(page.neighbours) == [
        ("narrower", JET_BLACK, False),
        ("color", P0, False),
        ("color", P3, False),
        ("color", P1, False),
    ]
    assert [each.source for each in page.neighbours[1:]] == [CATALOGUE, "", TAGGER]
    assert (page.total_size, page.next_page_token) == (4, "")


def test_a_brand_lists_what_is_of_it_products_last(browser: GraphBrowser) -> None:
    assert ends(browser.neighbours(NeighboursRequest(INKO)).neighbours) == [
        ("brand", LX300, False),
        ("brand", P0, False),
        ("brand", P1, False),
        ("brand", P2, False),
    ]


def test_similar_products_come_with_their_confidence_in_each_direction(browser: GraphBrowser) -> None:
    page = browser.neighbours(NeighboursRequest(P1, relation="Similar"))

    assert [
        (each.node.product_id, each.outgoing, each.source, each.confidence) for each in page.neighbours
    ] == [("P 2", True, SIMILARITY, 0.75), ("P 2", False, SIMILARITY, 0.5)]


def test_what_a_product_is_is_no_neighbour_but_its_shelf_is(browser: GraphBrowser) -> None:
    assert ends(browser.neighbours(NeighboursRequest(P3)).neighbours) == [
        ("category", SHELF, True),
        ("color", JET_BLACK, True),
    ]
    assert ends(browser.neighbours(NeighboursRequest(SHELF)).neighbours) == [("category", P3, False)]


@pytest.mark.parametrize(
    ("outgoing", "expected"),
    [
        (True, [("brand", INKO, True), ("same as", P0, True)]),
        (False, [("fits", P2, False), ("fits", P1, False)]),
    ],
)
def test_direction_chooses(
    browser: GraphBrowser, outgoing: bool, expected: list[tuple[str, str, bool]]
) -> None:
    assert ends(browser.neighbours(NeighboursRequest(LX300, outgoing=outgoing)).neighbours) == expected


def test_a_relation_that_nothing_has_is_an_empty_list(browser: GraphBrowser) -> None:
    page = browser.neighbours(NeighboursRequest(BLACK, relation="made by"))

    assert (page.neighbours, page.next_page_token, page.total_size) == ((), "", 0)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_pages_put_together_are_the_whole_list(browser: GraphBrowser, size: int) -> None:
    whole = browser.neighbours(NeighboursRequest(BLACK)).neighbours
    found: list[Neighbour] = []
    token = ""
    while True:
        page = browser.neighbours(NeighboursRequest(BLACK, page_size=size, page_token=token))
        assert len(page.neighbours) <= size
        assert page.total_size == 4
        found += page.neighbours
        token = page.next_page_token
        if not token:
            break

    assert tuple(found) == whole


def test_a_token_belongs_to_its_request_and_generation(browser: GraphBrowser) -> None:
    token = browser.neighbours(NeighboursRequest(BLACK, page_size=1)).next_page_token

    for other in (
        NeighboursRequest(INKO, page_token=token),
        NeighboursRequest(BLACK, relation="color", page_token=token),
        NeighboursRequest(BLACK, outgoing=False, page_token=token),
    ):
        with pytest.raises(InvalidArgumentError, match="belongs to another request"):
            browser.neighbours(other)
    with pytest.raises(InvalidArgumentError, match="not one that this server made"):
        browser.neighbours(NeighboursRequest(BLACK, page_token="page 2"))  # noqa: S106 (no password)
    stale = PageToken("g-before", PageToken.decode(token).fingerprint, 1).encode()
    with pytest.raises(StalePageTokenError):
        browser.neighbours(NeighboursRequest(BLACK, page_token=stale))


def test_an_unknown_node_is_not_found(browser: GraphBrowser) -> None:
    with pytest.raises(NotFoundError):
        browser.neighbours(NeighboursRequest(f"{ROOT}color:mauve"))
