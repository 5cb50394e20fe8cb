FROM scratch AS work
RUN echo one \
# a comment between
    # and an indented one

    && echo two

FROM scratch
LABEL corpus=end
