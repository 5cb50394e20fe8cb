"""Every way out, against a real receiver: what arrives, and what is said when it does not."""

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest
import trustme
from pydantic import SecretStr

from eulermaker.features.notifications import chats, http, mail, webhook
from eulermaker.features.notifications.apprise import Apprise
from eulermaker.features.notifications.http import MAX_ANSWER, Poster, Reply, judged
from eulermaker.features.notifications.messages import Text, text_of
from eulermaker.features.notifications.schemas import (
    AppriseConfig,
    ChatConfig,
    EmailConfig,
    SignedChatConfig,
    WebhookConfig,
)
from eulermaker.kernel.addresses import AddressPolicy
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.outbox import SENT, Outcome
from eulermaker.kernel.settings import Outbound, Smtp
from tests.features.notifications.conftest import NOW
from tests.features.notifications.receivers import SECRET, Mailbox, Receiver, mail_server, receiver
from tests.server import free_port

pytestmark = pytest.mark.anyio

BODY = '{"event":"alert.firing","name":"探针"}'.encode()
TEXT = Text("Probe a is failing", "Reason: <b>&\nTime: now")
PAYLOAD: dict[str, Any] = {
    "event": "alert.firing",
    "timestamp": "2026-11-20T12:00:00.000Z",
    "alert": {"id": "alert_1", "severity": "critical"},
    "probe": {"id": "probe_1", "name": "shop\r\nBcc: all@example.org", "container_id": None},
    "details": {"error": "connection refused"},
}


@pytest.fixture
def hook() -> Iterator[Receiver]:
    """A receiver that answers 200."""
    with receiver() as listening:
        yield listening


async def send(
    url: str, *, policy: AddressPolicy | None = None, verify_tls: bool = True, loopback: bool = True
) -> Outcome:
    """Send the body to a webhook there."""
    config = WebhookConfig(url=url, secret=SECRET, headers={"X-Token": "t"}, verify_tls=verify_tls)
    with anyio.fail_after(20):
        return await webhook.send(
            Poster(policy or AddressPolicy()),
            config,
            key="delivery_1",
            body=BODY,
            now=utc_now(),
            loopback=loopback,
        )


async def test_a_webhook_is_signed_and_says_its_key(hook: Receiver) -> None:
    assert await send(hook.url) == SENT
    (got,) = hook.received
    assert got.is_signed_with(SECRET)
    assert not got.is_signed_with("another secret")
    assert (got.body, got.key, got.headers["webhook-id"]) == (BODY, "delivery_1", "delivery_1")
    assert got.headers["x-token"] == "t"
    assert got.headers["host"] == f"127.0.0.1:{hook.port}"
    assert got.headers["content-type"] == "application/json"


async def test_a_replayed_or_changed_message_has_no_right_signature(hook: Receiver) -> None:
    await send(hook.url)
    (got,) = hook.received
    for name, value in (
        ("webhook-timestamp", str(int(time.time()) + 1)),
        ("webhook-id", "delivery_2"),
        ("webhook-timestamp", str(int(time.time()) - 3600)),
    ):
        kept = got.headers[name]
        got.headers[name] = value
        assert not got.is_signed_with(SECRET)
        got.headers[name] = kept
    got.body += b" "
    assert not got.is_signed_with(SECRET)


def test_a_signature_is_that_of_standard_webhooks() -> None:
    # The example of the specification's own reference libraries.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    headers = webhook.signed_headers(
        secret,
        key="msg_p5jXN8AQM9LWM0D4loKWxJek",
        body=body,
        now=datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [(204, "sent", None), (500, "again", "http-500"), (404, "again", "http-404"), (410, "dead", "http-410")],
)
async def test_only_2xx_is_arrival(hook: Receiver, status: int, kind: str, reason: str | None) -> None:
    hook.status, hook.answer = status, b"" if status == 204 else b"go\x00 away"
    outcome = await send(hook.url)
    assert (outcome.kind, outcome.reason) == (kind, reason)
    if status != 204:
        assert outcome.told == f"{status} go  away"


async def test_redirects_are_not_followed(hook: Receiver) -> None:
    with receiver(status=307, headers={"Location": hook.url}) as redirecting:
        outcome = await send(redirecting.url)
    assert (outcome.kind, outcome.reason) == ("again", "redirected")
    assert hook.received == []


