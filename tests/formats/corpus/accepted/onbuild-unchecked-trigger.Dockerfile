FROM scratch
ONBUILD FROBNICATE the thing
ONBUILD COPY alone
LABEL corpus=trigger
