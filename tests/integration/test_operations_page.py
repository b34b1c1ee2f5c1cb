"""Every command of docs/operations.md is run, in its order, in one folder."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import grpc
import pytest

from cartograph.v1 import (
    generation_service_pb2,
    generation_service_pb2_grpc,
    search_service_pb2,
    search_service_pb2_grpc,
)
from engine.deadline import Deadline
from engine.generation import LIVE, DataFolder
from tests.event_samples import click, event_book, events_in
from tests.integration.real_server import WAIT
from tests.signer import Signer
from tests.small_shop import SmallShop, active_generation, link_generation

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def blocks_of(section: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", SECTIONS[section], re.DOTALL)


def commands_of(section: str) -> list[str]:
    """The lines of its bash blocks, those that end in a backslash joined with the next."""
    return "".join(blocks_of(section, "bash")).replace("\\\n", "").splitlines()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: str, folder: Path, variables: dict[str, str]) -> Iterator[None]:
    """A server that has begun to serve, and is stopped as an operator stops it."""
    log = folder / "log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"], cwd=folder, env=variables, stderr=stderr
        )
    try:
        until = time.monotonic() + WAIT
        while not any(json.loads(line)["event"] == "serving" for line in log.read_text().splitlines()):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT) == 0, log.read_text()


def run_all(commands: Sequence[str], folder: Path, variables: dict[str, str]) -> None:
    """A command that serves goes on until the next one that serves."""
    with ExitStack() as server:
        for command in commands:
            if " serve " in command:
                server.close()
                server.enter_context(serving(command, folder, variables))
                continue
            finished = subprocess.run(
                ["bash", "-c", command],
                cwd=folder,
                env=variables,
                capture_output=True,
                text=True,
                timeout=WAIT,
                check=False,
            )
            assert finished.returncode == 0, f"{command}\n{finished.stdout}{finished.stderr}"


def run_python(text: str, variables: dict[str, str]) -> str:
    """What it prints; the page's server is the one that runs here."""
    finished = subprocess.run(
        [sys.executable, "-c", text.replace("localhost:50051", variables["CARTOGRAPH_TARGET"])],
        env=variables,
        timeout=WAIT,
        check=True,
        capture_output=True,
        text=True,
    )
    return finished.stdout


@pytest.fixture
def variables() -> dict[str, str]:
    return for_the_page()


def for_the_page() -> dict[str, str]:
    """The repository's python comes first, and servers take a port that is free."""
    port = str(free_port())
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CARTOGRAPH_")}
    return {
        **inherited,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "CARTOGRAPH_PORT": port,
        "CARTOGRAPH_TARGET": f"localhost:{port}",
        "CARTOGRAPH_METRICS_PORT": "0",
        "CARTOGRAPH_LOG_FORMAT": "json",
        "CARTOGRAPH_THREADS": "2",
    }


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the page's certificates")
def test_securing_a_server(tmp_path: Path, small_data: Path, variables: dict[str, str]) -> None:
    (tmp_path / "data").symlink_to(small_data)
    signer = Signer("RS256")
    signer.write_jwks(tmp_path / "jwks.json")
    (tmp_path / "token.jwt").write_text(signer.token())
    commands = commands_of("Securing a server")

    run_all(commands, tmp_path, variables)

    assert sum(" serve " in command for command in commands) == 3
    assert '"name": "operator"' in (tmp_path / "keys.json").read_text()
    assert '"name": "web-shop"' not in (tmp_path / "keys.json").read_text()


