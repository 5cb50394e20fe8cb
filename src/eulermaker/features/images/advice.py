"""What to do about each kind of waste in an image."""

from collections.abc import Mapping

from eulermaker.features.images.anatomy import WasteKind
from eulermaker.kernel.faults import Language

ADVICE: Mapping[WasteKind, Mapping[Language, str]] = {
    WasteKind.REPLACED: {
        "zh": "文件先写入一层，又在后面的层中被改写：请在同一条 RUN 中完成修改，或直接 COPY 最终内容"
        "（chmod/chown 也会复制整个文件，请改用 COPY --chmod/--chown）",
        "en": "Files are written in one layer and again in a later one: change them in the same RUN, or COPY "
        "their final contents (chmod and chown copy whole files, too: use COPY --chmod and --chown)",
    },
    WasteKind.REMOVED: {
        "zh": "文件在后面的层中被删除，但仍占用前面的层：请在创建它的同一条 RUN 中删除，或使用多阶段构建",
        "en": "Files are removed in a later layer and stay in the one below: remove them in the RUN that "
        "makes them, or build in stages and copy only the result",
    },
    WasteKind.PACKAGE_CACHE: {
        "zh": "镜像中留有软件包管理器的缓存：请使用 RUN --mount=type=cache（optimize: safe 会自动完成），"
        "或在同一条 RUN 中清理",
        "en": "Caches of package managers are in the image: use RUN --mount=type=cache (optimize: safe does "
        "it for you), or clean them in the same RUN",
    },
    WasteKind.TEMPORARY: {
        "zh": "临时目录中留有文件：请在同一条 RUN 中删除，或使用 RUN --mount=type=tmpfs,target=/tmp",
        "en": "Folders for temporary files are not empty: remove the files in the same RUN, or use "
        "RUN --mount=type=tmpfs,target=/tmp",
    },
    WasteKind.LOG: {
        "zh": "镜像中留有构建时产生的日志：请在同一条 RUN 中删除 /var/log 下的文件",
        "en": "Logs of the build are in the image: remove what lies in /var/log in the same RUN",
    },
    WasteKind.DUPLICATE: {
        "zh": "同样的内容存放在多个路径：请保留一份，其余改为链接",
        "en": "The same contents lie at several paths: keep one and link to it from the others",
    },
}
