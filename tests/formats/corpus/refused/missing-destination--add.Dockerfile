FROM scratch
ADD ["alone"]
