"""Pages of the live view: what is on them, and that nothing is answered that is no longer so."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from eulermaker.engines.containers import Container, Status
from eulermaker.features.containers import listing
from eulermaker.features.containers.listing import Filter, Lists, Whose
from eulermaker.features.containers.view import LiveView
from eulermaker.kernel.call import Role
from eulermaker.kernel.ownership import OWNER, TENANT
from eulermaker.kernel.paging import Page

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
ME: Whose = ("tenant_1", "user_1", Role.USER)
OTHER: Whose = ("tenant_1", "user_2", Role.USER)


class Shelf:
    """A view that is filled by hand and counts how often it is looked through."""

    def __init__(self, count: int) -> None:
        self.containers = {number: container(number) for number in range(count)}
        self.version = 1
        self.looks = 0

    def newest_first(self) -> tuple[Container, ...]:
        """All containers."""
        self.looks += 1
        return tuple(reversed(self.containers.values()))

    def change(self, number: int, **changes: Any) -> None:
        """Something happens to a container."""
        self.containers[number] = replace(self.containers[number], **changes)
        self.version += 1


def container(number: int, *, owner: str = "user_1") -> Container:
    return Container(
        id=f"{number:064x}",
        name=f"service-{number}",
        image=f"image-{number % 3}:latest",
        image_id="sha256:0",
        status=Status.RUNNING if number % 2 else Status.STOPPED,
        created_at=CREATED + timedelta(seconds=number),
        labels={OWNER: owner, TENANT: "tenant_1", "number": str(number)},
    )


def seen_by(whose: Whose) -> Callable[[Mapping[str, str]], bool]:
    return lambda labels: labels[OWNER] == whose[1]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(50)


@pytest.fixture
def lists(shelf: Shelf) -> Lists:
    return Lists(cast(LiveView, shelf))


def asked(lists: Lists, wanted: Filter | None = None, *, page: Page | None = None, whose: Whose = ME) -> Any:
    return json.loads(lists.page((whose, wanted or Filter(), page or Page()), seen_by(whose)))


def names(told: Any) -> list[str]:
    return [one["name"] for one in told["containers"]]


def test_a_page_is_cut_out_of_the_newest_first(lists: Lists) -> None:
    told = asked(lists, page=Page(limit=3, offset=5))
    assert names(told) == ["service-44", "service-43", "service-42"]
    assert (told["total"], told["limit"], told["offset"]) == (50, 3, 5)
    assert asked(lists, page=Page(limit=20, offset=60))["containers"] == []


@pytest.mark.parametrize(
    ("wanted", "total"),
    [
        (Filter(status=Status.RUNNING), 25),
        (Filter(name="service-4"), 11),
        (Filter(image="image-1"), 17),
        (Filter(label="number"), 50),
        (Filter(label="number=7"), 1),
        (Filter(label="number=70"), 0),
        (Filter(status=Status.RUNNING, name="service-4", image="image-1", label="number"), 2),
    ],
)
def test_filters_hold_together(lists: Lists, wanted: Filter, total: int) -> None:
    assert asked(lists, wanted)["total"] == total


def test_whoever_sees_less_is_told_less(shelf: Shelf, lists: Lists) -> None:
    shelf.containers[50] = container(50, owner="user_2")
    assert asked(lists)["total"] == 50
    assert names(asked(lists, whose=OTHER)) == ["service-50"]


def test_what_changed_is_told_at_once_and_what_did_not_is_not_looked_for_again(
    shelf: Shelf, lists: Lists
) -> None:
    before = asked(lists)
    looks = shelf.looks
    assert asked(lists) == before
    assert shelf.looks == looks
    shelf.change(49, status=Status.PAUSED)
    now = asked(lists)
    assert now["containers"][0]["status"] == "paused"
    assert now["containers"][1:] == before["containers"][1:]


def test_containers_that_are_gone_are_not_kept(
    shelf: Shelf, lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_PAGES", 10)
    for number in range(50, 500):
        shelf.containers = {number: container(number)}
        shelf.version += 1
        assert names(asked(lists)) == [f"service-{number}"]
    assert len(lists._summaries) <= 13
