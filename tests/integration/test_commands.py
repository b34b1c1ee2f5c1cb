"""The command lines from outside: what they print, their exit status, and what users' mistakes give."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from engine.config import DoctorSettings, SearchSettings, ServeSettings, Settings
from engine.files import sha256_of
from engine.generation import MANIFEST, DataFolder, FileRecord
from index_builder.config import BuildSettings, EvaluateSettings, InspectSettings
from index_builder.publish import NOT_REPRODUCIBLE
from index_builder.vectors import build_vector_index
from tests.integration.commands import Outcome, typed
from tests.integration.real_server import RealServer
from tests.small_shop import (
    BAD_LINE,
    PRODUCTS,
    SmallShop,
    active_generation,
    damage,
    link_generation,
    rewrite,
)

METRICS = {"ndcg@10", "judged_ndcg@10", "judged@10", "recall@100", "mrr"}
COMMANDS: list[tuple[str, type[Settings]]] = [
    ("index_builder", BuildSettings),
    ("index_builder", EvaluateSettings),
    ("index_builder", InspectSettings),
    ("engine", ServeSettings),
    ("engine", SearchSettings),
    ("engine", DoctorSettings),
]


@dataclass(frozen=True)
class GatedBuild:
    """The small shop, built by the command line, with a relevance gate that nothing passes."""

    data: Path
    outcome: Outcome


@pytest.fixture(scope="module")
def gated_build(tmp_path_factory: pytest.TempPathFactory, small_shop: SmallShop) -> GatedBuild:
    data = tmp_path_factory.mktemp("gated") / "data"
    return GatedBuild(data, typed("index_builder", "build", *small_shop.flags(data), "--min-ndcg", "1.0"))


def test_a_build_says_what_it_did_and_where(gated_build: GatedBuild) -> None:
    out = gated_build.outcome.out
    for step in ("read and clean", "knowledge graph", "train reranker", "embed products", "publish"):
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
    assert set(report) == {"queries", "runs", "ci"}
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


def test_a_missing_catalogue_is_one_sentence(tmp_path: Path) -> None:
    flags = ("--catalog", str(tmp_path / "none.jsonl"), "--out", str(tmp_path / "data"))

    outcome = typed("index_builder", "build", *flags)

    assert outcome.sentence() == f"error: {tmp_path}/none.jsonl: there is no such file. Check the path."
    assert outcome.code == 1
    assert not (tmp_path / "data" / "current.json").exists()


def built(capfd: pytest.CaptureFixture[str], *flags: str) -> Outcome:
    """The build command without a process of its own, since starting one takes seconds."""
    from index_builder.__main__ import main

    code = main(["build", *flags])
    out, err = capfd.readouterr()
    # Steps that were done before the mistake was met are no part of what is said of it.
    return Outcome(code, "" if code else out, err)


@pytest.fixture
def catalog(tmp_path: Path, small_shop: SmallShop) -> Path:
    return Path(shutil.copy(small_shop.catalog, tmp_path))


def test_an_unreadable_mapping_is_one_sentence(
    tmp_path: Path, catalog: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mapping = tmp_path / "ours.toml"
    mapping.write_text("[fields\nid = 'sku'\n")

    outcome = built(
        capfd, "--catalog", str(catalog), "--out", str(tmp_path / "data"), "--mapping", str(mapping)
    )

    assert outcome.sentence().startswith(f"error: {mapping}: this mapping is not readable TOML (")


def test_a_catalogue_of_bad_rows_alone_is_refused_and_they_are_kept_in_a_file(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    catalog, data = tmp_path / "bad.jsonl", tmp_path / "data"
    catalog.write_text('{"id": "A"\nnothing\n[1]\n')

    outcome = built(capfd, "--catalog", str(catalog), "--out", str(data))

    assert f"{data / 'quarantine.jsonl'}: " in outcome.sentence()
    rows = [json.loads(line) for line in (data / "quarantine.jsonl").read_text().splitlines()]
    assert [row["line"] for row in rows] == [1, 2, 3]
    assert DataFolder(data).list() == ()


@pytest.mark.parametrize("given", ["judged-queries", "qrels"])
def test_queries_and_judgements_go_together(
    given: str, tmp_path: Path, catalog: Path, small_shop: SmallShop, capfd: pytest.CaptureFixture[str]
) -> None:
    flags = ("--catalog", str(catalog), "--out", str(tmp_path / "data"))

    outcome = built(capfd, *flags, f"--{given}", str(getattr(small_shop, given.removeprefix("judged-"))))

    assert outcome.sentence() == "error: --judged-queries and --qrels go together: give both or neither."


def test_an_out_folder_that_is_a_file_is_one_sentence(
    tmp_path: Path, catalog: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").write_text("a file")

    outcome = built(capfd, "--catalog", str(catalog), "--out", str(tmp_path / "data"))

    assert str(tmp_path / "data") in outcome.sentence()
    assert (tmp_path / "data").read_text() == "a file"


def test_an_unknown_base_model_is_one_sentence(
    tmp_path: Path, catalog: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = ("--catalog", str(catalog), "--out", str(tmp_path / "data"))

    outcome = built(capfd, *flags, "--base-model", str(tmp_path / "no-model"))

    assert f"{tmp_path}/no-model" in outcome.sentence()
    assert DataFolder(tmp_path / "data").list() == ()


def test_serving_without_a_data_folder_is_one_sentence(tmp_path: Path) -> None:
    flags = ("--data", str(tmp_path / "none"), "--port", "0", "--metrics-port", "0")

    outcome = typed("engine", "serve", *flags, "--log-level", "error")

    assert f"There is no data folder at {tmp_path / 'none'}." in outcome.sentence()


def test_serving_what_was_never_activated_is_one_sentence(gated_build: GatedBuild) -> None:
    flags = ("--data", str(gated_build.data), "--port", "0", "--metrics-port", "0")

    outcome = typed("engine", "serve", *flags, "--log-level", "error")

    assert f"No generation is active in {gated_build.data}." in outcome.sentence()


def test_a_port_in_use_is_one_sentence(server: RealServer, small_data: Path) -> None:
    port = server.address.rpartition(":")[2]

    outcome = typed("engine", "serve", "--data", str(small_data), "--port", port, "--metrics-port", "0")

    assert f"cannot listen on 127.0.0.1:{port}" in outcome.sentence()
    assert outcome.code == 1


@pytest.mark.parametrize(
    "file", ["vectors/index.faiss", "encoder/model.onnx", "graph/entities.arrow", "catalog/products.jsonl"]
)
def test_a_damaged_file_is_refused_by_its_name(tmp_path: Path, small_data: Path, file: str) -> None:
    generation = link_generation(active_generation(small_data), tmp_path)
    DataFolder(tmp_path).activate(generation.id)
    damage(generation.folder / file)

    searched = typed("engine", "search", "ink", "--data", str(tmp_path))

    assert f"{generation.folder / file} does not match its SHA-256" in searched.sentence()


def test_a_missing_file_is_refused_by_its_name_whatever_reads_it(
    tmp_path: Path, small_data: Path, small_shop: SmallShop
) -> None:
    generation = link_generation(active_generation(small_data), tmp_path)
    DataFolder(tmp_path).activate(generation.id)
    (missing := generation.folder / "reranker" / "model.onnx").unlink()
    data = ("--data", str(tmp_path))
    judged = ("--queries", str(small_shop.queries), "--qrels", str(small_shop.qrels))

    for outcome in (
        typed("engine", "search", "ink", *data, "--no-verify"),
        typed("engine", "serve", *data, "--port", "0", "--metrics-port", "0", "--log-level", "error"),
        typed("index_builder", "evaluate", *data, *judged),
        typed("index_builder", "inspect", *data, "--generation", generation.id),
    ):
        assert f"{missing} is missing." in outcome.sentence()
    doctor = json.loads(typed("engine", "doctor", *data, "--json").out)
    (finding,) = [each for each in doctor["findings"] if not each["passed"]]
    assert finding["claim"] == "data folder"
    assert str(missing) in finding["evidence"]


def test_an_encoder_that_does_not_fit_the_index_is_one_sentence(tmp_path: Path, small_data: Path) -> None:
    generation = link_generation(active_generation(small_data), tmp_path)
    vectors = np.random.default_rng(0).standard_normal((PRODUCTS, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    shutil.rmtree(generation.part("vectors"))
    build_vector_index(vectors, generation.part("vectors"), target_recall=0.95, seed=0, threads=1)
    files = {
        name: FileRecord((generation.folder / name).stat().st_size, sha256_of(generation.folder / name))
        for name in generation.manifest.files
        if (generation.folder / name).exists()
    }
    rewrite(generation.folder / MANIFEST, replace(generation.manifest, files=files).to_json().encode())
    DataFolder(tmp_path).activate(generation.id)

    outcome = typed("engine", "search", "ink", "--data", str(tmp_path))

    assert "The encoder emits 384 dimensions, the index holds 8." in outcome.sentence()


@pytest.mark.parametrize(
    ("program", "arguments", "named"),
    [
        ("engine", ("serve", "--data", "x", "--workers", "none"), "--workers"),
        ("engine", ("search", "x", "--data", "x", "--page-size", "500"), "--page-size"),
        ("index_builder", ("build", "--catalog", "x", "--out", "y", "--min-ndcg", "2"), "--min-ndcg"),
        ("index_builder", ("evaluate", "--data", "x", "--queries", "q"), "--qrels"),
        ("index_builder", ("inspect",), "--data"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_flag_is_named_and_exits_2(program: str, arguments: tuple[str, ...], named: str) -> None:
    outcome = typed(program, *arguments)

    assert named in outcome.sentence()
    assert outcome.code == 2


@pytest.mark.parametrize(
    ("program", "arguments", "variables"),
    [
        ("engine", ("serve", "--data", "x"), {"CARTOGRAPH_PORT": "http"}),
        ("index_builder", ("build", "--catalog", "x", "--out", "y"), {"CARTOGRAPH_SEED": "often"}),
    ],
    ids=["engine", "index_builder"],
)
def test_a_wrong_variable_is_named_and_exits_2(
    program: str, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    outcome = typed(program, *arguments, **variables)

    (variable,) = variables
    assert variable in outcome.sentence()
    assert outcome.code == 2


@pytest.mark.parametrize(
    ("program", "command", "content", "named"),
    [
        ("engine", ("serve", "--data", "x"), "[serve]\nport = 99999\n", "port in [serve]"),
        ("engine", ("serve", "--data", "x"), "[serve]\nprot = 1\n", "'prot' in [serve]"),
        ("index_builder", ("inspect", "--data", "x"), "[inspct]\n", "[inspct]"),
        ("index_builder", ("inspect", "--data", "x"), "[inspect\n", "is not TOML"),
    ],
)
def test_a_wrong_key_of_a_settings_file_is_named_and_exits_2(
    tmp_path: Path, program: str, command: tuple[str, ...], content: str, named: str
) -> None:
    config = tmp_path / "cartograph.toml"
    config.write_text(content)

    outcome = typed(program, *command, "--config", str(config))

    assert str(config) in outcome.sentence()
    assert named in outcome.sentence()
    assert outcome.code == 2
