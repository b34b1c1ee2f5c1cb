"""A real server process for benchmarks and tests."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc


@dataclass(frozen=True, slots=True)
class RunningServer:
    """`address` is a target for gRPC; it names each of several processes by its own port."""

    address: str
    pid: int


@contextmanager
def running_server(data: Path, *flags: str, threads: int = 2, start_seconds: float = 120) -> Iterator[str]:
    """The address of a server, see `running_process`."""
    with running_process(data, *flags, threads=threads, start_seconds=start_seconds) as server:
        yield server.address


@contextmanager
def running_process(
    data: Path, *flags: str, threads: int = 2, start_seconds: float = 120
) -> Iterator[RunningServer]:
    """Start `python -m engine serve` on a free port, wait until it is healthy, stop it with SIGTERM."""
    with tempfile.TemporaryDirectory() as folder:
        port_file, log = Path(folder) / "port", Path(folder) / "log"
        command = [sys.executable, "-m", "engine", "serve", "--data", str(data), "--port", "0"]
        command += ["--port-file", str(port_file), "--metrics-port", "0", "--threads", str(threads), *flags]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            yield RunningServer(_wait(process, port_file, log, start_seconds), process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=60)
        if code:
            raise RuntimeError(f"The server ended with {code}: {log.read_text()[-2000:]}")


@contextmanager
def connections(address: str, count: int) -> Iterator[list[grpc.Channel]]:
    """Channels with connections of their own, that give each process of a server its turn."""
    in_turn = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})
    own = [("grpc.use_local_subchannel_pool", 1), ("grpc.service_config", in_turn)]
    with ExitStack() as channels:
        yield [channels.enter_context(grpc.insecure_channel(address, options=own)) for _ in range(count)]


def _wait(process: subprocess.Popen[bytes], port_file: Path, log: Path, seconds: float) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with {process.returncode}: {log.read_text()[-2000:]}")
        if port_file.exists() and port_file.read_text().strip():
            port, *own = port_file.read_text().split()
            address = "ipv4:" + ",".join(f"127.0.0.1:{each}" for each in own or [port])
            if _healthy(address):
                return address
        time.sleep(0.05)
    raise RuntimeError(f"The server was not healthy after {seconds} s: {log.read_text()[-2000:]}")


def _healthy(address: str) -> bool:
    with grpc.insecure_channel(address) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
