"""What the catalogue says in its own words, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass

from eulermaker.dialects.documents import Text
from eulermaker.kernel.faults import Kind


@dataclass(frozen=True, slots=True)
class Said:
    """What a kind of fault means and what to do, where no document says more."""

    meaning: Text
    remedy: Text


KINDS: Mapping[Kind, Said] = {
    Kind.INVALID: Said(
        Text("请求有误", "The request is wrong"),
        Text("按提示修正后重试", "Correct it as the message says, then try again"),
    ),
    Kind.UNAUTHENTICATED: Said(
        Text("未登录或凭据失效", "You are not signed in, or no longer"), Text("重新登录", "Sign in again")
    ),
    Kind.FORBIDDEN: Said(
        Text("不允许的操作", "You may not do this"), Text("联系管理员", "Ask an administrator")
    ),
    Kind.NOT_FOUND: Said(
        Text("资源不存在", "There is no such resource"),
        Text("检查编号，或先列出已有的资源", "Check the id, or list what there is first"),
    ),
    Kind.CONFLICT: Said(
        Text("与资源的当前状态冲突", "The state of the resource does not allow it"),
        Text("刷新后重新决定", "Look at the resource again, then decide anew"),
    ),
    Kind.LIMITED: Said(
        Text("超过限额", "A limit is reached"),
        Text("按 Retry-After 等待后重试", "Wait as Retry-After says, then try again"),
    ),
    Kind.UNSUPPORTED: Said(
        Text("不支持的请求方法", "The method is not supported here"),
        Text("使用 Allow 响应头列出的方法", "Use a method that the Allow header lists"),
    ),
    Kind.UNAVAILABLE: Said(
        Text("服务或其依赖暂时不可用", "The server, or what it depends on, is away for now"),
        Text("稍后重试", "Try again shortly"),
    ),
    Kind.TIMEOUT: Said(
        Text("未能及时完成", "It was not done in time"),
        Text("放宽时限或稍后重试", "Allow more time, or try later"),
    ),
    Kind.INTERNAL: Said(
        Text("服务器出错", "Something failed on the server's side"),
        Text("凭请求编号联系管理员", "Tell the administrator the request id"),
    ),
}
CHOSEN_BY_US = Text(
    "该家族的文档没有为此类故障规定代码或状态码，这是最接近的选择",
    "The family's document has no code or no status for this kind of fault; this is the nearest",
)


def retry_advice(*, retryable: bool, always: bool, after: int | None) -> Text:
    """When to try again: `always` for every fault of the code, `after` so many seconds."""
    if not retryable:
        return Text(
            "不要原样重试：结果不会改变", "Don't send it again unchanged: the answer would be the same"
        )
    zh = f"至少等待 {after} 秒" if after else "等待 Retry-After 的秒数"
    en = f"wait for {after} s at least" if after else "wait for the seconds in Retry-After"
    zh, en = (
        f"{zh}，再按指数退避加随机抖动重试",
        f"{en}, then try again with exponential back-off and full jitter",
    )
    if always:
        return Text(zh, en[0].upper() + en[1:])
    return Text(f"仅对标为可重试的故障：{zh}", f"For the faults marked as worth retrying: {en}")
