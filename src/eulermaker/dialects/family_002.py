"""002: tenants, organizations, energy; the code is the documented Chinese text itself."""

from eulermaker.dialects.dialect import Body, Rendering
from eulermaker.kernel.faults import Answer, Kind, documented

DEFAULTS = {
    Kind.INVALID: documented(422, "请求参数无效"),
    Kind.UNAUTHENTICATED: documented(401, "无效 Token"),
    Kind.FORBIDDEN: documented(403, "权限不足"),
    Kind.NOT_FOUND: Answer(404, "资源不存在"),
    Kind.CONFLICT: Answer(409, "资源冲突"),
    Kind.LIMITED: documented(429, "请求过于频繁，请稍后重试"),
    Kind.UNSUPPORTED: Answer(405, "请求方法不支持"),
    Kind.UNAVAILABLE: Answer(503, "服务暂不可用"),
    Kind.TIMEOUT: Answer(504, "请求超时"),
    Kind.INTERNAL: Answer(500, "服务器内部错误"),
}


def body(rendering: Rendering) -> Body:
    """`{detail}`: the documented text, or Pydantic's list for refused fields."""
    if not rendering.field_errors:
        return {"detail": rendering.answer.code}
    return {
        "detail": [
            {"loc": list(e.location), "msg": e.sentence(rendering.language), "type": e.type}
            for e in rendering.field_errors
        ]
    }
