from itertools import pairwise
from math import log

import numpy as np
import pytest

from engine.stages.expand import Expand, ExpansionMode, ExpansionSpec, WalkLimits, rarity
from engine.stages.understand import Correction, Understanding
from engine.types import Entity, EntityKind, EntityLink, GraphEdge
from tests.unit.stages.graph_fake import FakeGraph, entity

BLACK = entity("Black", EntityKind.COLOR, 500)
CARTRIDGE = entity("cartridge", EntityKind.CATEGORY, 50)
INK = entity("ink cartridge", EntityKind.CATEGORY, 20)
SUPPLIES = entity("Supplies", EntityKind.CATEGORY, 80)
PAPER = entity("paper", EntityKind.CATEGORY, 30)
LX300 = entity("LX300", EntityKind.COMPATIBLE_TARGET, 2)
SOFA = entity("sofa", EntityKind.CATEGORY, 4)
GRAPH = FakeGraph(
    1000,
    rows={
        BLACK.iri: range(500),
        CARTRIDGE.iri: range(480, 530),
        INK.iri: range(480, 500),
        LX300.iri: (7, 490),
    },
    edges={
        CARTRIDGE.iri: (GraphEdge("broader", SUPPLIES), GraphEdge("narrower", INK, forward=False)),
        SUPPLIES.iri: (
            GraphEdge("narrower", CARTRIDGE, forward=False),
            GraphEdge("narrower", PAPER, forward=False),
        ),
        INK.iri: (GraphEdge("broader", CARTRIDGE),),
    },
    synonyms={SOFA.iri: ("sofa", "couch", "settee", "small sofa", "沙发")},
)
AUTO = ExpansionSpec()


def understood(*links: tuple[Entity, int, int], tokens: str = "black cartridge") -> Understanding:
    words = tuple(tokens.split())
    return Understanding(
        tokens,
        tokens,
        words,
        cjk=False,
        links=tuple(
            EntityLink(each, start, end, " ".join(words[start:end]), 1.0) for each, start, end in links
        ),
    )


BLACK_CARTRIDGE = understood((BLACK, 0, 1), (CARTRIDGE, 1, 2))


@pytest.mark.parametrize(("count", "expected"), [(1, 1.0), (0, 1.0), (1000, log(2) / log(1001))])
def test_rarity_is_one_for_a_single_product_and_small_for_all(count: int, expected: float) -> None:
    assert rarity(count, 1000) == pytest.approx(expected)


def test_linked_entities_come_first_without_a_path() -> None:
    linked = [each for each in Expand(GRAPH)(BLACK_CARTRIDGE, AUTO) if not each.path]
    assert [each.entity for each in linked] == [CARTRIDGE, BLACK]  # 50 products are rarer than 500
    assert linked[0].weight == pytest.approx(log(1 + 1000 / 50) / log(1001))


def test_a_step_costs_its_relation_and_is_as_rare_as_the_broadest_entity_on_the_way() -> None:
    gained = {each.entity: each.weight for each in Expand(GRAPH)(BLACK_CARTRIDGE, AUTO) if each.path}
    assert gained[INK] == pytest.approx(0.6 * rarity(50, 1000))  # narrower, but no rarer than cartridge
    assert gained[SUPPLIES] == pytest.approx(0.4 * rarity(80, 1000))


def test_up_and_down_again_is_not_walked() -> None:
    assert PAPER not in {each.entity for each in Expand(GRAPH)(BLACK_CARTRIDGE, AUTO)}


def test_disabled_means_nothing_at_all() -> None:
    spec = ExpansionSpec(mode=ExpansionMode.DISABLED)
    assert Expand(GRAPH)(BLACK_CARTRIDGE, spec) == ()


def test_the_number_of_gained_entities_is_bounded() -> None:
    expansions = Expand(GRAPH)(BLACK_CARTRIDGE, ExpansionSpec(max_expansions=1))
    assert [each.entity for each in expansions if each.path] == [INK]


