FROM scratch AS work
RUN <<ONE cat && <<"TWO" cat
1
ONE
2
TWO
COPY <<a <<b /dir/
first
a
second
b

FROM scratch
LABEL corpus=end
