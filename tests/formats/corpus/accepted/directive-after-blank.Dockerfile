
# escape=`
FROM scratch
LABEL corpus=late \
  escape=backslash
