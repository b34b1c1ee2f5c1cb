"""`python -m engine doctor`: what this machine can do, each claim proved by running it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engine.backends import probes
from engine.backends.faiss_install import check_faiss_install
from engine.commands.machine import Machine
from engine.config import DoctorSettings, ServeSettings
from engine.deadline import Deadline
from engine.errors import EngineError
from engine.generation import DataFolder
from engine.logs import configure_logs
from engine.request import SearchRequest
from engine.rpc.server import Server

REINSTALL = "Install the package again: pip install --force-reinstall 'cartograph-search[cpu]'."
ONE_FAISS = "Keep one of the extras [cpu] and [gpu]; the sentence to the left says how."
NO_CUDA = "Serve with --device cpu, or repair the CUDA driver and install the extra [gpu]."
NO_NETWORK = "Allow programs to listen on 127.0.0.1."
BAD_DATA = "Build the data folder again with index_builder, or name another one with --data."


@dataclass(frozen=True, slots=True)
class Finding:
    """`advice` is empty when the check passed."""

    claim: str
    passed: bool
    evidence: str
    advice: str = ""


def doctor(settings: DoctorSettings, console: Console) -> int:
    """Prints facts and findings; 1 when something that the engine needs failed."""
    configure_logs("warning", "auto", sys.stderr)
    machine = Machine.read()
    findings = list(examine(settings.data))
    if settings.json_output:
        report = {"machine": asdict(machine), "findings": [asdict(finding) for finding in findings]}
        console.out(json.dumps(report, indent=2, ensure_ascii=False), highlight=False)
    else:
        _show(machine, findings, console)
    return 0 if all(finding.passed for finding in findings) else 1


def examine(data: Path | None) -> Iterator[Finding]:
    """CUDA is claimed, and proved, only where a package sees a device."""
    yield _check("one FAISS package", check_faiss_install, ONE_FAISS)
    for claim, probe in probes.CPU_PROBES.items():
        yield _check(claim, probe, REINSTALL)
    if probes.faiss_gpu_count():
        yield _check("vector search on cuda", probes.faiss_cuda_search, NO_CUDA)
    if probes.torch_gpu_count():
        yield _check("models on cuda, torch", lambda: probes.torch_matmul("cuda"), NO_CUDA)
    yield _check("gRPC server", _grpc_echo, NO_NETWORK)
    if data is not None:
        whole = _check("data folder", lambda: _data_folder(data), BAD_DATA)
        yield whole
        if whole.passed:
            yield _check("search in it", lambda: _search_in(data), BAD_DATA)


def _check(claim: str, probe: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(claim, True, probe())
    except EngineError as error:
        return Finding(claim, False, error.message, advice)
    except Exception as error:  # whatever a broken installation raises is the finding
        return Finding(claim, False, f"{type(error).__name__}: {error}", advice)


def _grpc_echo() -> str:
    server = Server(host="127.0.0.1", port=0, workers=1, max_inflight=1)
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            status = stub.Check(health_pb2.HealthCheckRequest(), timeout=10).status
    finally:
        server.drain(grace=0, timeout=0)
    if status != health_pb2.HealthCheckResponse.NOT_SERVING:
        raise probes.ProbeError(f"health said {status}, although nothing serves")
    return f"answered a health check on the free port {server.port}"


def _data_folder(data: Path) -> str:
    manifest = DataFolder.open(data).open_active(verify=True).manifest
    return (
        f"generation {manifest.id} is active and whole: {len(manifest.files)} files match their SHA-256, "
        f"{manifest.product_count} products"
    )


def _search_in(data: Path) -> str:
    from engine.bootstrap import open_engine

    engine = open_engine(data, ServeSettings(data=data, verify=False, slow_search_ms=0))
    try:
        query = engine.generations()[0].id  # any words do: vectors are near to everything to a degree
        result = engine.search(SearchRequest(query=query), Deadline.after(60))
    finally:
        engine.close()
    if not result.hits:
        raise probes.ProbeError("a search found nothing at all")
    milliseconds = sum(timing.seconds for timing in result.timings) * 1_000
    return f"a search of {result.total_size} candidates took {milliseconds:.1f} ms"


def _show(machine: Machine, findings: list[Finding], console: Console) -> None:
    for name, value in machine.lines():
        console.print(f"{name}: {value}", markup=False, highlight=False)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    failed = any(not finding.passed for finding in findings)
    for heading in ("claim", "", "evidence", *(("what to do",) if failed else ())):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        verdict = "[green]ok[/]" if finding.passed else "[red]FAILED[/]"
        advice = (escape(finding.advice),) if failed else ()
        table.add_row(finding.claim, verdict, escape(finding.evidence), *advice)
    console.print()
    console.print(table)