async def test_a_busy_receiver_says_when_to_come_again(hook: Receiver) -> None:
    hook.status, hook.headers = 429, {"Retry-After": "77"}
    assert (await send(hook.url)).wait == 77
    hook.headers = {"Retry-After": "Wed, 01 Jan 2070 00:00:00 GMT"}
    assert (await send(hook.url)).wait == http.MAX_WAIT
    hook.headers = {"Retry-After": "soon"}
    assert (await send(hook.url)).wait == 0


async def test_a_receiver_that_drops_the_connection(hook: Receiver) -> None:
    hook.manner = "dropping"
    outcome = await send(hook.url)
    assert (outcome.kind, outcome.reason) == ("again", "connection-broke")
    # It may have been received: no second address is tried.
    assert len(hook.received) == 1


async def test_nobody_listens() -> None:
    outcome = await send(f"http://localhost:{free_port()}/")
    assert (outcome.kind, outcome.reason) == ("again", "connection-failed")


async def test_a_receiver_that_never_answers_is_left_at_the_deadline(hook: Receiver) -> None:
    hook.manner = "slow"
    with anyio.move_on_after(0.3) as scope:
        await send(hook.url)
    assert scope.cancelled_caught


async def test_of_an_endless_answer_only_the_beginning_is_read(hook: Receiver) -> None:
    hook.manner = "endless"
    with anyio.fail_after(20):
        reply = await Poster(AddressPolicy()).post(hook.url, body=b"{}", headers={}, loopback=True)
    assert isinstance(reply, Reply)
    assert len(reply.text) == MAX_ANSWER


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fe80::1]", "0.0.0.0", "[::ffff:169.254.169.254]", "2852039166"]
)
async def test_refused_addresses_are_never_connected_to(host: str) -> None:
    outcome = await send(f"http://{host}:9/latest/meta-data")
    assert (outcome.kind, outcome.reason) == ("dead", "address-refused")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.8.8.8", "[::ffff:127.0.0.1]"])
async def test_this_hosts_own_services_are_not_for_everybody(hook: Receiver, host: str) -> None:
    outcome = await send(f"http://{host}:{hook.port}/", loopback=False)
    assert (outcome.kind, outcome.reason) == ("dead", "address-refused")
    said = Apprise(Outbound())
    with anyio.fail_after(60):
        urls = [f"json://{host}:{hook.port}/"]
        assert (await said.send(AppriseConfig(urls=urls), text=TEXT, loopback=False)).kind != "sent"
    assert hook.received == []


async def test_a_name_that_leads_to_a_refused_address(hook: Receiver) -> None:
    refusing = AddressPolicy(refused=["127.0.0.0/8", "::1/128"])
    outcome = await send(f"http://localhost:{hook.port}/", policy=refusing)
    assert (outcome.kind, outcome.reason) == ("dead", "address-refused")
    assert hook.received == []


async def test_a_name_that_does_not_exist_may_exist_tomorrow() -> None:
    assert (await send("http://nowhere.invalid/")).reason == "name-not-resolved"


async def test_the_certificate_has_to_be_that_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with receiver(tls=context) as hook:
        port = hook.port
        unknown = await send(f"https://localhost:{port}/hook")
        assert unknown.reason == "connection-failed"
        assert "certificate" in (unknown.told or "").lower()
        monkeypatch.setattr(http, "_trust", lambda verify: trusting)
        # The connection goes to an address that was looked at, the name is the certificate's.
        assert await send(f"https://localhost:{port}/hook") == SENT
        assert (await send(f"https://127.0.0.1:{port}/hook")).reason == "connection-failed"
        monkeypatch.undo()
        assert await send(f"https://127.0.0.1:{port}/hook", verify_tls=False) == SENT
        assert [got.headers["host"] for got in hook.received] == [f"localhost:{port}", f"127.0.0.1:{port}"]


async def chat(kind: chats.ChatType, hook: Receiver, secret: str | None = None) -> Outcome:
    config = (
        SignedChatConfig(url=f"{hook.url}?access_token=x", secret=secret)
        if kind in ("dingtalk", "feishu")
        else ChatConfig(url=hook.url)
    )
    return await chats.send(Poster(AddressPolicy()), kind, config, text=TEXT, now=NOW, loopback=True)