def test_a_walk_is_bounded_by_depth_nodes_and_neighbours() -> None:
    chain = [entity(f"level {depth}", EntityKind.CATEGORY) for depth in range(6)]
    wide = [entity(f"leaf {number}", EntityKind.CATEGORY) for number in range(500)]
    graph = FakeGraph(
        10,
        edges={
            **{one.iri: (GraphEdge("narrower", two),) for one, two in pairwise(chain)},
            BLACK.iri: tuple(GraphEdge("narrower", each) for each in wide),
        },
    )
    deep = Expand(graph)(understood((chain[0], 0, 1)), AUTO)
    assert [each.entity.label for each in deep] == ["level 0", "level 1", "level 2"]
    broad = Expand(graph, limits=WalkLimits(neighbours=8))(
        understood((BLACK, 0, 1)), ExpansionSpec(max_expansions=99)
    )
    assert len(broad) == 1 + 8
    graph.walked.clear()
    tight = Expand(graph, limits=WalkLimits(nodes=5, neighbours=500))
    tight(understood((BLACK, 0, 1)), ExpansionSpec(max_expansions=99))
    assert graph.walked == [BLACK.iri]


def test_a_query_with_a_model_number_that_few_products_have_gains_nothing() -> None:
    query = understood((CARTRIDGE, 1, 2), tokens="cn045ae cartridge")
    few = Expand(GRAPH, {"cn045ae": 2, "cartridge": 50})(query, AUTO)
    many = Expand(GRAPH, {"cn045ae": 21, "cartridge": 50})(query, AUTO)
    assert [each.entity for each in few] == [CARTRIDGE]
    assert len(many) > 1


def test_synonyms_the_catalogue_knows_become_words_unless_they_only_say_the_same_again() -> None:
    query = understood((SOFA, 0, 1), tokens="couch")
    known = {"sofa": 4, "couch": 1, "small": 9, "沙发": 2}
    expand = Expand(GRAPH, known)
    expansions = expand(query, AUTO)
    assert expand.other_words(query, expansions) == ("sofa", "small sofa", "沙发")  # nobody sells a settee
    synonyms = expand.other_words(query, expansions)
    assert dict(expand.lexical_terms(query, expansions, synonyms)) == {
        "sofa": 0.1,
        "small sofa": 0.1,
        "沙发": 0.1,
    }
    sofa = understood((SOFA, 0, 1), tokens="sofa")
    assert expand.other_words(sofa, expand(sofa, AUTO)) == ("couch", "沙发")  # "small sofa" holds "sofa"


def test_a_chinese_name_whose_characters_the_catalogue_has_not_is_left_out_before_it_is_cut() -> None:
    query = understood((SOFA, 0, 1), tokens="couch")
    known = {"sofa": 4, "couch": 1, "small": 9, "沙发": 2}

    def words(chinese: frozenset[str]) -> tuple[str, ...]:
        expand = Expand(GRAPH, known, chinese=chinese)
        return expand.other_words(query, expand(query, AUTO))

    assert words(frozenset("沙滩发")) == ("sofa", "small sofa", "沙发")
    assert words(frozenset("沙滩")) == ("sofa", "small sofa")


def test_products_that_match_more_of_the_query_rank_higher() -> None:
    expand = Expand(GRAPH)
    found = expand.candidates(expand(BLACK_CARTRIDGE, AUTO), 25, None).candidates
    both = rarity(500, 1000) + rarity(50, 1000)
    assert found.rows[:20].tolist() == list(range(480, 500))
    assert found.scores[:20] == pytest.approx(both)
    assert not found.complete


def test_products_that_the_graph_cannot_tell_apart_stay_together() -> None:
    expand = Expand(GRAPH)
    only_black = expand(understood((BLACK, 0, 1)), AUTO)
    flood = expand.candidates(only_black, 100, None)
    assert len(flood.candidates) == 0  # 500 black products, room for 100
    assert not flood.candidates.complete
    assert flood.tied is not None
    assert np.flatnonzero(flood.tied).tolist() == list(range(500))
    assert flood.score == pytest.approx(rarity(500, 1000))
    assert len(expand.candidates(only_black, 500, None).candidates) == 500


