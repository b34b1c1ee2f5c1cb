"""The change log against a list: whatever is done to it in whatever order, by whichever of two writers, both
say the same.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.backends.change import LoggedRequest
from engine.backends.change_log import ChangeLog
from engine.errors import CompactedError
from tests.change_samples import Content, content, deletion, upsert

CHANGES = st.lists(
    st.builds(
        lambda product, version: upsert(product, version) if version else deletion(product),
        st.integers(0, 5),
        st.integers(0, 3),
    ),
    max_size=4,
)
REQUESTS = st.lists(
    st.builds(LoggedRequest, st.sampled_from(["", *"abcdefgh"]), st.binary(max_size=3), CHANGES), max_size=4
)


@dataclass
class Model:
    """Every change ever made, how many were compacted, and the outcome of every request id."""

    changes: list[Content] = field(default_factory=list)
    compacted: int = 0
    outcomes: dict[str, bytes] = field(default_factory=dict)

    def commit(self, requests: list[LoggedRequest]) -> list[range]:
        ranges = []
        for request in requests:
            start = len(self.changes) + 1
            if request.request_id not in self.outcomes:
                self.changes += map(content, request.changes)
                if request.request_id:
                    self.outcomes[request.request_id] = request.outcome
            ranges.append(range(start, len(self.changes) + 1))
        return ranges

    def kept(self) -> list[tuple[int, Content]]:
        return list(enumerate(self.changes, 1))[self.compacted :]

    def latest(self) -> list[tuple[int, Content]]:
        last = {change[0]: (sequence, change) for sequence, change in self.kept()}
        return sorted(last.values(), key=lambda each: each[0])


class ChangeLogMachine(RuleBasedStateMachine):
    @initialize()
    def create(self) -> None:
        self.folder = Path(mkdtemp(prefix="cartograph-log-"))
        self.open()
        self.model = Model()

    def open(self) -> None:
        self.log, self.other = ChangeLog.open(self.folder / "live"), ChangeLog.open(self.folder / "live")

    def close(self) -> None:
        for log in (self.log, self.other):
            log.close()

    def teardown(self) -> None:
        self.close()
        shutil.rmtree(self.folder)

    @rule()
    def let_the_other_go_on(self) -> None:
        self.log, self.other = self.other, self.log

    @rule(requests=REQUESTS)
    def commit(self, requests: list[LoggedRequest]) -> None:
        assert self.log.commit(requests) == self.model.commit(requests)

    @rule(share=st.floats(0, 1))
    def compact(self, share: float) -> None:
        upto = round(share * len(self.model.changes))
        assert self.log.compact(upto) == max(0, upto - self.model.compacted)
        self.model.compacted = max(upto, self.model.compacted)

    @rule()
    def open_one_again(self) -> None:
        self.log.close()
        self.log = ChangeLog.open(self.folder / "live")

    @rule()
    def open_both_again(self) -> None:
        self.close()
        self.open()

    @rule()
    def restore_from_a_backup(self) -> None:
        shutil.rmtree(self.folder / "backup", ignore_errors=True)
        self.log.back_up(self.folder / "backup")
        self.close()
        shutil.rmtree(self.folder / "live")
        (self.folder / "backup").rename(self.folder / "live")
        self.open()

    @rule(share=st.floats(0, 1), limit=st.integers(1, 9))
    def read_since(self, share: float, limit: int) -> None:
        start = round(share * len(self.model.changes))
        if start < self.model.compacted:
            with pytest.raises(CompactedError):
                self.log.since(start, limit)
            return
        expected = [(sequence, change) for sequence, change in self.model.kept() if sequence > start][:limit]
        assert [(change.sequence, content(change)) for change in self.log.since(start, limit)] == expected

    @rule()
    def read_latest(self) -> None:
        assert [(change.sequence, content(change)) for change in self.log.latest()] == self.model.latest()

    @rule(request_id=st.sampled_from(["", *"abcdefghi"]))
    def ask_for_an_outcome(self, request_id: str) -> None:
        assert self.log.outcome_of(request_id) == self.model.outcomes.get(request_id)

    @invariant()
    def the_end_is_known(self) -> None:
        if hasattr(self, "log"):
            assert self.log.last_sequence == len(self.model.changes)
            assert self.log.compacted == self.model.compacted


TestChangeLogModel = ChangeLogMachine.TestCase
TestChangeLogModel.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
