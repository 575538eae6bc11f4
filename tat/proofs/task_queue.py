"""A queue of tasks in an SQLite file, which survives a kill of its process at any point.

Each change is one transaction. A task records the id and start time of its process: if that process
is gone, another one can take the task up again.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tat.errors import BusyError, FileError
from tat.files import writing

State = Literal["pending", "running", "done", "failed"]

_APPLICATION, _VERSION = 0x74617451, 1  # SQLite's application_id and user_version
_PATIENCE = 30.0  # seconds to wait for another process's transaction; each takes milliseconds
_SCHEMA = """
CREATE TABLE task (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    pid INTEGER NOT NULL DEFAULT 0,
    started INTEGER NOT NULL DEFAULT 0,
    result TEXT NOT NULL DEFAULT ''
)
"""
_COLUMNS = "name, state, attempts, pid, started, result"


@dataclass(frozen=True)
class Task:
    """A task of the file."""

    name: str
    state: State
    attempts: int  # times begun since it was put in; 2 and more after a kill
    pid: int  # of the process that began it last
    started: int  # when that process did, in clock ticks since boot
    result: str  # its result, or why it failed

    @property
    def worked_on(self) -> bool:
        """Whether the process that began it still works on it."""
        return self.state == "running" and start_time(self.pid) == self.started


class Queue:
    """The tasks in one file."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; FileError if it is something else, or damaged."""
        self.path = path
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._reported():
            self._connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        try:
            with self._reported():  # a power cut takes back no result that was recorded
                self._connection.execute("PRAGMA synchronous = EXTRA")
            with self._transaction() as connection:
                _prepare(connection)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file; a task in work stays in work until the process ends."""
        self._connection.close()

    def __enter__(self) -> "Queue":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def put(self, states: Mapping[str, State]) -> None:
        """Set tasks to pending or done, and add new ones.

        A pending task keeps its attempts if its process was killed, and only then. BusyError if
        another process works on any task of the file.
        """
        with self._transaction() as connection:
            known = {task.name: task for task in _tasks(connection)}
            self._refuse_company(known.values())
            for name, state in states.items():
                killed = name in known and known[name].state == "running" and state == "pending"
                connection.execute(
                    "INSERT INTO task (name, state) VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
                    " SET state = excluded.state, result = '', attempts = attempts * ?",
                    (name, state, killed),
                )

    def begin(self, names: Sequence[str]) -> Task | None:
        """Take the first of these tasks that is pending, or that a killed process left.

        None if there is no such task; BusyError if another process works on any.
        """
        with self._transaction() as connection:
            tasks = {task.name: task for task in _tasks(connection)}
            self._refuse_company(tasks.values())
            known = (tasks[name] for name in names if name in tasks)
            task = next((t for t in known if t.state in ("pending", "running")), None)
            if task is None:
                return None
            connection.execute(
                "UPDATE task SET state = 'running', attempts = attempts + 1, pid = ?, started = ?"
                " WHERE name = ?",
                (os.getpid(), start_time(os.getpid()), task.name),
            )
            return next(t for t in _tasks(connection) if t.name == task.name)

    def finish(self, name: str, state: Literal["done", "failed"], result: str = "") -> None:
        """Record the result of a task."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE task SET state = ?, result = ? WHERE name = ?", (state, result, name)
            )

    def tasks(self) -> list[Task]:
        """All tasks, in no order."""
        with self._transaction() as connection:
            return _tasks(connection)

    def _refuse_company(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            if task.worked_on and task.pid != os.getpid():
                raise BusyError(
                    f"{self.path}: process {task.pid} is working on {task.name}; wait for it,"
                    " stop it, or use another folder"
                )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all changes of the block or none, with no other writer."""
        with self._reported():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn errors of SQLite into a FileError."""
        try:
            yield
        except sqlite3.OperationalError as error:  # locked, full, read-only, no folder
            raise FileError(f"cannot write {self.path}: {error}; see that it can be") from error
        except sqlite3.DatabaseError as error:
            raise FileError(f"{self.path}: damaged ({error}); delete it and run again") from error


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the table of a new file; check that another file is a queue."""
    kind = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if (kind, version) == (_APPLICATION, _VERSION):
        return
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise sqlite3.DatabaseError("no queue of this version of tat")
    connection.execute(_SCHEMA)
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def _tasks(connection: sqlite3.Connection) -> list[Task]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM task")
    return [Task(*row) for row in rows]


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None if it is gone or a zombie.

    Process ids alone are reused; proc(5), /proc/PID/stat, fields 3 and 22.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else int(fields[18])
