"""A server as an operator runs it: a process of its own that is talked to through a socket."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.rpc.running import channel_to
from tests.stubs import Stubs

WAIT = 120.0
"""Seconds that a process or a call gets on a busy machine."""


@dataclass(frozen=True)
class RealServer(Stubs):
    process: subprocess.Popen[bytes]
    log: Path
    address: str
    channel: grpc.Channel


@contextmanager
def real_server(
    data: Path, folder: Path, *flags: str, credentials: grpc.ChannelCredentials | None = None
) -> Iterator[RealServer]:
    """`python -m engine serve` on a free port, healthy; killed at the end unless it has stopped by then.

    Its port file and log go into `folder`. With `credentials` the channel is encrypted.
    """
    port_file, log = folder / "port", folder / "log"
    command = [sys.executable, "-m", "engine", "serve", "--data", str(data), "--threads", "2"]
    command += ["--port", "0", "--port-file", str(port_file), "--metrics-port", "0"]
    command += ["--log-format", "json", *flags]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            address = _address(process, port_file, log)
            with channel_to(address, credentials) as channel:
                _wait_until_healthy(process, channel, log)
                yield RealServer(process, log, address, channel)
        finally:
            process.kill()


def _address(process: subprocess.Popen[bytes], port_file: Path, log: Path) -> str:
    until = time.monotonic() + WAIT
    while not port_file.exists():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until
        time.sleep(0.02)
    return f"127.0.0.1:{int(port_file.read_text().split()[0])}"


def _wait_until_healthy(process: subprocess.Popen[bytes], channel: grpc.Channel, log: Path) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    until = time.monotonic() + WAIT
    while True:
        answer = health.Check(health_pb2.HealthCheckRequest(), timeout=WAIT, wait_for_ready=True)
        if answer.status == health_pb2.HealthCheckResponse.SERVING:
            return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until
        time.sleep(0.02)
