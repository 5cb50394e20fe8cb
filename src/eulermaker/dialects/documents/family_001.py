"""The error reference of 001: the Kubernetes console."""

from eulermaker.dialects.documents.row import row

_UPSTREAM = ("API Server 拒绝或读取失败", "The API server refused the read, or failed at it")
_UPSTREAM_REMEDY = (
    "检查集群凭据的权限与集群状态后重试",
    "Check the permissions of the cluster's credential and the cluster's state, then try again",
)

ROWS = (
    row(
        "1001",
        400,
        ("参数不合法", "A parameter is not valid"),
        ("名称、选择器、数量不合法，或缺少参数", "A bad name, selector or limit, or a missing parameter"),
        ("按 details 修正参数后重试", "Correct the parameters named in the details, then try again"),
        name="ParamInvalidError",
    ),
    row(
        "1002",
        404,
        ("记录不存在", "There is no such record"),
        ("API Server 返回 404，或没有这个集群", "The API server answers 404, or no such cluster is known"),
        ("检查名称、命名空间与集群编号", "Check the name, the namespace and the cluster's id"),
        name="RecordNotExistError",
    ),
    row(
        "2001",
        402,
        ("获取 Pod 失败", "The pods could not be read"),
        _UPSTREAM,
        _UPSTREAM_REMEDY,
        name="GetPodError",
    ),
    row(
        "2002",
        402,
        ("获取 Pod 事件失败", "The pod's events could not be read"),
        ("读取事件列表失败", "The list of events failed upstream"),
        _UPSTREAM_REMEDY,
        name="GetPodEventError",
    ),
    row(
        "3001",
        402,
        ("获取 Deployment 失败", "The deployment could not be read"),
        ("读取 Deployment 失败", "The deployment's read failed upstream"),
        _UPSTREAM_REMEDY,
        name="GetDeploymentError",
    ),
    row(
        "4001",
        402,
        ("获取 Service 失败", "The service could not be read"),
        ("读取 Service 失败", "The service's read failed upstream"),
        _UPSTREAM_REMEDY,
        name="GetServiceError",
    ),
    row(
        "5001",
        402,
        ("获取 Terminal 失败", "The terminal could not be had"),
        ("会话不存在、已过期或超过配额", "The session is unknown or expired, or the quota is spent"),
        ("关闭不用的终端后重新打开", "Close terminals that you don't need, then open a new one"),
        name="GetTerminalError",
    ),
    row(
        "5002",
        400,
        ("Websocket 相关错误", "The WebSocket failed"),
        (
            "升级被拒绝、来源不被允许，或帧格式错误",
            "The upgrade was rejected, the origin is not allowed, or a frame is malformed",
        ),
        ("从允许的来源重新连接，并检查帧格式", "Connect again from an allowed origin, and check the frames"),
        name="WebsocketError",
    ),
    row(
        "5003",
        402,
        ("请求 K8s Exec 命令错误", "The command could not be run in the pod"),
        ("exec 流被拒绝或失败", "The exec stream was refused, or failed"),
        (
            "确认容器正在运行、命令存在且凭据有 exec 权限",
            "Check that the container runs, has the command, and that the credential may exec",
        ),
        name="RequestK8sExecError",
    ),
    row(
        "9001",
        503,
        ("获取集群信息错误", "The cluster could not be reached"),
        (
            "集群无法访问、凭据过期或尚未就绪",
            "The cluster is unreachable or not ready, or its credential has expired",
        ),
        ("检查集群与凭据，稍后重试", "Check the cluster and its credential, and try again later"),
        name="GetClusterError",
        retry_after=10,
    ),
    row(
        "9002",
        402,
        ("获取 Endpoint 错误", "The endpoints could not be read"),
        ("EndpointSlice 与 Endpoints 都读取失败", "Both EndpointSlices and Endpoints failed upstream"),
        _UPSTREAM_REMEDY,
        name="GetEndpointError",
    ),
    row(
        "9003",
        402,
        ("获取 Node 错误", "The nodes could not be read"),
        ("读取节点被拒绝或失败", "The read of nodes was refused, or failed"),
        _UPSTREAM_REMEDY,
        name="GetNodeError",
    ),
)
