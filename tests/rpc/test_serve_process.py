"""The serve command as a process: ports, signals, exit status."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cartograph.v1 import search_service_pb2 as search
from cartograph.v1 import search_service_pb2_grpc
from tests.rpc.running import Refusal

START = 30.0
"""Seconds that a process gets to start on a busy machine."""


@dataclass
class Process:
    popen: subprocess.Popen[str]
    log: Path
    port: int

    def health(self) -> int:
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            return int(stub.Check(health_pb2.HealthCheckRequest(), timeout=START).status)

    def wait_until_serving(self) -> None:
        until = time.monotonic() + START
        while self.health() != health_pb2.HealthCheckResponse.SERVING:
            assert time.monotonic() < until
            time.sleep(0.02)

    def events(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.log.read_text().splitlines()]


@contextmanager
def serving(folder: Path, *flags: str, load: str = "0") -> Iterator[Process]:
    port_file, log = folder / "port", folder / "log"
    command = [sys.executable, "-m", "tests.rpc.serve_fake", "--data", str(folder), "--port", "0"]
    command += ["--port-file", str(port_file), "--metrics-port", "0", *flags]
    with (
        log.open("w") as stderr,
        subprocess.Popen(command, stderr=stderr, text=True, env={**os.environ, "FAKE_LOAD": load}) as popen,
    ):
        try:
            until = time.monotonic() + START
            while not port_file.exists() and popen.poll() is None:
                assert time.monotonic() < until
                time.sleep(0.02)
            yield Process(popen, log, int(port_file.read_text()) if port_file.exists() else 0)
        finally:
            popen.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_exits_0(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path, "--drain-grace", "0.1") as process:
        process.wait_until_serving()
        with grpc.insecure_channel(f"127.0.0.1:{process.port}") as channel:
            stub = search_service_pb2_grpc.SearchServiceStub(channel)
            in_flight = stub.SearchProducts.future(search.SearchProductsRequest(query="wait"), timeout=START)
            time.sleep(0.3)
            process.popen.send_signal(number)
            answer = in_flight.result(timeout=START)
        status = process.popen.wait(START)

    assert answer.generation_id == "g-new"
    assert status == 0
    assert process.events() == ["listening", "serving", "draining", "call", "stopped"]


def test_it_listens_while_it_loads_and_serves_its_metrics(tmp_path: Path) -> None:
    with serving(tmp_path, load="1.5") as process:
        assert process.health() == health_pb2.HealthCheckResponse.NOT_SERVING
        with grpc.insecure_channel(f"127.0.0.1:{process.port}") as channel:
            stub = search_service_pb2_grpc.SearchServiceStub(channel)
            with pytest.raises(grpc.RpcError) as raised:
                stub.SearchProducts(search.SearchProductsRequest(query="chair"), timeout=START)
        process.wait_until_serving()
        metrics_port = json.loads(process.log.read_text().splitlines()[0])["metrics_port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=START) as page:
            text = page.read().decode()

    assert Refusal.of(raised.value).info.reason == "NOT_SERVING"
    assert 'cartograph_batch_size_sum{model="encoder"} 4.0' in text
    assert 'cartograph_serving_generation{collection="",device="cpu",generation="g-new"} 1.0' in text


def test_a_signal_while_loading_ends_it_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, "--drain-grace", "0", load="60") as process:
        process.popen.send_signal(signal.SIGTERM)
        status = process.popen.wait(START)

    assert status == 0


def test_an_engine_that_cannot_be_opened_is_one_sentence_and_exit_1(tmp_path: Path) -> None:
    with serving(tmp_path, load="fail") as process:
        status = process.popen.wait(START)

    assert status == 1
    assert process.log.read_text().splitlines()[-1] == "No generation is active."
    assert "Traceback" not in process.log.read_text()


def test_a_port_in_use_is_one_sentence_and_exit_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving(tmp_path, "--port", str(port)) as process:
            status = process.popen.wait(START)

    assert status == 1
    assert process.log.read_text() == (
        f"The server cannot listen on 127.0.0.1:{port}: Address already in use. Stop what listens there, or "
        "choose another --port.\n"
    )
