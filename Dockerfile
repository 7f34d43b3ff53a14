# syntax=docker/dockerfile:1

# The toolchain runs where the build runs; Go itself compiles for the target.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS TARGETARCH
# Statically linked, so that it needs nothing of the image that it runs in. The
# list of time zones is compiled in.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w" -o /out/parley ./cmd/parley \
    && mkdir -p /out/root && mkdir -m 0700 /out/root/data

# CA certificates, /tmp and a user; no shell, no package manager.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/parley /usr/local/bin/parley
# A new volume takes owner and mode of the folder that it covers.
COPY --from=build --chown=65532:65532 /out/root/ /
# By number, so that an orchestrator can see that it is not root.
USER 65532:65532
ENV PARLEY_DATA=/data PARLEY_LISTEN=:8787
VOLUME /data
EXPOSE 8787
# Running turns may finish for turns.drain (30 s): give the container longer than
# Docker's 10 s, with --stop-timeout 90 or stop_grace_period.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=5m --start-interval=2s --retries=3 \
    CMD ["/usr/local/bin/parley", "health"]
ENTRYPOINT ["/usr/local/bin/parley"]
CMD ["serve"]
