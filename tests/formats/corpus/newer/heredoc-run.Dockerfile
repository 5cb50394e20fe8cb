FROM scratch AS work
RUN <<EOF
echo FROM here
  COPY nothing
EOF

FROM scratch
LABEL corpus=end
