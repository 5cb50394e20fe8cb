ARG base=scratch
ARG unused
FROM ${base} AS work
FROM ${missing:-scratch}
LABEL corpus=arg
