"""The generated part of the SDK: every slug, its exception, and the catalogue's advice."""

import pytest

from eulermaker.client import (
    Client,
    NotFound,
    ServerError,
    Timeout,
    Unavailable,
    Unsupported,
    slugs,
)
from eulermaker.features.errors.catalogue import catalogue
from eulermaker.features.errors.client_source import client_source
from eulermaker.kernel.faults import Entry, Kind
from tests.client.server import Server, refuses, speaks_family_000

ENTRIES = [entry for entry in catalogue() if not entry.planned]


def test_every_fault_has_a_constant_an_exception_and_its_advice() -> None:
    assert set(slugs.EXCEPTIONS) == {entry.slug for entry in ENTRIES}
    for entry in ENTRIES:
        assert getattr(slugs, entry.slug.replace("-", "_").upper()) == entry.slug
        assert (entry.slug in slugs.RETRY_AFTER) == entry.retryable
        if entry.retryable:
            assert slugs.RETRY_AFTER[entry.slug] == entry.retry_after


def test_every_kind_is_an_exception_of_its_own() -> None:
    kinds = {slugs.EXCEPTIONS[entry.slug]: entry.kind for entry in ENTRIES}
    assert set(kinds.values()) == set(Kind)
    assert len({slugs.EXCEPTIONS[entry.slug] for entry in ENTRIES}) == len(Kind)


def test_the_source_is_the_same_whatever_the_order() -> None:
    assert client_source(ENTRIES) == client_source(reversed(ENTRIES))
    planned = Entry("to-come", Kind.CONFLICT, zh="…", en="…", planned=True)
    assert client_source([*ENTRIES, planned]) == client_source(ENTRIES)


@pytest.mark.parametrize(
    ("status", "slug", "exception"),
    [
        # 000's statuses say less than the fault's kind: its document has 500 for all of them.
        (500, slugs.ENGINE_UNAVAILABLE, Unavailable),
        (500, slugs.BUILD_TIMED_OUT, Timeout),
        (405, slugs.METHOD_NOT_ALLOWED, Unsupported),
        # What a newer server has made up goes by its status.
        (404, "made-up-later", NotFound),
        (500, "made-up-later", ServerError),
    ],
)
def test_the_exception_is_that_of_the_slug(
    client: Client, server: Server, status: int, slug: str, exception: type[Exception]
) -> None:
    server.misbehave("POST /builds", refuses(status, slug))
    with pytest.raises(exception) as caught:
        client.builds.create("x", dockerfile_content="FROM scratch")
    assert type(caught.value) is exception


def test_an_envelope_without_advice_is_retried_by_the_catalogues(client: Client, server: Server) -> None:
    away = speaks_family_000(500, "DOCKER_ERROR", X_Error_Code=slugs.ENGINE_UNAVAILABLE)
    refused = speaks_family_000(500, "DOCKER_ERROR", X_Error_Code=slugs.ENGINE_REFUSED)
    server.misbehave("POST /builds", away, away)
    client.builds.create("x", dockerfile_content="FROM scratch")
    assert len(server.requests("POST /builds")) == 3
    server.misbehave("POST /builds", refused)
    with pytest.raises(ServerError):
        client.builds.create("x", dockerfile_content="FROM scratch")
    assert len(server.requests("POST /builds")) == 4
