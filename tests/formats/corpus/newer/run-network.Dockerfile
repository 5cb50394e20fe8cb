FROM scratch AS work
RUN --network=none --security=sandbox true

FROM scratch
LABEL corpus=end
