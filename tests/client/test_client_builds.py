"""Builds through the SDK, over a server that breaks off in the middle."""

import hashlib
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from eulermaker.client import (
    Client,
    ConnectionFailed,
    Corrupted,
    InvalidRequest,
    NotFound,
    Retry,
    ServerError,
    Timeout,
    Unavailable,
    follow,
)
from tests.client.conftest import VirtualTime
from tests.client.server import (
    Conversation,
    Server,
    answers,
    cuts_the_file,
    cuts_the_log,
    ends_the_log_early,
    falls_silent,
    hangs_up,
    refuses,
    repeats_the_log,
)

LOGS = "GET /builds/build_1/logs"
RPM = "hello-2.10-1.x86_64.rpm"
FILE = f"GET /builds/build_1/artifacts/{RPM}"


@pytest.fixture(autouse=True)
def _a_build(server: Server) -> None:
    server.stored()


class TestLife:
    def test_create_says_outright_how_a_file_is_encoded(self, client: Client, server: Server) -> None:
        files: dict[str, str | bytes] = {"a.tar.gz": "text all the same", "b": b"\x00\xff"}
        build = client.builds.create("x", spec_content="Name: x", context_files=files, timeout=60)
        assert (build.id, build.name, build.status, build.finished) == ("build_2", "x", "pending", False)
        body = server.requests("POST /builds")[0].json
        assert body["context_files"] == {
            "a.tar.gz": {"content": "text all the same", "encoding": "text"},
            "b": {"content": "AP8=", "encoding": "base64"},
        }
        assert body["timeout"] == 60
        assert "dockerfile_content" not in body
        assert "base_image" not in body

    def test_create_tells_programs_where_it_is_told(self, client: Client, server: Server) -> None:
        files: dict[str, str | bytes] = {"run": "x", "data": b"\xff", "unknown": "x"}
        told = {"run": True, "data": False}
        client.builds.create("x", spec_content="Name: x", context_files=files, executable=told)
        sent = server.requests("POST /builds")[0].json["context_files"]
        assert {path: file.get("executable") for path, file in sent.items()} == {**told, "unknown": None}

    def test_records_are_frozen(self, client: Client) -> None:
        build = client.builds.get("build_1")
        with pytest.raises(ValidationError):
            build.status = "success"

    def test_iterate_walks_all_pages(self, client: Client, server: Server) -> None:
        for number in range(2, 26):
            server.stored(f"build_{number}")
        ids = [build.id for build in client.builds.iterate(page_size=10)]
        assert ids == [f"build_{number}" for number in range(1, 26)]
        assert [each.query["offset"] for each in server.requests("GET /builds")] == ["0", "10", "20"]

    def test_iterate_tells_a_build_once_when_the_pages_shift(self, client: Client, server: Server) -> None:
        for number in range(2, 5):
            server.stored(f"build_{number}")
        builds = client.builds.iterate(page_size=2)
        first = [next(builds).id, next(builds).id]
        newest = server.stored("build_0")
        server.builds = {newest.id: newest, **server.builds}
        assert first + [build.id for build in builds] == ["build_1", "build_2", "build_3", "build_4"]

    def test_list_filters(self, client: Client, server: Server) -> None:
        server.stored("build_2", status="failed")
        page = client.builds.list(status="failed")
        assert [build.id for build in page.builds] == ["build_2"]
        assert page.total == 1

    def test_execute_tells_the_queue(self, client: Client) -> None:
        begun = client.builds.execute("build_1")
        assert begun.queue is not None
        assert (begun.status, begun.queue.position, begun.queue.reason) == ("pending", 2, "slots taken")

    def test_delete(self, client: Client, server: Server) -> None:
        client.builds.delete("build_1", clean_image=True)
        assert server.received[0].query == {"clean_image": "true"}
        with pytest.raises(NotFound):
            client.builds.get("build_1")

    def test_logs(self, client: Client, server: Server) -> None:
        page = client.builds.logs("build_1", tail=1)
        assert (page.logs, page.next_seq) == (("Step 2/2 : RUN make",), 4)
        assert server.received[0].query == {"tail": "1"}

    def test_wait_ends_with_the_build(self, client: Client, server: Server, time: VirtualTime) -> None:
        def ends_meanwhile(conversation: Conversation) -> None:
            conversation.behave("/builds/build_1")
            server.builds["build_1"].status = "failed"

        server.misbehave("GET /builds/build_1", ends_meanwhile)
        assert client.builds.wait("build_1").status == "failed"
        assert len(time.sleeps) == 1

    def test_wait_is_bounded(self, client: Client, time: VirtualTime) -> None:
        with pytest.raises(Timeout) as caught:
            client.builds.wait("build_1", timeout=60)
        assert caught.value.code == "build-not-finished"
        assert sum(time.sleeps) <= 60


