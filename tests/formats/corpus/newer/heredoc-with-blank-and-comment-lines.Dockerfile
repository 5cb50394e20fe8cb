FROM scratch AS work
COPY <<EOF /file

# not a comment
\
EOF

FROM scratch
LABEL corpus=end
