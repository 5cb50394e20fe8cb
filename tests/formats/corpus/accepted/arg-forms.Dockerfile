FROM scratch
ARG lone
ARG with=default
ARG several more="a b"
ARG --ignored=1 flagged
LABEL corpus=arg-forms