async def test_dingtalk_gets_a_signed_text(hook: Receiver) -> None:
    hook.answer = b'{"errcode":0,"errmsg":"ok"}'
    assert await chat("dingtalk", hook, "SECabc") == SENT
    (got,) = hook.received
    timestamp = str(int(NOW.timestamp() * 1000))
    digest = hmac.new(b"SECabc", f"{timestamp}\nSECabc".encode(), hashlib.sha256).digest()
    query = parse_qs(urlsplit(got.path).query)
    assert query == {
        "access_token": ["x"],
        "timestamp": [timestamp],
        "sign": [base64.b64encode(digest).decode()],
    }
    assert got.json == {"msgtype": "text", "text": {"content": TEXT.whole}}


async def test_feishu_gets_a_signed_text(hook: Receiver) -> None:
    hook.answer = b'{"code":0,"msg":"success"}'
    assert await chat("feishu", hook, "abc") == SENT
    timestamp = str(int(NOW.timestamp()))
    sign = base64.b64encode(hmac.new(f"{timestamp}\nabc".encode(), b"", hashlib.sha256).digest()).decode()
    assert hook.received[0].json == {
        "timestamp": timestamp,
        "sign": sign,
        "msg_type": "text",
        "content": {"text": TEXT.whole},
    }


async def test_wecom_and_slack_get_their_texts(hook: Receiver) -> None:
    hook.answer = b'{"errcode":0}'
    assert await chat("wecom", hook) == SENT
    hook.answer = b"ok"
    assert await chat("slack", hook) == SENT
    wecom, slack = (got.json for got in hook.received)
    assert wecom == {"msgtype": "text", "text": {"content": TEXT.whole}}
    assert slack == {"text": "Probe a is failing\nReason: &lt;b&gt;&amp;\nTime: now"}


@pytest.mark.parametrize("kind", ["dingtalk", "feishu", "wecom"])
async def test_a_robot_that_says_no_with_200(hook: Receiver, kind: chats.ChatType) -> None:
    hook.answer = json.dumps({"errcode" if kind != "feishu" else "code": 19021, "msg": "sign"}).encode()
    outcome = await chat(kind, hook)
    assert (outcome.kind, outcome.reason) == ("again", "chat-refused")
    assert "19021" in (outcome.told or "")
    hook.answer = b"<html>a captive portal</html>"
    assert (await chat(kind, hook)).kind == "again"


async def test_a_robot_that_is_asked_too_often_is_left_alone(hook: Receiver) -> None:
    hook.answer = b'{"errcode":130101,"errmsg":"send too fast"}'
    assert (await chat("dingtalk", hook)).wait == 60


async def test_long_texts_are_cut_between_characters(hook: Receiver) -> None:
    hook.answer = b'{"errcode":0}'
    text = Text("汉" * 3000, "")
    await chats.send(
        Poster(AddressPolicy()), "wecom", ChatConfig(url=hook.url), text=text, now=NOW, loopback=True
    )
    content = hook.received[0].json["text"]["content"]
    assert set(content) == {"汉"}
    assert 1990 < len(content.encode()) <= 2048


async def mailed(box: Mailbox, **settings: Any) -> Outcome:
    smtp = Smtp(
        host="127.0.0.1", port=box.port, tls="none", sender="EulerMaker <alerts@example.org>", **settings
    )
    config = EmailConfig(to=["one@example.org", "two@example.org"])
    text = text_of(PAYLOAD, "zh")
    return await mail.send(smtp, config, key="delivery_1", text=text, now=NOW, seconds=5)


async def test_mail_arrives_with_the_key_as_its_id() -> None:
    with mail_server() as box:
        assert await mailed(box) == SENT
    (got,) = box.mails
    assert box.recipients == ["one@example.org", "two@example.org"]
    assert got["Subject"] == "【严重】探针 shop  Bcc: all@example.org 异常"
    assert got["Bcc"] is None
    assert got["Message-ID"] == "<delivery_1@example.org>"
    assert got["Auto-Submitted"] == "auto-generated"
    assert "原因：connection refused" in got.get_payload(decode=True).decode()  # type: ignore[union-attr]


