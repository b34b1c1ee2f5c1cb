"""`index_builder train`, from the command line to a model folder that a build takes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

import index_builder
from engine.backends.model_files import ModelSpec
from index_builder.__main__ import main
from index_builder.judgements import Judgements
from index_builder.train.cards.model_card import ModelCard
from index_builder.train.cards.query_hashes import query_hash
from tests.unit.index_builder.train.small_model import write_small_model

SAMPLE = Path(index_builder.__file__).parent / "sample"
CATALOG = ("--catalog", str(SAMPLE / "products.jsonl"))
EVALUATED = ("--evaluation-queries", str(SAMPLE / "queries.tsv"))
JUDGED = ("--queries", str(SAMPLE / "queries.tsv"), "--qrels", str(SAMPLE / "qrels.tsv"))
FEW_STEPS = ("--pairs", "128", "--batch-size", "32", "--threads", "1", "--dimension", "16")

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence encoder of two narrow layers."""
    folder = tmp_path_factory.mktemp("base")
    write_small_model(folder, pooling="mean")
    return folder / "model"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, base: Path, sample_data: Path) -> Path:
    """An encoder trained from the catalogue and its graph alone."""
    out = tmp_path_factory.mktemp("models") / "encoder"
    graph = ("--graph", str(sample_data))
    arguments = ["train", "encoder", *CATALOG, *graph, *EVALUATED, *FEW_STEPS]
    assert main([*arguments, "--base-model", str(base), "--out", str(out)]) == 0
    return out


def test_a_trained_encoder_comes_with_its_card_curves_and_history(trained: Path) -> None:
    card = ModelCard.read(trained)

    assert ModelSpec.read(trained).dimension == 32
    assert card is not None
    # What lies half way is told only where a step beat the base model.
    assert set(card.figures) - {"exported"} == {"base model", "trained", "int8 beside float32"}
    exported = card.figures.get("exported", card.figures["base model"])
    assert exported["score"] >= card.figures["base model"]["score"]
    assert 0.98 <= card.figures["int8 beside float32"]["mean_cosine"] <= 1.001
    assert card.figures["trained"]["score"] >= card.figures["base model"]["score"]
    assert {path.name for path in trained.iterdir()} == {
        *("spec.json", "tokenizer.json", "model.onnx", "torch"),
        *("card.json", "README.md", "curves.png", "history.jsonl", "runs"),
    }


def test_training_from_the_catalogue_alone_never_sees_the_queries_to_evaluate_with(
    trained: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, base: Path, sample_data: Path
) -> None:
    card = ModelCard.read(trained)
    assert card is not None
    assert [source.origin for source in card.sources] == ["graph"]

    graph = ("--graph", str(sample_data))
    arguments = ["train", "encoder", *CATALOG, *graph, *EVALUATED, *FEW_STEPS, "--preview", "--json"]
    assert main([*arguments, "--base-model", str(base), "--out", str(tmp_path)]) == 0

    shown = json.loads(capsys.readouterr().out)
    evaluated = Judgements.read(SAMPLE / "queries.tsv", SAMPLE / "qrels.tsv").queries.values()
    drawn = {query_hash(example["query"]) for example in shown["examples"]["graph"]}
    assert drawn.isdisjoint(map(query_hash, evaluated))
    assert shown["dropped"]["graph"]["asks what an evaluation query asks"] > 0


