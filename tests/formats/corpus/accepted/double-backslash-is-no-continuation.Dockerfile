FROM scratch
LABEL corpus=double\\
LABEL next=line
