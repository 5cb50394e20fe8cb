FROM scratch AS work
RUN ["sleep", 1]

FROM scratch
LABEL corpus=end
