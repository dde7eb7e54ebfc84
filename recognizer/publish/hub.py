"""Pushes files to a repository on the Hugging Face Hub, and waits until a Space runs.

hub = Hub(print)                                     # HF_TOKEN or the Hub's own login; HF_ENDPOINT is honoured
pushed = hub.push(Repository("me/bags", "space", sdk="static"), files, note)
hub.wait(repository, pushed, watch)
"""

import logging
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token, set_client_factory
from huggingface_hub.errors import RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import logging as hub_logging
from huggingface_hub.utils._http import default_client_factory
from huggingface_hub.utils.tqdm import disable_progress_bars

from recognizer.errors import RecognizerError
from recognizer.publish.hub_errors import no_token, no_whole_token, told
from recognizer.publish.repository import Files, Pushed, Repository, check_holder, is_there, size_of
from recognizer.report import Watch, unwatched

SILENT = 120.0  # seconds without a byte after which a connection counts as lost
SOONEST, LATEST = 0.5, 5.0  # seconds between two looks at a Space, which become rarer
PATIENCE = 900.0  # seconds that a Space may take to start
FORMER = 60.0  # seconds in which a Space may still tell of what ran before
LINES = 8  # of a log, the last
BUILDING = {"BUILDING", "RUNNING_BUILDING", "APP_STARTING", "RUNNING_APP_STARTING"}
IDLE = {"PAUSED", "STOPPED", "SLEEPING"}


