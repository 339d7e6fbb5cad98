"""What a dry run prints as a command is a command that the release then starts."""

import json
import re
import shlex
from pathlib import Path

import pytest

from support.cli import Cli
from support.repository import Repository

pytestmark = pytest.mark.usefixtures("index")

# Python runs this file before all else, in each process that has its folder on PYTHONPATH.
TRACE = """\
import json, os, sys

def trace(event, arguments):
    if event == "subprocess.Popen" and not isinstance(arguments[1], str):
        with open(FILE, "a", encoding="utf-8") as file:
            print(json.dumps([os.getpid(), [os.fsdecode(word) for word in arguments[1]]]), file=file)

sys.addaudithook(trace)
"""


def printed(output: str) -> list[list[str]]:
    """Return the commands that a dry run prints, in words."""
    return [shlex.split(line.partition("$ ")[2]) for line in output.splitlines() if re.search(r"(^|\s)\$ ", line)]


def started(command: list[str], commands: list[list[str]]) -> bool:
    """Whether a printed command was started; folders are not printed, and ids are not known before."""

    def same(word: str, real: str) -> bool:
        unknown = re.sub(r"<workspace>", ".+", re.sub(r"<(commit|tag\\? object)>", "[0-9a-f]{40}", re.escape(word)))
        return bool(re.fullmatch(unknown, real)) or (word == "python" and Path(real).name.startswith("python"))

    return any(len(command) == len(real) and all(map(same, command, real)) for real in commands)


def test_each_printed_command_is_started(repository: Repository, cli: Cli, tmp_path: Path) -> None:
    """Each command that a dry run prints is started by the release, word for word except for folders and ids."""
    hook = tmp_path / "trace"
    hook.mkdir()
    trace = tmp_path / "trace.jsonl"
    (hook / "sitecustomize.py").write_text(TRACE.replace("FILE", repr(str(trace))), encoding="utf-8")
    planned = cli("release", "--part", "minor", "--dry-run", cwd=repository.path)
    assert planned.code == 0, planned.err
    done = cli("release", "--part", "minor", "--yes", cwd=repository.path, env={"PYTHONPATH": str(hook)})
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in trace.read_text(encoding="utf-8").splitlines()]
    commands = [words for process, words in lines if process == lines[0][0]]
    promised = printed(planned.out)
    assert len(promised) >= 9
    assert [shlex.join(command) for command in promised if not started(command, commands)] == []