def test_judged_queries_are_listed_by_hash_and_file_and_no_build_is_measured_with_them(
    tmp_path: Path, base: Path, sample_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = ("--graph", str(sample_data))
    arguments = ["train", "encoder", *CATALOG, *graph, *JUDGED, *FEW_STEPS, "--base-model", str(base)]
    assert main([*arguments, "--out", str(tmp_path)]) == 0

    card = ModelCard.read(tmp_path)
    assert card is not None
    judged = next(source for source in card.sources if source.origin == "judgements")
    texts = Judgements.read(SAMPLE / "queries.tsv", SAMPLE / "qrels.tsv").queries.values()
    assert {*judged.query_hashes, *judged.held_out_hashes} == set(map(query_hash, texts))
    assert [file.name for file in judged.files] == ["queries.tsv", "qrels.tsv"]

    measured = ("--judged-queries", str(SAMPLE / "queries.tsv"), "--qrels", str(SAMPLE / "qrels.tsv"))
    built = ["build", *CATALOG, "--encoder", str(tmp_path), *measured, "--out", str(tmp_path / "data")]
    assert main(built) == 1
    assert "the encoder learned from" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_a_reranker_is_trained_with_a_teacher_and_a_student(
    tmp_path: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = ("--draws", "100", "--pairs", "300", "--teacher-layers", "2", "--layers", "1", "--threads", "1")
    arguments = ["train", "reranker", *CATALOG, *EVALUATED, *sizes, "--json"]
    assert main([*arguments, "--base-model", str(base), "--out", str(tmp_path)]) == 0

    report = json.loads(capsys.readouterr().out)
    assert [stage["name"] for stage in report["stages"]] == ["binary", "listwise", "student"]
    assert report["layers"] == 1
    card = ModelCard.read(tmp_path)
    assert card is not None
    assert 0.8 <= card.figures["int8 beside float32"]["tau"] <= 1
    assert not (tmp_path / "work").exists()


def test_a_dry_run_says_what_it_would_take_and_writes_no_model(
    tmp_path: Path, base: Path, sample_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "encoder", *CATALOG, "--graph", str(sample_data), *FEW_STEPS, "--dry-run", "--json"]
    assert main([*arguments, "--base-model", str(base), "--out", str(tmp_path)]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["seconds"] > 0
    assert found["memory_mib"] > 0
    assert not (tmp_path / "spec.json").exists()


def test_weights_are_fitted_but_do_not_rank_where_there_are_too_few_judgements(
    tmp_path: Path, sample_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (SAMPLE / "queries.tsv").read_text(encoding="utf-8").splitlines()
    few = tmp_path / "few.tsv"
    few.write_text("\n".join(lines[:31]) + "\n", encoding="utf-8")
    judged = ("--queries", str(few), "--qrels", str(SAMPLE / "qrels.tsv"))
    out = tmp_path / "fusion"

    assert main(["train", "fusion", "--data", str(sample_data), *judged, "--out", str(out), "--json"]) == 0

    weights = json.loads((out / "fusion.json").read_text(encoding="utf-8"))
    assert not weights["learned"]
    assert "50 are the least" in weights["reason"]
    assert ModelCard.read(out) is not None
    assert json.loads(capsys.readouterr().out)["weights"]["learned"] is False


def judged_again(folder: Path) -> tuple[str, ...]:
    """The sample's judgements, and once more for some queries with a word added: enough to fit weights to."""
    some = tuple(
        line.split("\t")[0]
        for line in (SAMPLE / "queries.tsv").read_text(encoding="utf-8").splitlines()[1:15]
    )
    for name, added in (("queries.tsv", " please"), ("qrels.tsv", "")):
        header, *lines = (SAMPLE / name).read_text(encoding="utf-8").splitlines()
        again = [f"again-{line}{added}" for line in lines if line.split("\t")[0] in some]
        (folder / name).write_text("\n".join([header, *lines, *again]) + "\n", encoding="utf-8")
    return ("--queries", str(folder / "queries.tsv"), "--qrels", str(folder / "qrels.tsv"))


@pytest.mark.long
def test_a_killed_fusion_goes_on_from_what_it_has_searched(
    tmp_path: Path, sample_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--data", str(sample_data), *judged_again(tmp_path), "--threads", "2")
    arguments = ["train", "fusion", *given, "--json"]
    assert main([*arguments, "--out", str(tmp_path / "whole")]) == 0
    whole = json.loads(capsys.readouterr().out)

    out = tmp_path / "killed"
    block = out / "work" / "checkpoints" / "lists-000000.npz"
    command = [sys.executable, "-m", "index_builder", *arguments, "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        while not block.exists():
            assert running.poll() is None
            time.sleep(0.02)
        running.kill()
    assert not (out / "fusion.json").exists()
    assert main([*arguments, "--out", str(out), "--resume"]) == 0

    assert json.loads(capsys.readouterr().out) == whole
    assert not (out / "work").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--queries", str(SAMPLE / "queries.tsv")), "--queries and --qrels go together"),
        (("--base-model", "./no-such-model"), "There is no folder no-such-model"),
        (("--graph", "no-such-data"), "There is no data folder at no-such-data"),
        (("--teacher", "no-such-reranker"), "There is no folder no-such-reranker"),
        (("--resume",), "resume"),
        (("--evaluation-queries", "missing.tsv"), "missing.tsv: there is no such file"),
        (("--events", "missing.jsonl"), "missing.jsonl"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    flags: tuple[str, ...],
    said: str,
    base: Path,
    tmp_path: Path,
    sample_data: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {"--base-model": str(base), "--graph": str(sample_data)}
    kept = [word for name, value in given.items() if name not in flags for word in (name, value)]

    status = main(["train", "encoder", *CATALOG, *kept, *FEW_STEPS, *flags, "--out", str(tmp_path)])

    told = capsys.readouterr().err.strip()
    assert status == 1
    assert said in told
    assert "\n" not in told
    assert not (tmp_path / "spec.json").exists()


def test_a_graph_of_another_catalogue_is_refused(
    tmp_path: Path, base: Path, small_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "encoder", *CATALOG, "--graph", str(small_data), "--base-model", str(base)]

    assert main([*arguments, "--out", str(tmp_path)]) == 1
    assert "was built from another catalogue (30 products)" in capsys.readouterr().err
