# syntax-free comment
# escape=x is only a comment here
FROM scratch
LABEL corpus=directives
