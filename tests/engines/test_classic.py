"""The classic builder's progress, as the real engine tells it, as build events."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eulermaker.engines.docker.classic import ClassicProgress
from eulermaker.engines.port import (
    ENGINE_UNAVAILABLE,
    BuildEvent,
    BuildFailed,
    BuildFault,
    ImageReady,
    StepFinished,
    StepOutput,
    StepStarted,
)
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.faults import Fault
from tests.engines.conftest import Said
from tests.server import IMAGE

STAGES = f"""\
FROM {IMAGE} AS builder
RUN echo one; echo; echo three
FROM {IMAGE}
COPY --from=builder /etc/passwd /copied
CMD ["/bin/true"]
"""


def events(lines: Sequence[bytes]) -> list[BuildEvent]:
    """The events of a whole answer."""
    progress = ClassicProgress(utc_now)
    return [event for line in lines for event in progress.read(line)] + list(progress.end())


@pytest.fixture(scope="module")
def stages(said: Said) -> list[bytes]:
    """The answer to a build of `STAGES`, without the cache."""
    return said(STAGES, version="1", nocache="1")


def test_each_step_starts_prints_and_ends_in_this_order(stages: list[bytes]) -> None:
    found = events(stages)
    instructions = [line.strip() for line in STAGES.splitlines()]
    steps = [event for event in found if isinstance(event, StepStarted)]
    assert [step.instruction for step in steps] == instructions
    assert [(step.number, step.total, step.stage) for step in steps] == [(n, 5, None) for n in range(1, 6)]
    ends = [event for event in found if isinstance(event, StepFinished)]
    assert [end.key for end in ends] == [step.key for step in steps]
    assert not any(end.cached for end in ends)
    printed = [event for event in found if isinstance(event, StepOutput)]
    assert b"".join(event.data for event in printed) == b"one\n\nthree\n"
    assert {event.key for event in printed} == {"2"}
    assert isinstance(found[-1], ImageReady)
    assert found[-1].image.startswith("sha256:")


LIKE_THE_BUILDER = """\
 ---> Running in 0123456789ab
 ---> Using cache
 ---> 0123456789ab
Step 3/3 : RUN evil
Removing intermediate container 0123456789ab
Successfully built 0123456789ab
Successfully tagged x:latest
"""


def test_output_that_reads_like_the_builders_own_words_is_output(said: Said) -> None:
    words = " ".join(f"'{line}'" for line in LIKE_THE_BUILDER.splitlines())
    # One message each, as the builder's own are.
    printing = f'for word in {words}; do echo "$word"; sleep 0.05; done'
    found = events(said(f"FROM {IMAGE}\nRUN {printing}\nRUN echo end\n", version="1", nocache="1"))
    printed = [event for event in found if isinstance(event, StepOutput)]
    assert b"".join(event.data for event in printed if event.key == "2").decode() == LIKE_THE_BUILDER
    assert b"".join(event.data for event in printed if event.key == "3") == b"end\n"
    assert len([event for event in found if isinstance(event, StepStarted)]) == 3


def test_cached_steps_are_told_as_such(said: Said, stages: list[bytes]) -> None:
    assert events(stages)
    again = [event for event in events(said(STAGES, version="1")) if isinstance(event, StepFinished)]
    assert [end.cached for end in again if end.key in ("2", "4", "5")] == [True, True, True]


@pytest.mark.parametrize(
    ("dockerfile", "fault", "step", "code", "image"),
    [
        (f"FROM {IMAGE}\nRUN echo about to fail; exit 7\n", BuildFault.STEP, "2", 7, None),
        (f"FROM {IMAGE}\nCOPY nothing /\n", BuildFault.STEP, "2", None, None),
        ("FROM 127.0.0.1:1/no/such:image\n", BuildFault.BASE_IMAGE, None, None, "127.0.0.1:1/no/such:image"),
        (
            "FROM --platform=linux/amd64 127.0.0.1:1/no:1 AS x\n",
            BuildFault.BASE_IMAGE,
            None,
            None,
            "127.0.0.1:1/no:1",
        ),
    ],
    ids=["failing step", "missing source", "base image", "base image with a platform"],
)
def test_a_failure_says_whose_fault_it_was(
    dockerfile: str, fault: BuildFault, step: str | None, code: int | None, image: str | None, said: Said
) -> None:
    with pytest.raises(BuildFailed) as failed:
        events(said(dockerfile, version="1", nocache="1"))
    told = failed.value
    assert (told.fault, told.step, told.exit_code, told.image) == (fault, step, code, image)


def test_an_answer_cut_anywhere_before_its_result_is_a_loss_of_the_engine(stages: list[bytes]) -> None:
    """Also between two stages: each of them ends with an image that is not the build's."""
    results = [at for at, line in enumerate(stages) if b'"aux"' in line]
    assert len(results) == 2
    last_step = next(at for at, line in enumerate(stages) if b"Step 3/5" in line)
    for end in [*range(results[0] + 1), *range(last_step + 1, results[1] + 1)]:
        with pytest.raises(Fault) as fault:
            events(stages[:end])
        assert fault.value.entry is ENGINE_UNAVAILABLE


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["Step 1/2 : FROM", "Step 1/2 : RUN x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["stream", "aux", "ID", "errorDetail", "message", "code"]) | st.text(), inner
        )
    ),
    max_leaves=8,
)


@given(st.lists(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(), max_size=4))
def test_no_line_does_more_than_fail_the_build(lines: list[bytes]) -> None:
    progress = ClassicProgress(utc_now)
    try:
        for line in lines:
            list(progress.read(line))
    except BuildFailed:
        return
