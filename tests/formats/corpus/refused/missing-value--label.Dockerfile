FROM scratch
LABEL lonely
