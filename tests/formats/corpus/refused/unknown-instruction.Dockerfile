FROM scratch
LABEL a=b

FORM scratch
