"""What belongs together: lines of one session that tell of one execution.

- ``parse`` and ``bind`` come before the ``execute`` of the same text; their times go into its metadata.
- ``statement: …`` or ``execute …: …`` of log_statement comes before a ``duration`` without a text.
- auto_explain writes its plan when the executor ends: before the duration of a simple statement, or of
  one that changes rows; behind that of a SELECT of the extended protocol, when its portal is dropped. In
  a transaction that is shortly before the ``bind`` of what comes next. So an ``execute`` is held until
  its session goes on.
- A plan that belongs to no line of a duration is an execution itself: a nested statement, or one faster
  than log_min_duration_statement. auto_explain runs over the text as a whole, so a text of several
  statements has several plans and one duration; then the slowest plan is kept.

What waits is dropped or given away when the log has grown by `WAITS_BYTES` since (a statement whose end
is awaited: by `RUNS_BYTES`), or when more than `MOST_SESSIONS` wait.

A parser that begins again at `Pairing.held_from` gives some executions a second time, at the same offset,
by which they are known: perhaps without their plan or the time of parse and bind, if those came before.
Only a plan behind its execution would be taken for another one, so reading begins again before both; and
where the log is so busy that they overlap without an end, or goes on in another file, such a plan is known
by the bind that follows.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from collector.intake.tails.base import Execution
from collector.intake.tails.postgresql.plans import plan_of, query_of, tells_of
from collector.intake.tails.postgresql.sessions import Done, Key, Running, Session

WAITS_BYTES: Final = 1 << 20
RUNS_BYTES: Final = 16 << 20
MOST_SESSIONS: Final = 1_000
MOST_PLANS: Final = 64
# Durations are told to the microsecond, and a plan's is taken by another clock.
_SLACK_MS = 0.1


class Pairing:
    """Takes lines in the log's order; ``out`` are the executions that are complete."""

    def __init__(self) -> None:
        self.out: list[Execution] = []
        self.sessions: dict[Key, Session] = {}
        self._cut_until = 0
        self._late: deque[tuple[int, int]] = deque()  # an execution and the plan behind it
        self._timed = {
            "statement": self._statement,
            "execute": self._execute,
            "bind": self._bind,
            "parse": self._parse,
            "plan": self._plan,
        }

    def begin(self, offset: int) -> None:
        """Reading begins here: what comes soon may belong to lines before, or to another file's."""
        self._cut_until = offset + WAITS_BYTES

    # Lines. ----------------------------------------------------------------------------------------

    def timed(self, kind: str, key: Key, line: Execution) -> None:
        """A line with a duration and a text."""
        self._timed[kind](self._session(key, line.offset), line)
        if kind == "statement":
            del self.sessions[key]  # nothing waits: its next statement has the short way

    def runs(self, key: Key, line: Running) -> None:
        """A line of log_statement."""
        session = self._session(key, line.offset)
        self._give(session)
        if not line.executes:
            session.parse = session.bind = None
        session.running = line

    def bare(self, key: Key, line: Execution) -> None:
        """A duration without a text. Where nothing is known to run it is that of a parse or a bind."""
        session = self.sessions.get(key)
        if session is None or session.running is None:
            return
        self._expire(session, line.offset)
        running, session.running = session.running, None
        if running is None:  # for too long
            return
        line = line._replace(sql=running.sql)
        if running.executes:
            self._execute(session, line, running.offset)
        else:
            self._statement(session, line)

    def failed(self, key: Key) -> None:
        """What ran has failed: it has no duration."""
        if session := self.sessions.pop(key, None):
            self._give(session)

    # What they mean. -------------------------------------------------------------------------------

    def _statement(self, session: Session, line: Execution) -> None:
        self._flush_done(session)
        session.parse = session.bind = session.running = session.told = None
        self.out.append(self._with_plan(session, line))

    def _execute(self, session: Session, line: Execution, since: int | None = None) -> None:
        if session.done:
            self._flush_done(session)
        session.is_cut = False
        since = line.offset if since is None else since
        if session.bind or session.parse:
            since, line = session.with_times(since, line)
        session.parse = session.bind = session.running = session.told = None
        if session.plans:
            line = self._with_plan(session, line)
        if line.plan is None:
            session.done = Done(since, line)
        else:
            self.out.append(line)

    def _bind(self, session: Session, line: Execution) -> None:
        self._drop_late(session)
        session.is_cut = False
        if session.done or session.plans:
            self._give(session)
        session.bind, session.told = line, None

    def _parse(self, session: Session, line: Execution) -> None:
        self._drop_late(session)
        self._flush_plans(session)
        session.parse, session.bind = line, None

    @staticmethod
    def _drop_late(session: Session) -> None:
        """No execution of this session was seen, and it speaks the extended protocol: its plan is late."""
        if session.is_cut and session.plans:
            session.plans = []

    def _plan(self, session: Session, line: Execution) -> None:
        body = line.sql or ""
        if session.done and tells_of(body, session.done.execution.sql or ""):
            since, execution = session.done
            self.out.append(execution._replace(plan=plan_of(body, execution.sql)))
            self._late.append((since, line.offset))
            session.done = None
        elif session.told is not None and tells_of(body, session.told):
            session.told = None
        else:
            if session.plans and not _is_same_text_of_several(session.plans[-1], line):
                self._flush_plans(session)
            session.plans.append(line)
            if len(session.plans) > MOST_PLANS:
                self.out.append(_as_execution(session.plans.pop(0)))

    def _with_plan(self, session: Session, line: Execution) -> Execution:
        """The line with what auto_explain wrote of it before; all else that it wrote is given away."""
        plans, session.plans = session.plans, []
        mine: list[Execution] = []
        if plans and tells_of(plans[-1].sql or "", line.sql or ""):
            left_ms = line.duration_ms + _SLACK_MS
            while plans and plans[-1].duration_ms <= left_ms:
                left_ms -= plans[-1].duration_ms
                mine.append(plans.pop())
        self.out.extend(map(_as_execution, plans))
        if not mine:
            return line
        slowest = max(mine, key=lambda plan: plan.duration_ms)
        return line._replace(plan=plan_of(slowest.sql or "", line.sql))

    # What waits. -----------------------------------------------------------------------------------

    def quiet(self) -> None:
        """Nothing comes for now: what may have a plan has none. What runs goes on running."""
        for session in self.sessions.values():
            self._give(session)

    def settle(self, offset: int) -> None:
        """The log is read up to ``offset``: give away or drop what waits for too long."""
        for session in self.sessions.values():
            self._expire(session, offset)
        while self._late and self._late[0][1] < offset - WAITS_BYTES:
            self._late.popleft()

    def held_from(self, others: int | None) -> int | None:
        """Where to begin again, so that no line that waits is missed; ``others`` wait elsewhere."""
        found = [others, *(session.since() for session in self.sessions.values())]
        held = min((since for since in found if since is not None), default=None)
        for since, plan in reversed(self._late):
            if held is None or plan < held:
                break
            held = min(held, since)
        return held

    def _session(self, key: Key, offset: int) -> Session:
        session = self.sessions.pop(key, None)
        if session is None:
            session = Session(offset, offset < self._cut_until)
            if len(self.sessions) >= MOST_SESSIONS:
                self._give(self.sessions.pop(next(iter(self.sessions))))
        else:
            self._expire(session, offset)
        self.sessions[key] = session  # the one that spoke last is the last to be dropped
        return session

    def _expire(self, session: Session, offset: int) -> None:
        early = offset - WAITS_BYTES
        if session.oldest >= early:
            return
        if session.parse and session.parse.offset < early:
            session.parse = None
        if session.bind and session.bind.offset < early:
            session.bind = None
        if session.done and session.done.execution.offset < early:
            self._flush_done(session)
        if session.plans and session.plans[0].offset < early:
            self._flush_plans(session)
        if session.running and session.running.offset < offset - RUNS_BYTES:
            session.running = None
        session.oldest = min(session.since() or offset, offset)

    def _give(self, session: Session) -> None:
        self._flush_done(session)
        self._flush_plans(session)

    def _flush_done(self, session: Session) -> None:
        if session.done:
            self.out.append(session.done.execution)
            session.told, session.done = session.done.execution.sql, None

    def _flush_plans(self, session: Session) -> None:
        if session.plans:
            self.out.extend(map(_as_execution, session.plans))
            session.plans = []


def _as_execution(plan: Execution) -> Execution:
    sql = query_of(plan.sql or "")
    return plan._replace(sql=sql, plan=plan_of(plan.sql or "", sql))


def _is_same_text_of_several(before: Execution, plan: Execution) -> bool:
    """Whether both may be of one text with more than one statement."""
    text = query_of(plan.sql or "")
    return ";" in text.rstrip("; \n\t") and text == query_of(before.sql or "")
