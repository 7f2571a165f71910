# The controller with all it runs: git, ssh, Nix, deploy-rs, Valkey. docs/install.md says how it is used.
# Every image is named by its version and by its digest; what Debian's archive gives is the newest of
# Debian 13, since exact versions of packages leave the archive with the next security update.

# The program, as `npm pack` makes it, with the dependencies of package-lock.json.
FROM node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe AS program
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/root/.npm container/build.sh /opt/nixcluster

FROM rust:1.95.0-slim-trixie@sha256:e14e87345b4d5964ddcc3491d27ee046a0f23820f340c3c1e24da6880141f7c0 AS deploy-rs
RUN cargo install deploy-rs --version 1.0.0 --locked --bin deploy --root /opt/deploy-rs

FROM debian:trixie-20260918-slim@sha256:a99cfc517144bc59b1978475ec53b46ecabec7e43635402ee5b77cc54cd1b20a
LABEL org.opencontainers.image.title="nixcluster" \
      org.opencontainers.image.description="One configuration for many NixOS machines: plan on push, deploy on merge, roll back on revert." \
      org.opencontainers.image.licenses="MIT"
RUN --mount=type=bind,source=container,target=/mnt /mnt/install.sh
COPY --from=deploy-rs /opt/deploy-rs/bin/deploy /usr/local/bin/deploy
COPY --from=program /usr/local/bin/node /usr/local/bin/node
COPY --from=program /opt/nixcluster /opt/nixcluster

# Whoever publishes the port decides who reaches it.
ENV HOME=/var/lib/nixcluster LANG=C.UTF-8 NIXCLUSTER_LISTEN_HOST=0.0.0.0
USER 10001:10001
WORKDIR /var/lib/nixcluster
# Nix' store, and the state folder, which is the user's home as well; all else may be read-only.
VOLUME ["/nix", "/var/lib/nixcluster"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.NIXCLUSTER_LISTEN_PORT ?? 8080) + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "nixcluster"]
CMD ["serve", "--config", "/etc/nixcluster/controller.yaml"]
