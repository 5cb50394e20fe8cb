FROM scratch
LABEL corpus=bom