@pytest.mark.parametrize(("refusal", "kind"), [("550 no such user", "dead"), ("450 try later", "again")])
async def test_mail_that_nobody_takes(refusal: str, kind: str) -> None:
    with mail_server(refusal=refusal) as box:
        outcome = await mailed(box)
    assert (outcome.kind, outcome.reason) == (kind, "recipients-refused")


async def test_mail_that_some_take_is_sent_and_says_who_did_not() -> None:
    with mail_server() as box:
        box.unknown = frozenset({"two@example.org"})
        outcome = await mailed(box)
    # Those who have it must not get it again.
    assert (outcome.kind, outcome.reason) == ("sent", "some-recipients-refused")
    assert outcome.told is not None
    assert "two@example.org" in outcome.told
    assert "one@example.org" not in outcome.told
    assert len(box.mails) == 1
    assert box.recipients == ["one@example.org"]


async def test_a_mail_server_that_is_away_or_wants_more() -> None:
    outcome = await mailed(Mailbox(port=free_port()))
    assert (outcome.kind, outcome.reason) == ("again", "smtp-failed")
    with mail_server() as box:
        outcome = await mailed(box, username="user", password=SecretStr("pass"))
        assert outcome.kind == "again"
        assert box.mails == []


async def test_without_a_mail_server_none_is_sent() -> None:
    config, text = EmailConfig(to=["one@example.org"]), Text("a", "b")
    outcome = await mail.send(Smtp(), config, key="k", text=text, now=NOW, seconds=5)
    assert outcome == mail.NOT_CONFIGURED


async def test_apprise_speaks_and_its_secrets_stay() -> None:
    with receiver() as hook:
        said = Apprise(Outbound())
        url = f"json://user:hidden-password@127.0.0.1:{hook.port}/path"
        with anyio.fail_after(60):
            assert await said.send(AppriseConfig(urls=[url]), text=TEXT, loopback=True) == SENT
            assert hook.received[0].json["title"] == TEXT.title
            hook.status = 500
            outcome = await said.send(AppriseConfig(urls=[url]), text=TEXT, loopback=True)
    assert (outcome.kind, outcome.reason) == ("again", "apprise-failed")
    assert "hidden-password" not in (outcome.told or "")


async def test_apprise_reaches_no_refused_address_not_even_by_a_redirect() -> None:
    said = Apprise(Outbound(refused_networks=("127.0.0.2/32",)))
    with receiver() as hook, anyio.fail_after(60):
        away = AppriseConfig(urls=["json://169.254.169.254/latest"])
        assert (await said.send(away, text=TEXT, loopback=True)).kind == "again"
        target = f"http://127.0.0.2:{hook.port}/stolen"
        with receiver(status=307, headers={"Location": target}) as redirecting:
            there = AppriseConfig(urls=[f"json://127.0.0.1:{redirecting.port}/"])
            assert (await said.send(there, text=TEXT, loopback=True)).kind == "again"
            assert len(redirecting.received) == 1
        assert hook.received == []


async def test_apprise_tells_which_address_it_does_not_know() -> None:
    said = Apprise(Outbound())
    with anyio.fail_after(60):
        assert await said.bad_url(["json://localhost", "nonsense://x"]) == 1
        assert await said.bad_url(["syslog://"]) == 0
        assert await said.bad_url(["ntfy://topic"]) is None


@pytest.mark.parametrize("event", ["alert.firing", "alert.resolved", "alert.flapping", "test"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_event_has_words(event: str, language: Any) -> None:
    told = text_of({**PAYLOAD, "event": event}, language)
    assert "\n" not in told.title
    assert "\r" not in told.whole
    assert "{" not in told.whole
    assert ("shop" in told.title) == (event != "test")


def test_the_facts_of_a_check_are_told_with_its_error() -> None:
    details = {"error": "unexpected status", "status_code": 503, "body": {"left": "out"}, "at": "here\n"}
    told = text_of({**PAYLOAD, "details": details}, "en")
    assert "Reason: unexpected status (status_code: 503, at: here )" in told.text
    assert "Reason: " not in text_of({**PAYLOAD, "details": {"status_code": 200}}, "en").text


def test_nothing_but_2xx_is_ever_arrival() -> None:
    for status in range(100, 600):
        assert (judged(Reply(status, "", 0)).kind == "sent") == (200 <= status < 300)