def test_folding_live_changes_into_a_generation(
    tmp_path: Path, small_data: Path, small_shop: SmallShop, variables: dict[str, str]
) -> None:
    """With a change that is made after the server has begun to serve, and what three shoppers asked."""
    section = "Folding live changes into a generation"
    data = tmp_path / "data"
    small = link_generation(active_generation(small_data), data)
    DataFolder(data).activate(small.id)
    shutil.copy(small_shop.queries, tmp_path)
    shutil.copy(small_shop.qrels, tmp_path)
    asked = [
        click(number, who, query="sultan's teapot", product=min(small_shop.product_ids))
        for number, who in enumerate(["anna", "bert", "cleo"])
    ]
    with closing(event_book(data)) as book:
        book.record(asked, Deadline.none())
    models = {f"CARTOGRAPH_{part.upper()}": str(small.part(part)) for part in ("encoder", "reranker")}
    variables |= {"CARTOGRAPH_GRAPH_MODELS": "false", **models}
    target = variables["CARTOGRAPH_TARGET"]
    (change,), (activation,) = (blocks_of(each, "python") for each in ("Changing products", section))
    serve, build, *others = commands_of(section)
    with serving(serve, tmp_path, variables), grpc.insecure_channel(target) as channel:
        assert run_python(change, variables) == "TEA-1 1\nTEA-1 2\n"
        run_all([build], tmp_path, variables)
        run_python(activation, variables)
        run_all(others, tmp_path, variables)
        status = generation_service_pb2_grpc.GenerationServiceStub(channel).GetServingStatus(
            generation_service_pb2.GetServingStatusRequest(), timeout=WAIT
        )
        suggested = search_service_pb2_grpc.SearchServiceStub(channel).SuggestQueries(
            search_service_pb2.SuggestQueriesRequest(prefix="sultan"), timeout=WAIT
        )

    assert [(each.query, each.past_count) for each in suggested.suggestions] == [("sultan's teapot", 3)]
    assert active_generation(data).manifest.event_sequence == 3
    assert " build --from-live " in build
    assert (status.generation.live_sequence, status.generation.product_count) == (2, 31)


BACKING_UP = "Backing up and restoring"


@pytest.fixture
def data(tmp_path: Path, small_data: Path) -> Path:
    """A data folder that may be replaced."""
    DataFolder(tmp_path / "data").activate(
        link_generation(active_generation(small_data), tmp_path / "data").id
    )
    return tmp_path / "data"


def test_backing_up_and_restoring(data: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    commands = commands_of(BACKING_UP)

    run_all(commands, tmp_path, variables)

    assert sum(" serve " in command for command in commands) == 3
    active = active_generation(data).id
    assert active_generation(tmp_path / "restored").id == active
    (replaced,) = tmp_path.glob("data.replaced-*")
    assert active_generation(replaced).id == active


def test_shoppers_data(data: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    """A backup is taken before the shopper is forgotten, and put back afterwards."""
    section = "Shoppers' data"
    serve, take, check_backup, restore, check = commands_of(section)
    record, forget = blocks_of(section, "python")

    with serving(serve, tmp_path, variables):
        assert run_python(record, variables) == "v-1 recorded\no-7-1 recorded\n"
        run_all([take, check_backup], tmp_path, variables)
        told = run_python(forget, variables).splitlines()
    assert told == ["2 events erased", f"still holds 2 of {tmp_path}/backups/with-events"]
    run_all([restore, check], tmp_path, variables)

    assert events_in(data / LIVE) == {}
    files = [path for path in (data / LIVE).iterdir() if path.is_file()]
    assert not any(b"teapot" in path.read_bytes() for path in files)


def test_the_scheduled_backups_are_what_cron_and_systemd_read(
    data: Path, tmp_path: Path, variables: dict[str, str]
) -> None:
    """A percent sign of a line of cron is a new line unless it is escaped; systemd runs no shell."""
    (line,) = "".join(blocks_of(BACKING_UP, "cron")).splitlines()
    *when, command = line.split(maxsplit=5)
    service, timer = (configparser.ConfigParser(interpolation=None) for _ in range(2))
    for unit, text in zip((service, timer), blocks_of(BACKING_UP, "ini"), strict=True):
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        unit.read_string(text)
    program, *arguments = service["Service"]["ExecStart"].split()
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])

    assert when == ["30", "2", "*", "*", "*"]
    assert not re.search(r"(?<!\\)%", command)
    here = command.replace("\\%", "%").replace("/srv/shop", str(tmp_path))
    systemd = [program.replace("/srv/shop", str(tmp_path)), *arguments]
    run_all([here, " ".join(systemd)], tmp_path, variables)

    assert re.fullmatch(r"\*-\*-\* \d\d:\d\d:\d\d", timer["Timer"]["OnCalendar"])
    assert service["Service"]["WorkingDirectory"] == "/srv/shop"
    assert {path.name for path in (tmp_path / "backups").iterdir()} >= {"daily"}
    assert len(list((tmp_path / "backups").glob("[1-7]/backup.json"))) == 1
