"""What users' mistakes give: one sentence on stderr that names what is wrong, and a status that is not 0."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.files import sha256_of
from engine.generation import MANIFEST, DataFolder, FileRecord
from index_builder.vectors import build_vector_index
from tests.integration.commands import Outcome, typed
from tests.integration.conftest import GatedBuild
from tests.integration.real_server import RealServer
from tests.small_shop import (
    PRODUCTS,
    SmallShop,
    active_generation,
    damage,
    link_generation,
    rewrite,
)


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


def test_a_missing_catalogue_is_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    outcome = built(capfd, "--catalog", str(tmp_path / "none.jsonl"), "--out", str(tmp_path / "data"))

    assert outcome.sentence() == f"error: {tmp_path}/none.jsonl: there is no such file. Check the path."
    assert outcome.code == 1
    assert not (tmp_path / "data" / "current.json").exists()


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
        ("index_builder", ("build", "--out", "y"), "--catalog or --from-live is missing"),
        (
            "index_builder",
            ("build", "--out", "y", "--catalog", "x", "--from-live"),
            "--catalog and --from-live exclude each other",
        ),
        ("index_builder", ("prune", "--data", "x", "--keep", "-1"), "--keep"),
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


def test_an_update_of_nothing_is_told_before_anything_is_read(tmp_path: Path, small_shop: SmallShop) -> None:
    outcome = typed("index_builder", "build", *small_shop.flags(tmp_path / "data"), "--update")

    assert outcome.sentence().startswith("error: --update needs an active generation")
