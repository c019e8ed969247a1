# The light profile: one machine, no GPU. Build from the repository's root:
#   docker build -f deploy/light.Dockerfile -t sslorleans:light .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS sdk

FROM debian:12-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates g++ libtorch-dev libopenblas0-pthread \
 && rm -rf /var/lib/apt/lists/*
COPY --from=sdk /usr/share/dotnet /usr/share/dotnet
ENV PATH=$PATH:/usr/share/dotnet DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
WORKDIR /source
COPY . .
RUN dotnet build client/SslOrleans.Client.csproj -c Release -p:Profile=light

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libtorch1.13 libopenblas0-pthread libturbojpeg0 libspng0 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home sslo
COPY --from=sdk /usr/share/dotnet /usr/share/dotnet
COPY --from=build /source/.build/light-light/bin/SslOrleans.Client/release /app
COPY recipes /app/recipes
ENV PATH=$PATH:/usr/share/dotnet SSLO_ROOT=/app
USER 10001
WORKDIR /home/sslo
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s CMD test -f /tmp/sslo-ready
ENTRYPOINT ["dotnet", "exec", "/app/sslo.dll"]
CMD ["silo", "--ready-file", "/tmp/sslo-ready"]
