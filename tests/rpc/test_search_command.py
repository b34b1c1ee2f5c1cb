"""`python -m engine search` against a real server, and what users' mistakes give."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from google.protobuf import json_format

from cartograph.v1 import search_service_pb2 as search
from engine.__main__ import main
from tests.rpc.fake_engine import FakeEngine
from tests.rpc.running import Running, running

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    for name in ("CARTOGRAPH_DATA", "CARTOGRAPH_TARGET", "CARTOGRAPH_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(FakeEngine()) as started:
        yield started


def test_the_table_shows_rank_score_id_title_brand_and_price(server: Running, capsys: Output) -> None:
    status = main(["search", "black chair", "--target", f"127.0.0.1:{server.server.port}"])

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert status == 0
    assert lines[0] == ["rank", "score", "id", "title", "brand", "price"]
    assert lines[1] == ["1", "1.0000", "c-1", "Black", "ink", "cartridge", "Tinto", "19.99", "EUR"]
    assert lines[2] == ["2", "0.5000", "g-1", "Garden", "chair", "Oak", "&", "Co"]
    assert ["gained", "Noir"] in lines


def test_explain_adds_parts_and_paths_below_the_title(server: Running, capsys: Output) -> None:
    main(["search", "black", "--explain", "--target", f"127.0.0.1:{server.server.port}"])

    out = capsys.readouterr().out
    assert "lexical +0.7500 (#1) rerank +0.2500 (#2)" in out
    assert '"black" -> color Black <- product' in out
    assert 'past query "black ink"' in out
    assert 'gained Noir: "black" -> color Black -> Noir' in out


def test_json_is_the_response_with_the_contracts_names(server: Running, capsys: Output) -> None:
    main(["search", "black", "--json", "--facet", "brand", "--target", f"127.0.0.1:{server.server.port}"])

    answer = json.loads(capsys.readouterr().out)
    assert answer["generation_id"] == "g-new"
    assert answer["results"][0]["product"]["category_path"] == ["Office", "Ink"]
    assert answer["total_size_exact"] is True
    parsed = json_format.ParseDict(answer, search.SearchProductsResponse())
    assert [facet.key for facet in parsed.facets] == ["brand"]


def test_no_hit_is_said_and_no_failure(server: Running, capsys: Output) -> None:
    status = main(["search", "zzz", "--target", f"127.0.0.1:{server.server.port}"])

    assert status == 0
    assert capsys.readouterr().out.startswith("No product was found.")


def test_the_servers_sentence_goes_to_stderr_with_exit_1(server: Running, capsys: Output) -> None:
    status = main(["search", "x", "--filter", "(", "--target", f"127.0.0.1:{server.server.port}"])

    out, err = capsys.readouterr()
    assert (status, out) == (1, "")
    assert err == "python -m engine search: filter has an open parenthesis.\n"


def test_no_server_is_one_sentence_with_exit_1(capsys: Output) -> None:
    status = main(["search", "x", "--target", "127.0.0.1:1"])

    assert status == 1
    assert "No server answers at 127.0.0.1:1: start one with `serve`" in capsys.readouterr().err


def test_a_missing_data_folder_is_one_sentence_with_exit_1(capsys: Output) -> None:
    status = main(["search", "x", "--data", "no/such/folder"])

    assert status == 1
    assert "no/such/folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve"],
        ["serve", "--data", "x", "--port", "http"],
        ["search", "x", "--page-size", "0"],
        ["search", "x", "--target", "h:1", "--data", "d"],
        ["serve", "--data", "x", "--config", "no/such/file.toml"],
    ],
)
def test_wrong_usage_is_one_sentence_with_exit_2(arguments: list[str], capsys: Output) -> None:
    assert main(arguments) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"python -m engine {arguments[0]}: ")
    assert len(err.splitlines()) == 1


def test_an_unknown_flag_is_wrong_usage(capsys: Output) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["serve", "--prot", "1"])

    assert raised.value.code == 2
    assert "unrecognized arguments: --prot" in capsys.readouterr().err
