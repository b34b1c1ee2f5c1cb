"""A scratch folder goes with its process, however that ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from engine.backends.scratch_folder import ScratchFolder

HOLDER = """
import sys, time
from pathlib import Path
from engine.backends.scratch_folder import ScratchFolder
folder = ScratchFolder("words-", Path(sys.argv[1]))
(folder.path / "part").write_text("half a file")
print(folder.path, flush=True)
time.sleep(60)
"""


def test_closing_removes_the_folder_and_its_lock_and_may_be_done_twice(tmp_path: Path) -> None:
    folder = ScratchFolder("words-", tmp_path)
    (folder.path / "part").write_text("content")

    folder.close()
    folder.close()

    assert list(tmp_path.iterdir()) == []


def test_the_next_process_removes_what_a_killed_one_left_and_nothing_of_one_that_lives(
    tmp_path: Path,
) -> None:
    other = tmp_path / "another-folder"
    other.mkdir()
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        held = Path(holder.stdout.readline().strip())
        beside = ScratchFolder("words-", tmp_path)
        assert (held / "part").read_text() == "half a file"
        holder.kill()

    after = ScratchFolder("words-", tmp_path)

    assert sorted(path for path in tmp_path.iterdir() if path.is_dir()) == sorted(
        [other, beside.path, after.path]
    )
    beside.close()
    after.close()
    assert list(tmp_path.iterdir()) == [other]
