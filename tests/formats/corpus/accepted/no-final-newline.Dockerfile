FROM scratch
LABEL corpus=no-final-newline