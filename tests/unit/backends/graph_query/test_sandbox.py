"""What a child may, tried out in processes of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.backends.graph_query import sandbox

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces it")


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )


@linux
def test_no_socket_is_had_once_the_network_is_forbidden() -> None:
    done = run(
        "import socket; socket.socket().close()\n"
        "from engine.backends.graph_query import sandbox\n"
        "assert sandbox.forbid_network()\n"
        "socket.socket()"
    )

    assert done.stderr.splitlines()[-1] == "PermissionError: [Errno 13] Permission denied"


@linux
def test_a_query_that_reaches_a_service_anyway_finds_no_network() -> None:
    """The second wall: were SERVICE to pass the screen, the kernel would refuse the socket."""
    done = run(
        "import pyoxigraph\n"
        "from engine.backends.graph_query import sandbox\n"
        "assert sandbox.forbid_network()\n"
        "list(pyoxigraph.Store().query('SELECT * { SERVICE <http://127.0.0.1:8080/> { ?s ?p ?o } }'))"
    )

    assert "Permission denied" in done.stderr.splitlines()[-1]


@linux
def test_memory_grows_by_what_is_allowed_and_no_further() -> None:
    done = run(
        "from engine.backends.graph_query import sandbox\n"
        "sandbox.limit_memory(64 * 2**20)\n"
        "kept = bytearray(32 * 2**20)\n"
        "more = bytearray(64 * 2**20)"
    )

    assert done.stderr.splitlines()[-1] == "MemoryError"
    assert "line 4" in done.stderr


@linux
def test_a_process_whose_parent_is_gone_ends() -> None:
    done = run(
        "from engine.backends.graph_query import sandbox\nsandbox.die_with(1 << 30)\nprint('still here')"
    )

    assert (done.returncode, done.stdout) == (1, "")


def test_the_child_imports_nothing_heavy() -> None:
    done = run(
        "import sys, engine.backends.graph_query.process\n"
        "print(sorted({'torch', 'faiss', 'numpy', 'pyarrow', 'grpc', 'onnxruntime'} & set(sys.modules)))"
    )

    assert done.stdout == "[]\n"


@linux
def test_the_address_space_is_that_of_this_process() -> None:
    assert sandbox.address_space() > 2**20
