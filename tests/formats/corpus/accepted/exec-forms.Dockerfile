FROM scratch AS work
RUN ["true"]
CMD ["a", "b"]
ENTRYPOINT [ "c" ]
SHELL ["/bin/sh", "-ec"]
VOLUME ["/a", "/b c"]
COPY ["a b", "/c"]

FROM scratch
LABEL corpus=end