class Hub:
    """The Hub, as whoever runs this.

    Args:
        say: is told in a sentence what is about to take long.

    Raises:
        RecognizerError: there is no token.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        token = get_token()
        if not token:
            raise no_token()
        if not token.isascii() or not token.isprintable():
            raise no_whole_token()
        set_client_factory(_client)
        hub_logging.set_verbosity(logging.ERROR)
        _tell_waiting(say)
        if not sys.stderr.isatty():
            disable_progress_bars()
        self._api = HfApi(token=token)
        self._say = say

    def push(self, repository: Repository, files: Files, note: Callable[[], None], is_squashed: bool = False) -> Pushed:
        """Make a repository hold just these files, in one commit; nothing is sent that is there already.

        Args:
            repository: made if it is missing.
            files: all that shall be in it.
            note: is called before anything is sent, once the Hub has opened the repository, and it holds nothing else.
            is_squashed: whether what it held before is to be gone for good, too.

        Raises:
            RecognizerError: the Hub refuses, cannot be reached, or the repository holds something else.
        """
        with told(repository):
            commit = self._opened(repository)
            there = self._listed(repository, commit)
            check_holder(repository, there, lambda: self._is_untouched(repository))
            note()
            new = [path for path, data in files.items() if not is_there(there.get(path), data)]
            gone = sorted(there.keys() - files.keys() - {".gitattributes"})
            size = sum(size_of(files[path]) for path in new)
            if new or gone:
                self._say(f"Sending {len(new)} files, {size / 1e6:.1f} MB, to {repository.url}.")
                commit = self._commit(repository, {path: files[path] for path in new}, gone, commit)
            if is_squashed:
                commit = self._squash(repository)
            return Pushed(commit, len(new), len(gone), size)

    def _opened(self, repository: Repository) -> str:
        """See to it that a repository is there, and as private as it shall be; return its commit."""
        name, kind = repository.name, repository.kind
        try:
            info = self._api.repo_info(name, repo_type=kind)
        except RepositoryNotFoundError:
            self._api.create_repo(
                name,
                repo_type=kind,
                private=repository.private or None,
                exist_ok=True,
                space_sdk=repository.sdk,
                space_hardware=repository.hardware,  # type: ignore[arg-type]
            )
            info = self._api.repo_info(name, repo_type=kind)
        if repository.private and not info.private:
            self._api.update_repo_settings(name, repo_type=kind, private=True)
        return str(info.sha)

    def _listed(self, repository: Repository, commit: str) -> dict[str, RepoFile]:
        entries = self._api.list_repo_tree(repository.name, repo_type=repository.kind, recursive=True, revision=commit)
        return {entry.path: entry for entry in entries if isinstance(entry, RepoFile)}

    def _is_untouched(self, repository: Repository) -> bool:
        return len(self._api.list_repo_commits(repository.name, repo_type=repository.kind)) == 1

    def _commit(self, repository: Repository, new: Files, gone: Iterable[str], parent: str) -> str:
        """Commit on top of the commit whose files were listed, or not at all; return the new one."""
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            *(CommitOperationDelete(path, is_folder=False) for path in gone),
            *(CommitOperationAdd(path, data) for path, data in new.items()),
        ]
        name, kind = repository.name, repository.kind
        made = self._api.create_commit(name, operations, commit_message="Publish", repo_type=kind, parent_commit=parent)
        return str(made.oid)

    def _squash(self, repository: Repository) -> str:
        """Leave of a repository just what it holds now: neither earlier commits nor large files that only they had."""
        name, kind = repository.name, repository.kind
        self._api.super_squash_history(name, repo_type=kind)
        commit = str(self._api.repo_info(name, repo_type=kind).sha)
        used = {file.lfs.sha256 for file in self._listed(repository, commit).values() if file.lfs}
        unused = [file for file in self._api.list_lfs_files(name, repo_type=kind) if file.file_oid not in used]
        self._api.permanently_delete_lfs_files(name, unused, repo_type=kind, rewrite_history=False)
        return commit

    def wait(self, repository: Repository, pushed: Pushed, watch: Watch = unwatched) -> None:
        """Wait until a Space runs what was pushed to it.

        Args:
            repository: the Space.
            pushed: of `push`.
            watch: is told what the Space does, and for how many seconds it has been waited.

        Raises:
            RecognizerError: it does not start; the message has the last lines of its log.
        """
        with told(repository):
            self._ask_for_hardware(repository)
            begun = time.monotonic()
            while (waited := time.monotonic() - begun) < PATIENCE:
                runtime = self._api.get_space_runtime(repository.name)
                is_former = runtime.raw.get("sha") not in (None, pushed.commit) and waited < FORMER
                if runtime.stage not in BUILDING and not is_former:
                    return self._end(repository, str(runtime.stage), runtime.raw)
                watch(f"waiting for the Space, {_plain(runtime.stage)}", round(waited), 0)
                time.sleep(min(LATEST, max(SOONEST, waited / 10)))
        raise RecognizerError(
            f"{repository.url} has not started in {PATIENCE / 60:.0f} minutes; look at its page, and run the command "
            "again to wait on: nothing is sent twice."
        )

    def _ask_for_hardware(self, repository: Repository) -> None:
        """Ask for the hardware of a Space that was made before, for another form."""
        wanted = repository.hardware
        if wanted and self._api.get_space_runtime(repository.name).requested_hardware != wanted:
            self._api.request_space_hardware(repository.name, wanted)  # type: ignore[arg-type]

    def _end(self, repository: Repository, stage: str, raw: Mapping[str, Any]) -> None:
        """Return where a Space runs, and otherwise say why it does not."""
        if stage == "RUNNING":
            return
        if stage in IDLE:
            raise RecognizerError(f"{repository.url} is {_plain(stage)}; start it again on its page.")
        lines = self._last_lines(repository, is_build=stage == "BUILD_ERROR")
        said = " / ".join(lines) or str(raw.get("errorMessage") or "it has no log")
        raise RecognizerError(f"{repository.url} does not start ({_plain(stage)}). Its log ends so: {said}")

    def _last_lines(self, repository: Repository, is_build: bool) -> list[str]:
        lines = self._api.fetch_space_logs(repository.name, build=is_build)
        return [text for line in list(lines) if (text := " ".join(line.split()))][-LINES:]


def _client() -> Any:
    """Return an HTTP client that does not wait forever."""
    client = default_client_factory()
    client.timeout = SILENT
    return client


class _Waiting(logging.Handler):
    """Says that the library waits before it asks again, without the addresses that it would name."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = say

    def emit(self, record: logging.LogRecord) -> None:
        if found := re.search(r"(?:Waiting|Retrying in) (\d+)", record.getMessage()):
            self._tell(f"The Hub or the network is in trouble; it is asked again in {found[1]} s.")


def _tell_waiting(say: Callable[[str], None]) -> None:
    logger = logging.getLogger("huggingface_hub.utils._http")
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    logger.handlers = [_Waiting(say)]


def _plain(stage: str) -> str:
    return str(stage).lower().replace("_", " ")
