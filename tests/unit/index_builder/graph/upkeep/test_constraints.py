"""Each rule is broken once on purpose, and only that one is reported."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyoxigraph
import pytest

from engine.errors import DamagedGenerationError
from index_builder.graph.load import build_graph
from index_builder.graph.materials import Materials
from index_builder.graph.upkeep.constraints import Check, check, check_store
from index_builder.graph.upkeep.shapes import SHAPES
from index_builder.graph.vocabulary import PROV, RDF_TYPE, SourceGraph, Term
from tests.ink_shop import PRODUCTS

CATALOGUE, PROVENANCE = SourceGraph.CATALOGUE, SourceGraph.PROVENANCE


def said(subject: str, predicate: str, thing: str, graph: str = CATALOGUE) -> str:
    words = thing if thing.startswith('"') else f"<{thing if ':' in thing else f'urn:cartograph:{thing}'}>"
    return f"<urn:cartograph:{subject}> <{predicate}> {words} <{graph}> ."


def product(name: str) -> list[str]:
    iri = f"product:{name}"
    return [
        said(iri, RDF_TYPE, Term.PRODUCT),
        said(iri, Term.NAME, f'"Lamp {name}"'),
        said(iri, Term.SKU, f'"{name}"'),
        said(iri, Term.BRAND, "urn:cartograph:brand:lumo"),
    ]


def entity(iri: str, term: Term = Term.CONCEPT) -> list[str]:
    return [said(iri, RDF_TYPE, term), said(iri, Term.PREF_LABEL, f'"{iri}"')]


SOUND = [
    *product("1"),
    *product("2"),
    *entity("brand:lumo", Term.BRAND_CLASS),
    *entity("type:desk%20lamp"),
    *entity("type:lamp"),
    *entity("type:light"),
    said("type:desk%20lamp", Term.BROADER, "urn:cartograph:type:lamp"),
    said("type:lamp", Term.BROADER, "urn:cartograph:type:light"),
    said("graph:catalogue", Term.WAS_GENERATED_BY, "urn:cartograph:step:catalogue", PROVENANCE),
]
ONE, TWO = "product:1", "urn:cartograph:product:2"
DESK, LAMP, LIGHT = "type:desk%20lamp", "urn:cartograph:type:lamp", "type:light"


def store_of(lines: Sequence[str]) -> pyoxigraph.Store:
    store = pyoxigraph.Store()
    store.load("\n".join(lines).encode(), pyoxigraph.RdfFormat.N_QUADS)
    return store


def broken(lines: Sequence[str]) -> list[Check]:
    return [each for each in check_store(store_of(lines)).checks if each.count]


def test_a_sound_graph_breaks_nothing() -> None:
    report = check_store(store_of(SOUND))
    assert (report.errors, report.warnings, report.statements) == (0, 0, len(SOUND))
    assert {each.id for each in report.checks} == {each.id for each in SHAPES} | {
        "known-product",
        "broader-cycle",
    }


BREAKS = {
    "product-name": ([said("product:1", Term.NAME, '"Lamp 1"')], [], "product:1 has no name"),
    "product-id": ([], [said(ONE, Term.SKU, '"other"')], "product:1 has 2 ids, not one"),
    "one-brand": (
        [],
        [said(ONE, Term.BRAND, "urn:cartograph:brand:b"), *entity("brand:b", Term.BRAND_CLASS)],
        "product:1 has 2 brands",
    ),
    "broader-or-equal": (
        [],
        [said("type:lamp", Term.EXACT_MATCH, "urn:cartograph:type:desk%20lamp")],
        "type:desk lamp is both narrower than and the same as type:lamp",
    ),
    "known-product": (
        [],
        [said("product:9", Term.COLOR, "urn:cartograph:color:red")],
        "product:9 is spoken of, but is no product of the catalogue",
    ),
    "entity-label": ([], [said("color:red", RDF_TYPE, Term.CONCEPT)], "color:red has no label"),
    "one-label": (
        [],
        [said("type:light", Term.PREF_LABEL, '"Licht"')],
        "type:light has 2 preferred labels in graph:catalogue",
    ),
    "similar-or-related": (
        [],
        [said(ONE, Term.SIMILAR_TO, TWO), said("product:2", Term.RELATED_TO, f"urn:cartograph:{ONE}")],
        "product:1 is said to replace product:2 and to go with it",
    ),
    "accessory-of-itself": (
        [],
        [said(ONE, Term.ACCESSORY_FOR, f"urn:cartograph:{ONE}")],
        "product:1 is an accessory of itself",
    ),
    "fits-itself": (
        [],
        [
            said(ONE, Term.ACCESSORY_FOR, "urn:cartograph:target:l"),
            said("target:l", Term.EXACT_MATCH, f"urn:cartograph:{ONE}"),
        ],
        "product:1 fits target:l, which is said to be that product",
    ),
    "graph-provenance": (
        [],
        [said(ONE, Term.COLOR, "urn:cartograph:color:red", SourceGraph.TAGGER)],
        "graph:tagger holds statements, and nothing says where they come from",
    ),
    "broader-cycle": (
        [],
        [said(LIGHT, Term.BROADER, f"urn:cartograph:{DESK}")],
        "broader goes in a circle: type:desk lamp > type:lamp > type:light > type:desk lamp",
    ),
}


def test_every_rule_is_broken_by_a_test() -> None:
    assert set(BREAKS) == {each.id for each in SHAPES} | {"known-product", "broader-cycle"}


@pytest.mark.parametrize("rule", BREAKS)
def test_a_broken_rule_is_found_and_named_and_no_other(rule: str) -> None:
    missing, added, message = BREAKS[rule]
    (found,) = broken([*(line for line in SOUND if line not in missing), *added])
    assert (found.id, found.count, found.violations) == (rule, 1, (message,))


def test_a_product_that_is_only_an_object_is_unknown_too() -> None:
    (found,) = broken([*SOUND, said(ONE, Term.RELATED_TO, "urn:cartograph:product:9")])
    assert found.id == "known-product"


def test_a_label_for_each_language_is_one_label() -> None:
    assert not broken([*SOUND, said("type:lamp", Term.PREF_LABEL, '"灯"@zh')])


def test_a_node_broader_than_itself_is_a_circle() -> None:
    (found,) = broken([*SOUND, said("type:light", Term.BROADER, "urn:cartograph:type:light")])
    assert found.violations == ("broader goes in a circle: type:light > type:light",)


def test_a_run_that_tells_itself_has_provenance() -> None:
    run = "urn:cartograph:run:1"
    told = [said("run:1", RDF_TYPE, Term.ACTIVITY, run), said("run:1", f"{PROV}used", "urn:g", run)]
    assert not broken([*SOUND, *told])


def test_all_violations_are_counted_and_the_first_are_listed() -> None:
    lines = [said(f"product:{number:02}", Term.COLOR, "urn:cartograph:color:red") for number in range(30)]
    store = store_of([*SOUND, *lines])
    (found,) = (each for each in check_store(store, listed=3).checks if each.count)
    assert found.count == 30
    assert [each.split()[0] for each in found.violations] == ["product:00", "product:01", "product:02"]
    assert check_store(store, listed=0).errors == 30


def test_the_report_goes_into_json() -> None:
    told = json.loads(json.dumps(check_store(store_of(SOUND[1:])).as_json()))
    assert told["errors"] > 0
    assert {"id", "severity", "count", "violations"} == set(told["checks"][0])


def test_a_built_graph_breaks_nothing(tmp_path: Path) -> None:
    build_graph(PRODUCTS, tmp_path, Materials(sources=["shop.jsonl"]))
    assert [each for each in check(tmp_path / "store").checks if each.count] == []


def test_a_damaged_store_is_refused_by_name(tmp_path: Path) -> None:
    build_graph(PRODUCTS[:3], tmp_path)
    (tmp_path / "store" / "CURRENT").write_bytes(b"MANIF")
    with pytest.raises(DamagedGenerationError, match="store"):
        check(tmp_path / "store")


def test_a_folder_without_a_store_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DamagedGenerationError, match="nowhere"):
        check(tmp_path / "nowhere")
