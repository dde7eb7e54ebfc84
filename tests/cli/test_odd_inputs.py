"""Odd inputs: what each ends with, in a sentence, an exit code, and no file lost. Exit codes: CONTRIBUTING.md."""

import os
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.cli import odd
from tests.cli.odd import Odd, classes_called, write
from tests.cli.odd_rows import COLLECT, ROWS, WITH_MODEL
from tests.conftest import Built

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands run in."""
    odd.fill(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return tmp_path


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_an_odd_input_ends_in_a_sentence_and_no_file_is_lost(folder: Path, row: Odd) -> None:
    if row.prepare:
        row.prepare(folder)
    before = odd.snapshot(folder)
    odd.check(row, *odd.run(folder, row))
    assert before.items() <= odd.snapshot(folder).items()


@pytest.fixture
def with_model(folder: Path, built: Built) -> Path:
    """The folder with a copy of a model, a photo, and a whole work folder with its recipe."""
    shutil.copytree(built.work, folder / "work", copy_function=os.link)
    shutil.copyfile(built.recipe, folder / "tiny.toml")
    shutil.copytree(built.model, folder / "model", ignore=shutil.ignore_patterns("*.pkl", "*.safetensors", "*.fp16.*"))
    shutil.copyfile(next((built.work / "photos").glob("*/*.jpg")), folder / "photo.jpg")
    return folder


@pytest.mark.parametrize("row", WITH_MODEL, ids=[row.name for row in WITH_MODEL])
def test_so_it_does_where_there_is_a_model(with_model: Path, row: Odd) -> None:
    test_an_odd_input_ends_in_a_sentence_and_no_file_is_lost(with_model, row)


def test_a_fresh_clone_of_an_empty_space_is_filled(with_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (".git/HEAD", ".gitattributes", "README.md"):
        write(f"clone/{name}", name)(with_model)
    monkeypatch.chdir(with_model / "clone")
    row = Odd("", "publish ../tiny.toml --work ../work --to . --form cpu", 0, r"Space in \.")
    odd.check(row, *odd.run(with_model, row))
    assert Path(".git/HEAD").read_text() == ".git/HEAD" and Path("app.py").is_file()
    assert "filter=lfs" in Path(".gitattributes").read_text(), "a Space takes large files only so"


# In programs of their own: what only a real terminal, disk or network shows.


def program(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recognizer", *words], capture_output=True, text=True, env=os.environ | environment
    )


@pytest.mark.parametrize(
    ("environment", "code", "says"),
    [
        ({"PYTHONIOENCODING": "ascii"}, 0, r"\u041a\u043d\u0438\u0433\u0430: 1, as many"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0"}, 1, "only have letters of ascii here"),
    ],
)
def test_a_real_terminal_that_has_no_such_letters(
    folder: Path, environment: dict[str, str], code: int, says: str
) -> None:
    classes_called("tote", "Книга")(folder)
    done = program(*COLLECT.split(), **environment)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False) and says in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("redirection", "code", "says"),
    [
        ("> /dev/full", 1, "the disk is full"),
        ("> file", 1, "the disk is full"),
        (">&- 2>&-", 0, ""),
        ("| true", 0, ""),
    ],
)
def test_nobody_reads_what_is_printed(folder: Path, redirection: str, code: int, says: str) -> None:
    line = f"unset PYTHONUNBUFFERED; ulimit -f 0; {sys.executable} -B -m recognizer --version {redirection}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
    assert (done.returncode, len(done.stderr.splitlines())) == (code, bool(says)) and says in done.stderr


def test_a_disk_that_is_full_is_one_sentence_and_the_same_command_goes_on(folder: Path) -> None:
    row = Odd(
        "", COLLECT, 1, r"cannot be (written|used) .*free some space there, and run the command again: it goes on"
    )
    odd.draw(folder / "photos" / "tote" / "large.jpg", 99, side=900)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))
    try:
        odd.check(row, *odd.run(folder, row))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    row = Odd("", COLLECT, 0, r"stored +7 ")
    odd.check(row, *odd.run(folder, row))


def test_a_port_that_another_program_has(folder: Path) -> None:
    odd.commanded(COLLECT)(folder)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        row = Odd(
            "",
            f"review bags --port {port}",
            1,
            rf"Port {port} at 127\.0\.0\.1 cannot be used .*--port 0 for a free one",
        )
        odd.check(row, *odd.run(folder, row))


@contextmanager
def started(*words: str) -> Iterator[str]:
    """Start a page behind proxies which are not there, on a free port, and give its address."""
    proxies = {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9"}
    command = [sys.executable, "-u", "-m", "recognizer", *words, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | proxies) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[2]
        finally:
            process.kill()


def test_a_review_needs_no_proxy_and_finds_a_free_port(folder: Path) -> None:
    odd.commanded(COLLECT)(folder)
    with started("review", "bags", "--name", "ada") as address:
        assert "review" in httpx.get(address, trust_env=False).text.lower()


@pytest.mark.slow
def test_serving_needs_no_proxy_and_finds_a_free_port(with_model: Path) -> None:
    with started("serve", "tiny.toml", "--work", "work") as address:
        assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 200


def test_the_table_is_long() -> None:
    rows = [*ROWS, *WITH_MODEL]
    assert len(rows) >= 60 and len({row.name for row in rows}) == len(rows)
