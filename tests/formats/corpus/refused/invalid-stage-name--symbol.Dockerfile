FROM scratch AS a/b
LABEL a=b
