FROM scratch AS work
RUN
CMD
ENTRYPOINT []

FROM scratch
LABEL corpus=end
