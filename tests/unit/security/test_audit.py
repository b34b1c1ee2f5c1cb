"""The record of writes and administration."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.logs import configure_logs
from engine.security.audit import AuditEntry, AuditLog
from tests.quiet_logs import logs_as_they_were

__all__ = ["logs_as_they_were"]

ENTRY = AuditEntry("ops", "0123456789abcdef", "ActivateGeneration", "r-1", "ipv4:10.0.0.7:5", "OK")
FIELDS = {
    "caller": "ops",
    "key_id": "0123456789abcdef",
    "method": "ActivateGeneration",
    "request_id": "r-1",
    "peer": "ipv4:10.0.0.7:5",
    "outcome": "OK",
    "reason": "",
    "generation": "",
    "collection": "",
}


def test_a_file_gets_a_line_of_json_for_each_call_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path)

    log.check()
    log.write(ENTRY)
    log.write(ENTRY)

    first, second = (json.loads(line) for line in path.read_text().splitlines())
    assert first.pop("timestamp") <= second.pop("timestamp")
    assert first == second == FIELDS
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_name_cannot_begin_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"

    AuditLog(path).write(AuditEntry('x"}\n{"caller": "root', "", "M", "r", "p", "OK"))

    (line,) = path.read_text().splitlines()
    assert json.loads(line)["caller"] == 'x"}\n{"caller": "root'


def test_a_file_renamed_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path)

    log.write(ENTRY)
    path.rename(tmp_path / "audit.1")
    log.write(ENTRY)

    assert len(path.read_text().splitlines()) == len((tmp_path / "audit.1").read_text().splitlines()) == 1


def test_without_a_file_the_lines_are_in_the_log_under_a_name_of_their_own() -> None:
    stream = io.StringIO()
    configure_logs("info", "json", stream)

    AuditLog().write(ENTRY)

    line = json.loads(stream.getvalue())
    assert (line["event"], line["logger"]) == ("audit", "audit")
    assert line.items() >= FIELDS.items()


def test_a_line_that_cannot_be_written_is_an_error_in_the_log_and_not_lost(tmp_path: Path) -> None:
    stream = io.StringIO()
    configure_logs("error", "json", stream)

    AuditLog(tmp_path / "gone" / "audit.jsonl").write(ENTRY)

    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"]) == ("audit line not written", "error")
    assert line.items() >= FIELDS.items()


def test_a_file_that_cannot_be_written_is_found_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"audit log .* cannot be written: Is a directory"):
        AuditLog(tmp_path).check()
