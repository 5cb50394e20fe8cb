FROM scratch AS work
RUN --mount= true

FROM scratch
LABEL corpus=end
