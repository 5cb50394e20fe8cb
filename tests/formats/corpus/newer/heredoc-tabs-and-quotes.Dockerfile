FROM scratch AS work
RUN <<-'EOF'
	echo "$HOME"
	EOF

FROM scratch
LABEL corpus=end
