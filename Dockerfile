# A small image with the program alone. Build on it the image of your adapter.
FROM rust:1.88-slim AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --profile dist --bin syncheck

FROM debian:stable-slim
COPY --from=build /src/target/dist/syncheck /usr/local/bin/syncheck
RUN useradd --create-home syncheck
USER syncheck
WORKDIR /home/syncheck
ENTRYPOINT []
CMD ["syncheck", "--help"]
