"""What a gateway holds that it did not hold before, after much has gone wrong."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from tests.faults.probe import Probe, descriptors, memory
from tests.faults.scene import Scene
from tests.support.waiting import until


class Leaking:
    """A scene, and what its gateway held before anything went wrong."""

    def __init__(self, scene: Scene, probe: Probe) -> None:
        self.scene = scene
        self._probe = probe

    @classmethod
    def beside(cls, folder: Path, *, working: bool) -> Self:
        """Of the usual scene."""
        probe = Probe(folder)
        return cls(Scene(folder, working=working, environment=probe.environment), probe)

    def __enter__(self) -> Self:
        self.scene.__enter__()
        self._pid = self.scene.gateway.pid
        return self

    def __exit__(self, *told: object) -> None:
        self.scene.__exit__(*told)

    def warm(self, usual: Iterable[tuple[str, str]]) -> frozenset[str]:
        """What is opened when it is first needed, the books above all, is open after these rows and forms, and what is
        held then is what is usual; their traces."""
        self.scene.play_all(list(usual), at_once=8)
        until(lambda: bool(self.scene.books()), 30)
        traces = frozenset(self.scene.expected)
        self.part()
        self._objects = self._probe.objects(self._pid)
        self._descriptors = descriptors(self._pid)
        return traces

    def part(self) -> None:
        """The provider closes all connections, so that none waits to be used again."""
        for provider in self.scene.providers:
            provider.play(provider.script)
        self.scene.double.forget()
        self.scene.expected.clear()
        until(lambda: self._probe.objects(self._pid)["UpstreamConnection"] == 0, 60)

    def left(self) -> str:
        """What is open that was not before; empty once it is nothing."""
        self.part()
        found: list[str] = []

        def none() -> bool:
            more = (self._probe.objects(self._pid) - self._objects) + (descriptors(self._pid) - self._descriptors)
            # A database's connections come and go with the threads that ask, up to a bound.
            more = Counter({name: count for name, count in more.items() if ".db" not in name or count > 10})
            found[:] = [f"{count} x {name}" for name, count in more.items()]
            return not found

        try:
            until(none, 30)
        except AssertionError:
            return ", ".join(found)
        return ""

    @property
    def memory(self) -> int:
        return memory(self._pid)
