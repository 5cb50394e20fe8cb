FROM scratch
LABEL corpus=plain
