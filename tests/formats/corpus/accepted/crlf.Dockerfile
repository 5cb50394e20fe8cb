# escape=`
FROM scratch
LABEL corpus=crlf `
      more=lines
