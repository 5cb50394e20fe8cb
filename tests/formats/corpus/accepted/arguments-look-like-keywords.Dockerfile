FROM scratch AS work
RUN FROM && \
  COPY

FROM scratch
LABEL corpus=end
