"""`python -m index_builder graph` as a user types it: what it prints, and what a mistake gets."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import networkx
import pyoxigraph
import pytest
from pyoxigraph import RdfFormat

from engine.text import normalise
from index_builder.commands.table import COMMANDS
from index_builder.config import EvaluateSettings
from index_builder.graph_config import EvaluateGraphSettings, GraphSettings
from tests.integration.commands import Outcome, typed
from tests.small_shop import PRODUCTS, active_generation

GRAPH_ACTIONS = COMMANDS["graph"].actions


def graph(data: Path, *arguments: str, **variables: str) -> Outcome:
    return typed("index_builder", "graph", *arguments, "--data", str(data), **variables)


def told(data: Path, *arguments: str) -> dict[str, object]:
    """What the action prints as JSON."""
    outcome = graph(data, *arguments, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    found: dict[str, object] = json.loads(outcome.out)
    return found


@pytest.fixture(scope="module")
def some_product(small_data: Path) -> str:
    products = active_generation(small_data).part("catalog") / "products.jsonl"
    return str(json.loads(products.read_text(encoding="utf-8").splitlines()[0])["id"])


def test_stats_count_what_the_manifest_counts(small_data: Path) -> None:
    stats = told(small_data, "stats", "--top", "3")
    table = graph(small_data, "stats", "--top", "3")

    manifest = active_generation(small_data).manifest
    assert stats["products"] == manifest.product_count == PRODUCTS
    assert stats["statement_total"] == manifest.statement_count
    assert isinstance(stats["connected"], list)
    assert len(stats["connected"]) == 3
    assert (table.code, table.err) == (0, "")
    for title in ("entities", "statements", "most connected", "products without"):
        assert title in table.out


def test_show_tells_names_statements_and_where_they_come_from(small_data: Path, some_product: str) -> None:
    shown = graph(small_data, "show", f"product:{some_product}")

    assert (shown.code, shown.err) == (0, "")
    assert f"urn:cartograph:product:{some_product}" in shown.out
    assert re.search(r"^brand .* catalogue +1\.00", shown.out, re.MULTILINE)


def test_show_of_an_entity_has_aliases_with_confidence_and_products(small_data: Path) -> None:
    (name,) = [
        entity["label"]
        for entity in told(small_data, "stats", "--top", "100")["connected"]  # type: ignore[attr-defined]
        if entity["kind"] == "brand"
    ][:1]
    shown = graph(small_data, "show", f"brand:{name}", "--sample", "2")

    assert re.search(r"^answers to .*\(1\.00\)", shown.out, re.MULTILINE)
    assert "products, the surest" in shown.out
    assert len(re.findall(r"product:\S+", shown.out)) >= 1


def test_path_leads_from_a_product_to_its_brand(small_data: Path, some_product: str) -> None:
    described = told(small_data, "show", f"product:{some_product}")["description"]
    (brand,) = [
        each["target"]["iri"]
        for each in described["statements"]  # type: ignore[index]
        if each["relation"] == "brand"
    ]
    path = graph(small_data, "path", f"product:{some_product}", brand)

    assert (path.code, path.err) == (0, "")
    assert "── brand ──>  catalogue, 1.00" in path.out


def test_no_path_is_an_answer(small_data: Path, some_product: str) -> None:
    outcome = graph(small_data, "path", f"product:{some_product}", "https://schema.org/Product")

    assert outcome.code == 0
    assert re.fullmatch(r"No way leads from .* to .*: within 6 statements.*\.\n", outcome.out)


def test_query_answers_from_text_and_from_a_file(small_data: Path, tmp_path: Path) -> None:
    sparql = "SELECT (COUNT(*) AS ?many) WHERE { ?product a <https://schema.org/Product> }"
    (tmp_path / "count.rq").write_text(sparql, encoding="utf-8")

    for query in (sparql, f"@{tmp_path / 'count.rq'}"):
        answer = told(small_data, "query", query)["answer"]
        assert answer["variables"] == ["many"]  # type: ignore[index]
        assert answer["rows"][0][0]["value"] == str(PRODUCTS)  # type: ignore[index]
    assert graph(small_data, "query", "ASK { ?s ?p ?o }").out == "yes\n"


def test_check_tells_every_rule(small_data: Path) -> None:
    report = told(small_data, "check")

    assert report["errors"] == 0
    assert report["checks"]


@pytest.mark.parametrize("form", ["ttl", "nt", "nq", "trig", "jsonld", "graphml"])
def test_export_writes_what_other_tools_read(small_data: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"graph.{form}"
    outcome = graph(small_data, "export", "--format", form, "--out", str(out))

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"{out}: ")
    if form == "graphml":
        assert networkx.read_graphml(out, force_multigraph=True).number_of_nodes() > PRODUCTS
    else:
        parsed = pyoxigraph.parse(path=out, format=RdfFormat.from_extension(form))
        assert sum(1 for _ in parsed) > PRODUCTS
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_an_ambiguous_name_lists_its_senses(small_data: Path) -> None:
    rows = told(small_data, "query", _LABELS, "--rows", "10000")["answer"]["rows"]  # type: ignore[index]
    labels = Counter(normalise(label["value"]) for label, _ in rows)
    shared = min(label for label, entities in labels.items() if entities > 1)
    outcome = graph(small_data, "show", shared)

    assert outcome.code == 1
    assert outcome.out.splitlines()[0].split()[:2] == ["short", "name"]
    (line,) = outcome.err.splitlines()
    assert re.fullmatch(rf"error: '{re.escape(shared)}' names \d+ entities; choose one by its .*", line)


_LABELS = "SELECT DISTINCT ?label ?entity { ?entity <http://www.w3.org/2004/02/skos/core#prefLabel> ?label }"

MISTAKES = [
    (("show", "zzzqqq"), 1, r"error: Nothing in the graph is called 'zzzqqq'\..*"),
    (("show", "product:nope-0000"), 1, r"error: Nothing in the graph is called 'product:nope-0000'\..*"),
    (("stats", "--generation", "g00"), 1, r"error: No generation has the id 'g00'\..*"),
    (("query", "INSERT DATA { <a:a> <a:a> <a:a> }"), 1, r"error: .* line 1, column 1: INSERT is an update.*"),
    (("query", "SELECT ?x {\n ?x"), 1, r"error: The query cannot run, line 2, column \d+: .*"),
    (("query", "SELECT * { ?s ?p ?o }", "--rows", "3"), 1, r"error: The answer has more than 3 rows.*"),
    (("query", "@absent.rq"), 1, r"error: The query file absent\.rq cannot be read: No such file.*"),
    (("export", "--format", "pdf", "--out", "x"), 2, r"error: --format is 'pdf': input should be 'ttl'.*"),
    (("export", "--format", "nt"), 2, r"error: --out is missing; give it.*"),
    (
        ("export", "--format", "nt", "--out", "absent/x"),
        1,
        r"error: absent/x cannot be written: No such file.*",
    ),
    (("view", "--out", "absent/x", "--max-nodes", "1"), 2, r"error: --max-nodes is '1': input should be.*"),
    (("path", "zzzqqq", "zzzqqq"), 1, r"error: Nothing in the graph is called 'zzzqqq'\..*"),
]


@pytest.mark.parametrize(("arguments", "code", "sentence"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_gets_one_sentence(
    small_data: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    outcome = graph(small_data, *arguments)

    assert outcome.code == code
    assert re.fullmatch(sentence, outcome.sentence())


def test_without_a_generation_there_is_one_sentence(tmp_path: Path) -> None:
    assert "There is no data folder" in graph(tmp_path / "absent", "stats").sentence()
    assert "No generation is active" in graph(tmp_path, "stats").sentence()


def test_a_query_is_stopped_when_its_time_is_up(small_data: Path) -> None:
    endless = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"

    assert "did not end within" in graph(small_data, "query", endless, "--seconds", "1").sentence()


@pytest.mark.parametrize("action", GRAPH_ACTIONS)
def test_help_states_every_setting_with_its_default(action: str) -> None:
    outcome = typed("index_builder", "graph", action, "--help")

    text = " ".join(outcome.out.split())
    stated = re.findall(r"\[(?:required|default: [^;]+); CARTOGRAPH_([A-Z_]+)\]", text)
    assert (outcome.code, outcome.err) == (0, "")
    assert {name.lower() for name in stated} == {*GRAPH_ACTIONS[action].settings.model_fields, "config"}


def test_the_settings_file_has_one_table_for_all_actions(small_data: Path, tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(f"[graph]\ndata = '{small_data}'\nmax_nodes = 40\nhub = 9\n", encoding="utf-8")

    assert typed("index_builder", "graph", "stats", "--config", str(config)).code == 0
    config.write_text("[graph]\nmax_nods = 40\n", encoding="utf-8")
    assert "'max_nods' in [graph] is no setting" in graph(small_data, "stats", "--config", str(config)).err


def test_every_key_of_an_action_may_stand_in_the_shared_table() -> None:
    keys = {key for command in GRAPH_ACTIONS.values() for key in command.settings.model_fields}

    assert keys - set(GraphSettings.model_fields) == set(GraphSettings.also_in_table)
    own = set(EvaluateGraphSettings.model_fields) - set(EvaluateSettings.model_fields)
    assert own == set(EvaluateSettings.also_in_table)


def test_evaluate_keeps_its_own_flags_beside_evaluate_graph() -> None:
    outcome = typed("index_builder", "evaluate")

    assert outcome.code == 2
    assert outcome.sentence().startswith("error: --data is missing;")


def write_labels(folder: Path) -> None:
    """One brand is labelled in the title "PrintNova 2540 All-in-One Inkjet Printer"; nothing else is."""
    labels = {
        "entities.tsv": "product_id start end label split\nOFF-0001 0 9 brand dev",
        "relation_products.tsv": "product_id split\nOFF-0001 dev",
        "relations.tsv": "product_id field start end relation split",
        "aliases.tsv": "kind product_id_a field_a index_a product_id_b field_b index_b same split",
        "categories.tsv": "product_id category_id also_right split",
    }
    for name, text in labels.items():
        (folder / name).write_text(text.replace(" ", "\t") + "\n", encoding="utf-8")


def test_evaluate_graph_measures_labels_of_each_split(small_data: Path, tmp_path: Path) -> None:
    write_labels(tmp_path)
    command = ("evaluate", "graph", "--data", str(small_data), "--gold", str(tmp_path))
    report, table = typed("index_builder", *command, "--json"), typed("index_builder", *command)

    assert (report.code, report.err) == (0, "")
    splits = json.loads(report.out)["splits"]
    assert set(splits) == {"dev", "test"}
    assert splits["dev"]["entities"]["titles"] == 1
    assert set(splits["dev"]["entities"]["by_type"]) == {"brand"}
    assert "entities read in titles" in table.out


def test_evaluate_graph_measures_each_layer_alone(small_data: Path, tmp_path: Path) -> None:
    write_labels(tmp_path)
    command = ("evaluate", "graph", "--data", str(small_data), "--gold", str(tmp_path), "--split", "dev")
    report = typed("index_builder", *command, "--layers", "--json")

    assert (report.code, report.err) == (0, "")
    alone = json.loads(report.out)["splits"]["dev"]["entities"]["alone"]
    assert set(alone) == {"gazetteer", "quantity", "tagger"}
    assert alone["gazetteer"]["recall"] == 1.0  # the brand is a field of the product, too
    assert alone["quantity"]["recall"] == 0.0
    assert "tagger alone" in typed("index_builder", *command, "--layers").out


def test_evaluate_graph_without_labels_is_one_sentence(small_data: Path, tmp_path: Path) -> None:
    absent = ("evaluate", "graph", "--data", str(small_data), "--gold", str(tmp_path / "absent"))

    assert typed("index_builder", *absent).sentence() == (
        f"error: There is no folder of labels at {tmp_path}/absent."
    )