def test_a_mask_decides_who_may_be_returned_before_the_limit_does() -> None:
    expand = Expand(GRAPH)
    mask = np.zeros(1000, np.bool_)
    mask[[3, 490, 525]] = True
    found = expand.candidates(expand(BLACK_CARTRIDGE, AUTO), 3, mask).candidates
    assert found.rows.tolist() == [490, 525, 3]  # both, cartridge, black
    assert found.complete


def test_a_path_reads_like_a_sentence() -> None:
    expand = Expand(GRAPH)
    query = understood((BLACK, 0, 1), (CARTRIDGE, 1, 2))
    sentences = {each.entity: expand.sentence(query, each) for each in expand(query, AUTO)}
    assert sentences[BLACK] == '"black" -> color Black <- product'
    assert sentences[INK] == '"cartridge" -> category cartridge -> narrower ink cartridge <- product'


def test_a_path_quotes_what_was_written_not_what_was_read() -> None:
    query = understood((CARTRIDGE, 1, 2))
    typo = Understanding(
        "black cartrige", query.text, query.tokens, False, (Correction("cartrige", "cartridge"),), query.links
    )
    (first, *_) = Expand(GRAPH)(typo, AUTO)
    assert Expand(GRAPH).sentence(typo, first) == '"cartrige" -> category cartridge <- product'


def test_each_row_is_told_the_heaviest_way_of_each_span() -> None:
    expand = Expand(GRAPH)
    paths = expand.paths_to(BLACK_CARTRIDGE, expand(BLACK_CARTRIDGE, AUTO), np.array([490, 3, 999]))
    assert paths == {
        490: ('"black" -> color Black <- product', '"cartridge" -> category cartridge <- product'),
        3: ('"black" -> color Black <- product',),
        999: (),
    }


def test_a_build_may_have_learned_other_weights_of_relations() -> None:
    gained = Expand(GRAPH, relations={"broader": 0.9})(BLACK_CARTRIDGE, AUTO)
    weights = {each.entity: each.weight for each in gained if each.path}
    assert weights[SUPPLIES] == pytest.approx(0.9 * rarity(80, 1000))
    assert weights[INK] == pytest.approx(0.3 * rarity(50, 1000))  # nothing was learned of "narrower"


def test_typical_products_are_spread_evenly_over_all_that_hang_on_an_entity() -> None:
    typical = Expand(GRAPH).typical(Expand(GRAPH)(understood((BLACK, 0, 1)), AUTO))
    assert typical.tolist() == list(range(0, 500, 16))  # 500 products, at most 32: every 16th
    assert len(Expand(GRAPH).typical(())) == 0


def test_nearness_is_to_what_the_query_surely_names() -> None:
    expand = Expand(GRAPH)
    rows = np.array([490, 3, 999])
    assert expand.nearness(expand(BLACK_CARTRIDGE, AUTO), rows).tolist() == [1.0, 0.5, 0.0]
    assert expand.nearness((), rows).tolist() == [0.0, 0.0, 0.0]


def test_the_brand_of_what_is_fitted_is_no_reason() -> None:
    inko = entity("Inko", EntityKind.BRAND, 3)
    graph = FakeGraph(
        10, rows={LX300.iri: (7,), inko.iri: (7, 8)}, edges={LX300.iri: (GraphEdge("brand", inko),)}
    )
    query = understood((LX300, 0, 1), tokens="lx300")
    expand = Expand(graph)
    paths = expand.paths_to(query, expand(query, AUTO), np.array([7, 8]))
    assert paths == {7: ('"lx300" -> fits LX300 <- product',), 8: ()}


def test_a_path_quotes_chinese_as_it_was_written_though_its_words_overlap() -> None:
    pram = entity("pushchair", EntityKind.CATEGORY, 3)
    link = EntityLink(pram, 1, 3, "婴儿 婴儿车", 1.0)
    query = Understanding("黑色婴儿车", "黑色婴儿车", ("黑色", "婴儿", "婴儿车"), cjk=True, links=(link,))
    expand = Expand(GRAPH)
    (only,) = expand(query, AUTO)
    assert expand.sentence(query, only) == '"婴儿车" -> category pushchair <- product'
