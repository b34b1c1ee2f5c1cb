from __future__ import annotations

import json

import numpy as np
import pytest

from engine.__main__ import main
from engine.backends import probes
from engine.commands.doctor import examine
from engine.commands.machine import Machine

Output = pytest.CaptureFixture[str]


def test_every_claim_is_proved_here_and_said_as_json(capsys: Output) -> None:
    status = main(["doctor", "--json"])

    report = json.loads(capsys.readouterr().out)
    claims = {finding["claim"]: finding for finding in report["findings"]}
    assert set(probes.CPU_PROBES) | {"one FAISS package", "gRPC server"} <= set(claims)
    assert status == (0 if all(finding["passed"] for finding in report["findings"]) else 1)
    assert claims["vector search on cpu"]["passed"]
    assert "found the same 10 of 500 as numpy" in claims["vector search on cpu"]["evidence"]
    assert report["machine"]["cores"] >= 1
    assert "numpy" in report["machine"]["packages"]


def test_cuda_is_claimed_only_where_a_package_sees_a_device() -> None:
    claims = {finding.claim for finding in examine(None)}

    assert ("vector search on cuda" in claims) == (probes.faiss_gpu_count() > 0)
    assert ("models on cuda, torch" in claims) == (probes.torch_gpu_count() > 0)


def test_a_failed_claim_says_what_to_do_and_exits_1(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    def broken() -> str:
        raise probes.ProbeError("the result differs from numpy's")

    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(probes, "CPU_PROBES", {"vector search on cpu": broken})

    status = main(["doctor"])

    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("vector search"))
    assert status == 1
    assert "FAILED" in line
    assert "ProbeError: the result differs from numpy's" in line
    assert "pip install --force-reinstall" in line


def test_a_data_folder_that_is_none_fails_and_is_not_searched(capsys: Output) -> None:
    status = main(["doctor", "--json", "--data", "no/such/folder"])

    findings = {f["claim"]: f for f in json.loads(capsys.readouterr().out)["findings"]}
    assert status == 1
    assert "no/such/folder" in findings["data folder"]["evidence"]
    assert "search in it" not in findings


def test_a_search_that_misses_the_nearest_fails_the_probe() -> None:
    vectors, queries = probes._vectors()
    exact = queries @ vectors.T
    rows = np.argsort(-exact, axis=1)[:, 1:11]  # the best one is left out
    scores = np.take_along_axis(exact, rows, axis=1)

    with pytest.raises(probes.ProbeError, match="differs from numpy"):
        probes._check_search(vectors, queries, (scores, rows), probes.TOLERANCE)


def test_wrong_rows_with_right_scores_fail_the_probe() -> None:
    vectors, queries = probes._vectors()
    exact = queries @ vectors.T
    scores = -np.sort(-exact, axis=1)[:, :10]
    rows = np.zeros_like(scores, dtype=np.int64)

    with pytest.raises(probes.ProbeError, match="differs from numpy"):
        probes._check_search(vectors, queries, (scores, rows), probes.TOLERANCE)


def test_the_machine_tells_its_cores_memory_and_packages() -> None:
    machine = Machine.read()

    assert machine.memory_gib is None or machine.memory_gib > 0.1
    assert dict(machine.lines())["Python"].startswith(machine.python)
    assert machine.packages["numpy"] == np.__version__
