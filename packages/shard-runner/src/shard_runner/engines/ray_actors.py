"""Actors on a Ray cluster, each with models of its own; Ray finds the places for them."""

import contextlib
import logging
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from shard_runner.engines.engine import Broke, Died, Event, Finished, Job, Ticked
from shard_runner.engines.exchange import PUT_EVERY_S, Courier
from shard_runner.engines.leftovers import Leftovers
from shard_runner.engines.pickling import pack_stage
from shard_runner.engines.ray_cluster import check_amounts, connect, death_to_text, resources_to_text
from shard_runner.engines.ray_team import Assignment, Member, Team, refs_of, rows_known, ticks
from shard_runner.engines.ray_worker import MOST_CALLS, TOKEN_FILE, Progress, Result, Setting, ShardActor, own_versions
from shard_runner.engines.sending import Raised
from shard_runner.errors import ShardTaken, Stopped, WorkerError
from shard_runner.folder import is_closed
from shard_runner.processing import Order

_WAIT_S = 0.5
PLACE_S = 60.0
"""An actor that has found no place for so long is told of on the log."""
MAKE_ROOM_S = 10.0
"""Where a stage has found no place for so long, idle actors of other stages end to make room."""
_SEEN_S = 60.0  # a network file system may show a new file late
_LEAVE_S = 5.0

_log = logging.getLogger("shard_runner")


