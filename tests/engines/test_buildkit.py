"""BuildKit's progress, as the real engine tells it, as build events."""

import base64
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eulermaker.engines.docker.buildkit import BuildKitProgress
from eulermaker.engines.port import (
    ENGINE_UNAVAILABLE,
    BuildEvent,
    BuildFailed,
    BuildFault,
    ImageReady,
    StepFinished,
    StepOutput,
    StepStarted,
    WorkFinished,
)
from eulermaker.kernel.faults import Fault
from tests.engines.conftest import Said
from tests.engines.test_wire import field
from tests.server import IMAGE

# More than nine steps, so that BuildKit pads their numbers; two stages, one of them without a name.
STAGES = (
    f"FROM {IMAGE} AS builder\n"
    + "".join(f"RUN echo line-{n} | tee -a /out\n" for n in range(9))
    + (f"FROM {IMAGE}\nCOPY --from=builder /out /out\n")
)
SIBLINGS = f"""\
FROM {IMAGE} AS slow
RUN sleep 60
FROM {IMAGE} AS broken
RUN sleep 0.5; echo about to fail; exit 7
FROM {IMAGE}
COPY --from=slow /etc /slow
COPY --from=broken /etc /broken
"""


def events(lines: Sequence[bytes]) -> list[BuildEvent]:
    """The events of a whole answer."""
    progress = BuildKitProgress()
    return [event for line in lines for event in progress.read(line)] + list(progress.end())


def failure(lines: Sequence[bytes]) -> BuildFailed:
    """How the answer ends the build."""
    with pytest.raises(BuildFailed) as failed:
        events(lines)
    return failed.value


@pytest.fixture(scope="module")
def stages(said: Said) -> list[bytes]:
    """The answer to a build of `STAGES`, without the cache."""
    return said(STAGES, version="2", nocache="1")


def started(found: Sequence[BuildEvent]) -> list[StepStarted]:
    return [event for event in found if isinstance(event, StepStarted)]


def test_steps_have_their_numbers_stages_and_instructions(stages: list[bytes]) -> None:
    base, *steps = started(events(stages))
    # Both stages share their base, and either may name it.
    assert (base.number, base.instruction) == (1, f"FROM {IMAGE}")
    assert [(step.stage, step.number, step.total, step.instruction) for step in steps] == [
        *(("builder", 2 + n, 10, f"RUN echo line-{n} | tee -a /out") for n in range(9)),
        ("stage-1", 2, 2, "COPY --from=builder /out /out"),
    ]


def test_each_step_starts_prints_and_ends_once_in_this_order(stages: list[bytes]) -> None:
    found = events(stages)
    for step in started(found):
        own = [
            event
            for event in found
            if isinstance(event, StepStarted | StepOutput | StepFinished) and event.key == step.key
        ]
        kinds = [type(event) for event in own]
        assert kinds[0] is StepStarted
        assert kinds[-1] is StepFinished
        assert set(kinds[1:-1]) <= {StepOutput}
        assert own[0].at <= own[-1].at
        printed = b"".join(event.data for event in own if isinstance(event, StepOutput))
        expected = f"line-{step.number - 2}\n" if step.instruction.startswith("RUN") else ""
        assert printed == expected.encode()


def test_the_image_comes_last(stages: list[bytes]) -> None:
    found = events(stages)
    assert [type(event) for event in found].index(ImageReady) == len(found) - 1
    last = found[-1]
    assert isinstance(last, ImageReady)
    assert last.image.startswith("sha256:")


def test_cached_steps_are_told_as_such(said: Said, stages: list[bytes]) -> None:
    def cached(lines: list[bytes]) -> dict[str, bool]:
        found = events(lines)
        # Whether a local base image counts as cached differs from run to run.
        own = {
            step.key: step.instruction for step in started(found) if not step.instruction.startswith("FROM")
        }
        ends = [event for event in found if isinstance(event, StepFinished)]
        assert all(end.seconds >= 0 for end in ends)
        return {own[end.key]: end.cached for end in ends if end.key in own}

    assert set(cached(stages).values()) == {False}
    assert cached(said(STAGES, version="2")) == dict.fromkeys(cached(stages), True)


def test_a_cached_step_ends_under_its_own_heading(said: Said, stages: list[bytes]) -> None:
    assert events(stages)
    told = events(said(STAGES, version="2"))
    found = [event for event in told if not isinstance(event, ImageReady | WorkFinished)]
    cached = [at for at, event in enumerate(found) if isinstance(event, StepFinished) and event.cached]
    assert len(cached) >= 10
    assert all(isinstance(found[at - 1], StepStarted) for at in cached)
    assert all(found[at - 1].key == found[at].key for at in cached)


