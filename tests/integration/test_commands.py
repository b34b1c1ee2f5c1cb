"""The command lines from outside: what they print, and their exit status."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from engine.config import (
    BackupSettings,
    CheckSettings,
    DoctorSettings,
    RestoreSettings,
    SearchSettings,
    ServeSettings,
    Settings,
)
from engine.generation import DataFolder, FileRecord
from index_builder.config import BuildSettings, EvaluateSettings, InspectSettings
from index_builder.publish import NOT_REPRODUCIBLE
from tests.integration.commands import typed
from tests.integration.conftest import GatedBuild
from tests.integration.real_server import RealServer
from tests.small_shop import (
    BAD_LINE,
    PRODUCTS,
    SmallShop,
    active_generation,
)

METRICS = {"ndcg@10", "judged_ndcg@10", "judged@10", "recall@100", "mrr"}
COMMANDS: list[tuple[str, type[Settings]]] = [
    ("index_builder", BuildSettings),
    ("index_builder", EvaluateSettings),
    ("index_builder", InspectSettings),
    ("engine", ServeSettings),
    ("engine", SearchSettings),
    ("engine", BackupSettings),
    ("engine", RestoreSettings),
    ("engine", CheckSettings),
    ("engine", DoctorSettings),
]


def test_a_build_says_what_it_did_and_where(gated_build: GatedBuild) -> None:
    out = gated_build.outcome.out
    for step in ("read and clean", "graph: read texts", "train reranker", "embed products", "publish"):
        assert re.search(rf"^{step} .* \d+\.\d s", out, re.MULTILINE)
    assert re.search(r"^generation g[0-9a-f]{16} in \d+ s$", out, re.MULTILINE)
    assert "Traceback" not in gated_build.outcome.err


def test_a_generation_below_the_gate_is_published_but_not_activated(gated_build: GatedBuild) -> None:
    (generation,) = DataFolder(gated_build.data).list()

    assert gated_build.outcome.code == 3
    (line,) = gated_build.outcome.err.splitlines()
    assert re.fullmatch(r"not activated: nDCG@10 is 0\.\d{4}, below the gate of 1\.0\.", line)
    assert not generation.active
    assert DataFolder(gated_build.data).pointer() is None
    assert generation.product_count == PRODUCTS


def test_the_same_input_and_seed_build_the_same_files(gated_build: GatedBuild, small_data: Path) -> None:
    """Built once in this process and once in another, into different folders."""
    one = active_generation(small_data).manifest
    (other,) = DataFolder(gated_build.data).manifests()

    def kept(files: dict[str, FileRecord]) -> dict[str, str]:
        return {
            name: record.sha256 for name, record in files.items() if not name.startswith(NOT_REPRODUCIBLE)
        }

    assert kept(dict(other.files)) == kept(dict(one.files))
    assert other.id == one.id
    assert replace(other, files={}, created=one.created) == replace(one, files={})


def test_a_malformed_line_is_set_aside_with_its_number_and_the_build_goes_on(small_data: Path) -> None:
    report = active_generation(small_data).part("report")
    (row,) = [json.loads(line) for line in (report / "quarantine.jsonl").read_text().splitlines()]

    assert row["line"] == BAD_LINE
    assert row["file"].endswith("products.jsonl")
    assert "OFF-9999" in json.dumps(row)
    assert active_generation(small_data).manifest.product_count == PRODUCTS


def test_evaluate_as_json_has_the_keys_that_other_tools_read(small_shop: SmallShop, small_data: Path) -> None:
    judged = ("--queries", str(small_shop.queries), "--qrels", str(small_shop.qrels))
    outcome = typed("index_builder", "evaluate", "--data", str(small_data), *judged, "--ablate", "--json")

    assert (outcome.code, outcome.err) == (0, "")
    report = json.loads(outcome.out)
    assert set(report) == {"queries", "in_sample", "seen", "runs", "ci"}
    assert (report["in_sample"], report["seen"]) == (False, {})
    assert set(report["runs"]) == set(report["ci"]) == {"full", "graph", "fused", "dense", "lexical"}
    for name, figures in report["runs"].items():
        assert set(figures) == METRICS
        for metric, value in figures.items():
            lower, upper = report["ci"][name][metric]
            assert 0 <= lower <= value <= upper <= 1
    # The build measured the same generation on the same judgements.
    assert report["runs"]["full"] == dict(active_generation(small_data).manifest.evaluation)


def test_inspect_lists_generations_with_their_whole_ids(small_data: Path) -> None:
    generation = active_generation(small_data)
    table = typed("index_builder", "inspect", "--data", str(small_data), COLUMNS="80")
    listed = json.loads(typed("index_builder", "inspect", "--data", str(small_data), "--json").out)
    one = json.loads(
        typed(
            *("index_builder", "inspect", "--data", str(small_data)), "--generation", generation.id, "--json"
        ).out
    )

    assert table.code == 0
    assert generation.id in table.out
    assert [(each["id"], each["active"]) for each in listed["generations"]] == [(generation.id, True)]
    assert (one["id"], one["product_count"]) == (generation.id, PRODUCTS)
    assert set(one["bytes"]) >= {"catalog", "encoder", "graph", "lexical", "queries", "reranker", "vectors"}


def test_search_in_process_and_over_a_server_print_the_same(server: RealServer, sample_data: Path) -> None:
    query = ("search", "esspresso machine", "--page-size", "3", "--json", "--explain")
    in_process = typed("engine", *query, "--data", str(sample_data))
    over_grpc = typed("engine", *query, "--target", server.address)

    assert (in_process.code, over_grpc.code) == (0, 0)
    one, other = json.loads(in_process.out), json.loads(over_grpc.out)
    assert [hit["product"] for hit in one["results"]] == [hit["product"] for hit in other["results"]]
    assert one["results"][0]["product"]["title"].startswith("Brewalta Presto")
    assert one["expansion_info"]["corrections"] == [{"written": "esspresso", "read_as": "espresso"}]
    assert (len(one["results"]), one["results"][0]["rank"]) == (3, 1)
    assert one["generation_id"] == other["generation_id"] == active_generation(sample_data).id


def test_search_prints_a_table_for_people(server: RealServer) -> None:
    outcome = typed("engine", "search", "couch", "--target", server.address, "--page-size", "2")

    head, first, *_ = outcome.out.splitlines()
    assert (outcome.code, outcome.err) == (0, "")
    assert head.split() == ["rank", "score", "id", "title", "brand", "price"]
    assert re.match(r" +1 +\d+\.\d{4} +HOM-\d{4} +\S.* EUR", first)


def test_doctor_proves_its_claims_on_a_whole_data_folder(small_data: Path) -> None:
    outcome = typed("engine", "doctor", "--data", str(small_data), "--json")

    assert outcome.code == 0, outcome.out
    report = json.loads(outcome.out)
    findings = {finding["claim"]: finding for finding in report["findings"]}
    assert all(finding["passed"] for finding in findings.values())
    assert f"{PRODUCTS} products" in findings["data folder"]["evidence"]
    assert "a search of" in findings["search in it"]["evidence"]
    assert report["machine"]["cores"] >= 1


@pytest.mark.parametrize(("program", "model"), COMMANDS, ids=lambda value: getattr(value, "table", value))
def test_help_states_every_setting_with_its_default(program: str, model: type[Settings]) -> None:
    outcome = typed(program, model.table, "--help")

    text = " ".join(outcome.out.split())
    assert (outcome.code, outcome.err) == (0, "")
    stated = re.findall(r"\[(required|default: [^;]+); CARTOGRAPH_([A-Z_]+)\]", text)
    assert {name.lower() for _, name in stated} == {*model.model_fields, "config"}
    if "json_output" in model.model_fields:
        assert " --json " in text
