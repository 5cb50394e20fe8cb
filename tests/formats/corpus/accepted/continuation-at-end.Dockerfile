FROM scratch
LABEL corpus=dangling \
