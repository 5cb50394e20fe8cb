FROM scratch
COPY absent-* /x/
LABEL corpus=wildcard