def test_the_failing_step_is_the_cause_and_not_its_cancelled_sibling(said: Said) -> None:
    lines = said(SIBLINGS, version="2", nocache="1")
    failed = failure(lines)
    assert (failed.fault, failed.exit_code) == (BuildFault.STEP, 7)
    progress = BuildKitProgress()
    steps = started([event for line in lines[:-1] for event in progress.read(line)])
    assert {step.stage for step in steps if step.number == 2} == {"slow", "broken"}
    [broken] = [step for step in steps if step.key == failed.step]
    assert broken.stage == "broken"


@pytest.mark.parametrize(
    ("dockerfile", "query", "fault", "told"),
    [
        ("FROM 127.0.0.1:1/no/such:image\nRUN true\n", {}, BuildFault.BASE_IMAGE, "connection refused"),
        (f"FROM {IMAGE}\nCOPY nothing /\n", {}, BuildFault.STEP, "not found"),
        (f"FROM {IMAGE}\nRUN true\n", {"target": "nowhere"}, BuildFault.DOCKERFILE, "nowhere"),
        (f"FROM {IMAGE}\nBOGUS x\n", {}, BuildFault.DOCKERFILE, "line 2"),
        (
            f"FROM {IMAGE}\nCOPY --from=127.0.0.1:1/no/such:image /a /\n",
            {},
            BuildFault.BASE_IMAGE,
            "connection refused",
        ),
        (f"FROM {IMAGE}\nADD http://127.0.0.1:1/a /\n", {}, BuildFault.SOURCE, "connection refused"),
    ],
    ids=["base image", "missing source", "unknown target", "does not parse", "image to copy from", "address"],
)
def test_a_refusal_says_whose_fault_it_was(
    dockerfile: str, query: dict[str, str], fault: BuildFault, told: str, said: Said
) -> None:
    failed = failure(said(dockerfile, version="2", **query))
    assert failed.fault is fault
    assert told in str(failed)
    assert failed.image == ("127.0.0.1:1/no/such:image" if fault is BuildFault.BASE_IMAGE else None)
    assert failed.source == ("http://127.0.0.1:1/a" if fault is BuildFault.SOURCE else None)


def test_an_answer_cut_anywhere_before_its_result_is_a_loss_of_the_engine(stages: list[bytes]) -> None:
    [result] = [at for at, line in enumerate(stages) if b"moby.image.id" in line]
    for end in range(result + 1):
        with pytest.raises(Fault) as fault:
            events(stages[:end])
        assert fault.value.entry is ENGINE_UNAVAILABLE
    events(stages[: result + 1])


def trace(*vertexes: dict[int, bytes]) -> bytes:
    """A line that tells these vertexes."""
    message = b"".join(
        field(1, b"".join(field(number, value) for number, value in vertex.items())) for vertex in vertexes
    )
    return json.dumps({"id": "moby.buildkit.trace", "aux": base64.b64encode(message).decode()}).encode()


def error(message: str) -> bytes:
    return json.dumps({"errorDetail": {"message": message}, "error": message}).encode()


NOW = field(1, 1_700_000_000)


def test_layers_that_cannot_be_had_are_the_base_images_fault() -> None:
    """A registry that knows the image and loses its layers can't be had here."""
    name = b"[builder 1/3] FROM docker.io/library/debian:12@sha256:00"
    failed = failure([trace({1: b"d", 3: name, 5: NOW, 7: b"unexpected EOF"}), error("failed to solve")])
    assert (failed.fault, failed.image) == (BuildFault.BASE_IMAGE, "debian:12")


def test_an_engine_that_goes_away_cancels_what_runs() -> None:
    with pytest.raises(Fault) as fault:
        events(
            [trace({1: b"d", 3: b"[1/2] RUN x", 5: NOW, 7: b"context canceled"}), error("context canceled")]
        )
    assert fault.value.entry is ENGINE_UNAVAILABLE


def test_an_error_after_steps_ran_that_none_of_them_had_is_the_builders() -> None:
    failed = failure(
        [trace({1: b"d", 3: b"[1/2] RUN x", 5: NOW}), error("failed to export image: no space left")]
    )
    assert failed.fault is BuildFault.BUILDER


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["moby.buildkit.trace", "moby.image.id"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "aux", "ID", "errorDetail", "message", "error"]) | st.text(), inner
        )
    ),
    max_leaves=8,
)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary())
def test_no_line_does_more_than_fail_the_build(line: bytes) -> None:
    progress = BuildKitProgress()
    try:
        list(progress.read(line))
    except (BuildFailed, Fault):
        return  # Anything else would be a crash of the runner.