class RayEngine:
    """Works on shards in actors, which are started when there are shards for them.

    An actor works on its shards in one thread, and in others it tells how far it is and hears that it is to stop: so a
    stop takes effect after the batch under way without a flag to be polled, and all of it works through Ray Client
    (`ray://`), which can neither stream results nor name concurrency groups.

    A shard is bound to an actor only when that actor is ready: what waits for a place in Ray holds up nothing else.
    Where a stage finds no place for long and another has idle actors, these end and make room.
    """

    def __init__(self, *, address: str | None = None, exchange: str | None = None) -> None:
        """Remember where to go; the cluster is reached when the first stage is opened.

        Args:
            address: Of a running cluster; see `ray_cluster.connect`.
            exchange: Folder or fsspec URI for parts to come and go through; by default actors work in the run folder.
        """
        self._address, self._exchange = address, exchange
        self._token = uuid.uuid4().hex[:12]
        self._teams: dict[str, Team] = {}
        self._ray: Any = None
        self._connected = False
        self._courier: Courier | None = None
        self._leftovers: Leftovers | None = None
        self._numbers = 0
        self._asked_at = 0.0

    def open(self, job: Job) -> None:
        """Get ready for a stage.

        Raises:
            WorkerError: there is no Ray, or the stage can't be sent or asks for impossible amounts.
        """
        stage = job.stage
        check_amounts(stage.name, stage.num_cpus, job.num_gpus)
        packed = pack_stage(stage, extra="ray")
        if self._ray is None:
            self._ray, self._connected = connect(self._address)
            self._leave_token(job)
        if self._courier is not None and self._leftovers is not None:
            self._leftovers.recover(stage.name, job.building)
            self._courier.open(stage.name, job.building)
        run_dir, building = job.run_dir.absolute(), job.building.absolute()
        uri = self._courier.uri if self._courier else None
        setting = Setting(run_dir, building, self._token, uri, PUT_EVERY_S, sys.path, own_versions())
        # Not restarted by Ray: a shard goes on in another actor, from its journal.
        amounts = {"num_cpus": stage.num_cpus, "num_gpus": job.num_gpus, "max_restarts": 0}
        actor_class = self._ray.remote(max_concurrency=MOST_CALLS, **amounts)(ShardActor)
        self._teams[stage.name] = Team(job, actor_class, (setting, self._ray.put(packed)), self._courier)

    def _leave_token(self, job: Job) -> None:
        if self._exchange is not None:
            self._courier = Courier(self._exchange, job.run_dir.absolute(), self._token)
            self._leftovers = Leftovers(self._exchange, job.run_dir, self._token)
        else:
            (job.run_dir / TOKEN_FILE).write_text(self._token)

    def free(self, stage: str) -> int:
        """Return how many more shards of a stage can be taken now."""
        team = self._teams[stage]
        busy = sum(member.assignment is not None for member in team.members)
        return team.job.workers - busy - len(team.waiting)

    def submit(self, stage: str, order: Order) -> None:
        """Take a shard; an idle actor gets it, or the first that is free or has found a place."""
        team = self._teams[stage]
        team.waiting.append(order)
        self._assign(team)

    def _assign(self, team: Team) -> None:
        for member in team.members:
            if team.waiting and member.is_idle:
                self._give(member, team.waiting.popleft())
        while len(team.unplaced) < len(team.waiting) and len(team.members) < team.job.workers:
            actor = team.actor_class.remote(*team.arguments)
            team.members.append(Member(actor, team, actor.greet.remote()))

    def _give(self, member: Member, order: Order) -> None:
        job = member.team.job
        self._numbers += 1
        parcel = member.team.courier.send(job.stage.name, order, job.building) if member.team.courier else None
        result = member.actor.work.remote(self._numbers, order, parcel)
        known = rows_known(job, order)
        member.assignment = Assignment(order, result, parcel, known, Progress(self._numbers))

    # what actors say

    def wait(self, on_event: Callable[[Event], None]) -> None:
        """Wait for words of actors, and for their ends."""
        self._ask()
        refs = {ref: member for member in self._members() for ref in refs_of(member)}
        if refs:
            self._ray.wait(list(refs), num_returns=1, timeout=_WAIT_S)
            ready, _ = self._ray.wait(list(refs), num_returns=len(refs), timeout=0)
            for ref in ready:
                for event in self._hear(refs[ref], ref):
                    on_event(event)
        for team in self._teams.values():
            self._assign(team)
            self._mind_places(team)

    def _members(self) -> Iterator[Member]:
        return (member for team in self._teams.values() for member in team.members)

    def _ask(self) -> None:
        """Ask all actors that have a shard how far they are, twice a second."""
        if time.monotonic() - self._asked_at < _WAIT_S:
            return
        self._asked_at = time.monotonic()
        for member in self._members():
            assignment = member.assignment
            if assignment is not None and assignment.asked is None:
                assignment.asked = member.actor.progress.remote()

    def _hear(self, member: Member, ref: Any) -> Iterator[Event]:
        if member not in member.team.members or ref not in refs_of(member):
            return  # it was just buried, or its result has come before this word of its progress
        try:
            said = self._ray.get(ref)
        except (self._ray.exceptions.RayTaskError, self._ray.exceptions.RaySystemError) as error:
            yield self._broken(member, error)
        except self._ray.exceptions.RayError as error:
            yield from self._bury(member, death_to_text(error))
        else:
            yield from self._understand(member, said)

    def _broken(self, member: Member, error: Exception) -> Event:
        self._let_go(member)
        member.team.waiting.clear()  # the run ends: nobody is to take its place
        name = member.team.job.stage.name
        return Broke(name, WorkerError(f"an actor of stage {name!r} broke: {' '.join(str(error).split())}"))

    def _understand(self, member: Member, said: object) -> Iterator[Event]:
        job, assignment = member.team.job, member.assignment
        match said:
            case None:
                member.greeting = None
            case Raised(error):
                self._let_go(member)
                member.team.waiting.clear()
                yield Broke(job.stage.name, error)
            case Progress():
                assert assignment is not None, "only actors that have a shard are asked"
                assignment.asked = None
                yield from ticks(job, assignment, said)
            case Result(progress, outcome):
                assert assignment is not None, "only actors that have a shard have results"
                yield from ticks(job, assignment, progress)
                _bring(member.team, assignment, is_finished=isinstance(outcome, int))
                member.assignment = None  # not before: what an error keeps from coming home is still owed
                yield from self._conclude(job, assignment.order, outcome)
            case _:
                raise AssertionError(f"an actor sent {type(said).__name__}")

    def _conclude(self, job: Job, order: Order, outcome: int | Raised) -> Iterator[Event]:
        if isinstance(outcome, int):
            _see(job, order.shard.index)
            yield Finished(job.stage.name, order.shard.index, outcome)
        elif isinstance(outcome.error, ShardTaken):  # by one that was thought dead, and was not: it is not listened to
            yield Died(job.stage.name, order, "another actor took its shard")
        elif not isinstance(outcome.error, Stopped):
            yield Broke(job.stage.name, outcome.error)

    def _bury(self, member: Member, how: str) -> Iterator[Event]:
        """Give up an actor, and with it the shard that it has, or was to have."""
        job, assignment = member.team.job, member.assignment
        self._let_go(member)
        if assignment is not None:
            if rows_known(job, assignment.order) > assignment.known:  # more than it came to tell
                yield Ticked(job.stage.name, assignment.order.shard.index, 0, 1)
            yield Died(job.stage.name, assignment.order, how)
        elif member.team.waiting:  # a shard is the measure of how often this may happen
            yield Died(job.stage.name, member.team.waiting.popleft(), how)

    def _let_go(self, member: Member) -> None:
        self._kill(member)
        if member.assignment is not None:
            _bring(member.team, member.assignment)
        member.team.members.remove(member)

    def _kill(self, member: Member) -> None:
        with contextlib.suppress(Exception):  # it is gone already, or the cluster is
            self._ray.kill(member.actor, no_restart=True)

    # places

    def _mind_places(self, team: Team) -> None:
        unplaced = team.unplaced
        waited_s = time.monotonic() - min((member.started_at for member in unplaced), default=time.monotonic())
        if waited_s > MAKE_ROOM_S and team.waiting and len(unplaced) == len(team.members):
            idle = [member for member in self._members() if member.is_idle and not member.team.waiting]
            self._tidy(idle)
            for member in idle:
                self._let_go(member)
        if waited_s > PLACE_S and not team.complained:
            team.complained = True
            self._complain(team, len(unplaced))

    def _complain(self, team: Team, unplaced: int) -> None:
        job = team.job
        asked = resources_to_text({"CPU": job.stage.num_cpus, "GPU": job.num_gpus})
        there, left = self._ray.cluster_resources(), self._ray.available_resources()
        _log.warning(
            "%d of %d actors of stage %r have found no place for %.0f s; each asks for %s, and the cluster has %s, "
            "of which %s are free. They go on waiting, and shards go to those that have one",
            unplaced,
            len(team.members),
            job.stage.name,
            PLACE_S,
            asked,
            resources_to_text(there),
            resources_to_text(left),
        )

    # the end

    def stop(self) -> None:
        """Ask all actors to stop after the batch under way; shards that no actor has begun are given up."""
        for team in self._teams.values():
            team.waiting.clear()
        for member in self._members():
            if member.assignment is not None:
                member.actor.stop.remote()

    def busy(self) -> bool:
        """Tell whether an actor has a shard, or a shard waits for an actor."""
        waiting = any(team.waiting for team in self._teams.values())
        return waiting or any(member.assignment is not None for member in self._members())

    def dismiss(self, stage: str) -> None:
        """End the actors of a stage, at once."""
        team = self._teams.pop(stage, None)
        if team is None:
            return
        self._tidy([member for member in team.members if member.is_idle])
        for member in team.members:
            self._kill(member)
        for member in team.members:
            if member.assignment is not None:
                _bring(team, member.assignment)
        if team.courier is not None:
            team.courier.forget(stage)

    def _tidy(self, idle: Sequence[Member]) -> None:
        """Have idle actors remove what they keep on their machines."""
        with contextlib.suppress(Exception):  # the cluster may be gone: then there is nobody to ask
            leaving = [member.actor.leave.remote() for member in idle if member.team.courier is not None]
            if leaving:
                self._ray.wait(leaving, num_returns=len(leaving), timeout=_LEAVE_S)

    def close(self) -> None:
        """End all actors, and Ray itself if it is our own, also where the exchange refuses."""
        with contextlib.ExitStack() as last:  # the last one first
            if self._connected:
                last.callback(self._ray.shutdown)
            if self._leftovers is not None:
                last.callback(self._leftovers.close)
            for stage in self._teams:
                last.callback(self.dismiss, stage)
            self._connected, self._leftovers, self._courier = False, None, None


def _bring(team: Team, assignment: Assignment, *, is_finished: bool = False) -> None:
    """Take home from the exchange, if there is one, what an actor came to."""
    courier, parcel, index = team.courier, assignment.parcel, assignment.order.shard.index
    if courier is None or parcel is None:
        return
    if is_finished:
        courier.bring_part(parcel, index, team.job.building)
    else:
        courier.bring_what_is_there(parcel, index, team.job.building)


def _see(job: Job, index: int) -> None:
    """Wait until a finished shard can be seen from here.

    Raises:
        WorkerError: it can't be, for long.
    """
    until = time.monotonic() + _SEEN_S
    while not is_closed(job.building, index):
        if time.monotonic() > until:
            raise WorkerError(
                f"an actor finished shard {index} of stage {job.stage.name!r}, but its files do not come up in "
                f"{job.building}; is that folder on a file system that all machines share?"
            )
        time.sleep(0.1)
        list(job.building.iterdir())  # has a network file system look again
        list(job.building.glob("ledger/*"))