class TestFollow:
    WHOLE = ((1, "Step 1/2 : FROM busybox"), (2, " ---> ready \u2028 [bold]"), (4, "Step 2/2 : RUN make"))

    def followed(self, client: Client, since_seq: int = 0) -> tuple[tuple[tuple[int, str], ...], str | None]:
        lines = client.builds.follow("build_1", since_seq=since_seq)
        return tuple((line.seq, line.data) for line in lines), lines.status

    def test_every_line_and_the_end(self, client: Client) -> None:
        assert self.followed(client) == (self.WHOLE, "success")

    def test_from_the_middle(self, client: Client) -> None:
        assert self.followed(client, since_seq=2) == (self.WHOLE[2:], "success")

    def test_a_line_carries_its_step(self, client: Client) -> None:
        line = next(iter(client.builds.follow("build_1", since_seq=2)))
        assert (line.step, line.steps, line.kind, line.stage) == (2, 2, "step", None)

    @pytest.mark.parametrize("after", [0, 1, 2, 3])
    @pytest.mark.parametrize("torn", [b"", b'{"type": "log", "seq": 3, "da', b'{"type":"end","status":"fai'])
    def test_a_cut_loses_and_repeats_nothing(
        self, client: Client, server: Server, after: int, torn: bytes
    ) -> None:
        server.misbehave(LOGS, cuts_the_log(after, torn))
        assert self.followed(client) == (self.WHOLE, "success")
        asked = [each.query["since_seq"] for each in server.requests(LOGS)]
        assert asked == ["0", ["0", "1", "2", "4"][after]]

    def test_cut_after_every_line(self, client: Client, server: Server) -> None:
        server.misbehave(LOGS, *[cuts_the_log(1)] * 3)
        assert self.followed(client) == (self.WHOLE, "success")

    def test_a_stream_that_ends_in_good_order_without_the_end_goes_on(
        self, client: Client, server: Server
    ) -> None:
        server.misbehave(LOGS, ends_the_log_early)
        assert self.followed(client) == (self.WHOLE, "success")

    def test_lines_that_come_again_are_left_out(self, client: Client, server: Server) -> None:
        server.misbehave(LOGS, cuts_the_log(2), repeats_the_log)
        assert self.followed(client) == (self.WHOLE, "success")

    def test_consecutive_failures_are_bounded(self, client: Client, server: Server) -> None:
        server.misbehave(LOGS, *[cuts_the_log(0)] * 50)
        with pytest.raises(ConnectionFailed):
            self.followed(client)
        assert len(server.requests(LOGS)) == Retry().attempts

    def test_only_consecutive_failures_count(self, client: Client, server: Server) -> None:
        server.log = [{"seq": seq, "data": str(seq)} for seq in range(1, 21)]
        server.misbehave(LOGS, *[cuts_the_log(1)] * 20)
        lines, status = self.followed(client)
        assert [seq for seq, _ in lines] == list(range(1, 21))
        assert status == "success"

    def test_a_server_that_is_away_is_waited_for(
        self, client: Client, server: Server, time: VirtualTime
    ) -> None:
        away = refuses(503, "shutting-down", retryable=True, retry_after=5)
        server.misbehave(LOGS, cuts_the_log(1), hangs_up, away)
        assert self.followed(client) == (self.WHOLE, "success")
        assert time.sleeps[-1] >= 5

    def test_an_unknown_build_is_not_asked_for_again(self, client: Client, server: Server) -> None:
        with pytest.raises(NotFound):
            list(client.builds.follow("build_404"))
        assert len(server.received) == 1

    def test_a_token_that_expires_between_two_connections_is_renewed(
        self, client: Client, server: Server
    ) -> None:
        def expires_and_cuts(conversation: Conversation) -> None:
            cuts_the_log(1)(conversation)
            server.expire()

        server.misbehave(LOGS, expires_and_cuts)
        assert self.followed(client) == (self.WHOLE, "success")
        assert server.refreshes == 1

    def test_an_error_frame_is_taken_up_again(self, client: Client, server: Server) -> None:
        frame = {"type": "error", "error": {"code": "DOCKER_ERROR", "message": "gone", "details": {}}}
        content = json.dumps(frame).encode() + b"\n"
        server.misbehave(LOGS, answers(content))
        assert self.followed(client) == (self.WHOLE, "success")

    def test_an_error_frame_that_stays_is_told(self, client: Client, server: Server) -> None:
        frame = {"type": "error", "error": {"code": "DOCKER_ERROR", "message": "gone", "details": {}}}
        server.misbehave(LOGS, *[answers(json.dumps(frame).encode() + b"\n")] * 20)
        with pytest.raises(ServerError, match=r"gone \[DOCKER_ERROR\]"):
            self.followed(client)

    def test_beats_and_frames_of_a_newer_server_are_passed_over(self, client: Client, server: Server) -> None:
        body = b'\n{"type":"beat"}\n\n{"type":"end","status":"failed","seq":9}\n'
        server.misbehave(LOGS, answers(body))
        assert self.followed(client) == ((), "failed")

    @pytest.mark.parametrize("body", [b"<html>\n", b"[]\n", b'{"type":"log","seq":"x"}\n'])
    def test_a_stream_of_something_else_is_an_error(
        self, client: Client, server: Server, body: bytes
    ) -> None:
        server.misbehave(LOGS, answers(body))
        with pytest.raises(ServerError) as caught:
            self.followed(client)
        assert caught.value.code == "unexpected-answer"

    def test_a_quiet_build_is_no_failure(
        self, client: Client, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(follow, "_SILENCE", 0.05)
        server.misbehave(LOGS, *[falls_silent] * (Retry().attempts + 2))
        assert self.followed(client) == (self.WHOLE, "success")

    def test_a_silent_stream_of_a_build_that_has_ended_is_one(
        self, client: Client, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(follow, "_SILENCE", 0.05)
        server.builds["build_1"].status = "failed"
        server.misbehave(LOGS, *[falls_silent] * 50)
        with pytest.raises(Timeout):
            self.followed(client)
        assert len(server.requests(LOGS)) == Retry().attempts


class TestUpload:
    def test_a_file_is_streamed_with_progress(self, client: Client, server: Server, tmp_path: Path) -> None:
        content = bytes(range(256)) * 4000
        file = tmp_path / "source.tar.gz"
        file.write_bytes(content)
        moved: list[tuple[int, int | None]] = []
        client.builds.upload("build_1", "sub dir/ü#?.tar.gz", file, progress=lambda *each: moved.append(each))
        assert server.builds["build_1"].uploads == {"sub dir/ü#?.tar.gz": content}
        assert server.received[0].headers["Content-Length"] == str(len(content))
        assert moved[-1] == (len(content), len(content))
        assert len(moved) > 2

    def test_an_empty_file(self, client: Client, server: Server, tmp_path: Path) -> None:
        file = tmp_path / "empty"
        file.touch()
        client.builds.upload("build_1", "empty", file)
        assert server.builds["build_1"].uploads == {"empty": b""}

    def test_a_program(self, client: Client, server: Server, tmp_path: Path) -> None:
        file = tmp_path / "run"
        file.write_text("x")
        for executable in (None, True, False):
            client.builds.upload("build_1", "run", file, executable=executable)
        queries = [each.query for each in server.requests("PUT /builds/build_1/context/run")]
        assert queries == [{}, {"executable": "true"}, {"executable": "false"}]

    def test_a_second_attempt_sends_the_whole_file(
        self, client: Client, server: Server, tmp_path: Path
    ) -> None:
        file = tmp_path / "file"
        file.write_bytes(b"x" * 1_000_000)
        route = "PUT /builds/build_1/context/file"
        server.misbehave(route, hangs_up, refuses(503, "database-unavailable", retryable=True))
        client.builds.upload("build_1", "file", file)
        assert [len(each.body) for each in server.requests(route)] == [1_000_000] * 3

    @pytest.mark.parametrize("path", ["../up", "/abs", "a//b", "a/../b", "", "./a"])
    def test_a_path_that_leaves_the_context_is_refused(
        self, client: Client, server: Server, tmp_path: Path, path: str
    ) -> None:
        file = tmp_path / "file"
        file.touch()
        with pytest.raises(InvalidRequest):
            client.builds.upload("build_1", path, file)
        assert server.received == []

    def test_a_file_that_shrinks_is_told(self, client: Client, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_bytes(b"x" * 1_000_000)

        def shrink(moved: int, total: int | None) -> None:
            file.write_bytes(b"x")

        with pytest.raises(InvalidRequest) as caught:
            client.builds.upload("build_1", "file", file, progress=shrink)
        assert caught.value.code == "file-changed"


class TestDownload:
    def test_into_a_folder(self, client: Client, server: Server, tmp_path: Path) -> None:
        moved: list[tuple[int, int | None]] = []
        file = client.builds.download("build_1", RPM, tmp_path, progress=lambda *each: moved.append(each))
        assert file == tmp_path / RPM
        assert file.read_bytes() == server.files[RPM]
        assert list(tmp_path.iterdir()) == [file]
        assert moved[-1] == (len(server.files[RPM]),) * 2

    def test_a_cut_is_taken_up_where_it_broke(self, client: Client, server: Server, tmp_path: Path) -> None:
        server.misbehave(FILE, cuts_the_file(300_000), cuts_the_file(1_000))
        file = client.builds.download("build_1", RPM, tmp_path / "to.rpm")
        assert file.read_bytes() == server.files[RPM]
        ranges = [each.headers.get("Range") for each in server.requests(FILE)]
        assert ranges[0] is None
        assert all(each is not None for each in ranges[1:])

    def test_a_file_that_changed_meanwhile_is_fetched_anew(
        self, client: Client, server: Server, tmp_path: Path
    ) -> None:
        def cuts_and_changes(conversation: Conversation) -> None:
            cuts_the_file(300_000)(conversation)
            server.files[RPM] = b"rebuilt" * 100_000

        server.misbehave(FILE, cuts_and_changes)
        file = client.builds.download("build_1", RPM, tmp_path)
        assert file.read_bytes() == b"rebuilt" * 100_000

    def test_progress_makes_the_failures_start_over(
        self, client: Client, server: Server, tmp_path: Path
    ) -> None:
        server.misbehave(FILE, *[cuts_the_file(20_000)] * 30)
        file = client.builds.download("build_1", RPM, tmp_path)
        assert file.read_bytes() == server.files[RPM]

    def test_failures_without_progress_are_bounded(
        self, client: Client, server: Server, tmp_path: Path
    ) -> None:
        server.misbehave(FILE, *[cuts_the_file(0)] * 50)
        with pytest.raises(ConnectionFailed):
            client.builds.download("build_1", RPM, tmp_path)
        assert len(server.requests(FILE)) == Retry().attempts
        assert list(tmp_path.iterdir()) == []

    def test_other_bytes_than_announced_are_not_left_behind(
        self, client: Client, server: Server, tmp_path: Path
    ) -> None:
        digest = hashlib.sha256(server.files[RPM]).hexdigest()
        server.misbehave(FILE, answers(b"something else", ETag=f'"{digest}"'))
        with pytest.raises(Corrupted):
            client.builds.download("build_1", RPM, tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_without_a_digest_in_the_etag_the_artifact_tells_it(
        self, client: Client, server: Server, tmp_path: Path
    ) -> None:
        server.misbehave(FILE, answers(server.files[RPM], ETag='W/"5f"'))
        assert client.builds.download("build_1", RPM, tmp_path).exists()
        server.misbehave(FILE, answers(b"something else"))
        with pytest.raises(Corrupted):
            client.builds.download("build_1", RPM, tmp_path)

    def test_a_failure_leaves_the_earlier_file_alone(
        self, client: Client, server: Server, tmp_path: Path
    ) -> None:
        file = tmp_path / RPM
        file.write_bytes(b"earlier")
        server.misbehave(FILE, refuses(503, "engine-unavailable"))
        with pytest.raises(Unavailable):
            client.builds.download("build_1", RPM, tmp_path)
        assert file.read_bytes() == b"earlier"
        assert list(tmp_path.iterdir()) == [file]


def test_artifacts_carry_the_header_of_their_rpm(client: Client) -> None:
    (artifact,) = client.builds.artifacts("build_1")
    assert artifact.rpm is not None
    assert artifact.rpm.nevra == "hello-2.10-1.x86_64"
    assert artifact.rpm.requires == ("libc.so.6",)
