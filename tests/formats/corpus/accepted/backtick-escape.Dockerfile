# escape=`
FROM scratch
LABEL corpus=backtick `
  path=C:\temp\
