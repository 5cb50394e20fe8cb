FROM scratch
ENV lonely
